# shellcheck shell=sh disable=SC2154
# Images that docker loads from archives, and the proof that docker can run one.

apply_images() {
    command -v docker >/dev/null || fail "There is no docker on $(uname -n), so no image can be loaded: run its base step."
    awk -F '\t' 'FNR == NR { differs[$1] = $2 == "image"; next } differs[$1]' "$work/differences" "$work/index" >"$work/images"
    while IFS=$tab read -r _ _ reference path digest <&5; do
        load_image "$reference" "$path" "$digest"
    done 5<"$work/images"
}

# load_image REFERENCE PATH SHA256: an archive in a mounted folder is read where it lies
load_image() {
    archive=$state/image.tar
    case $(node_source) in
        /*)
            archive=$(node_source)$2
            [ -f "$archive" ] ||
                fail "image $1: the mirror folder has no $archive on $(uname -n): fill the mirror, or mount it there."
            found=$(sha256sum <"$archive")
            require_digest "image $1" "$archive" "$3" "${found%% *}" ''
            ;;
        https://) archive='' ;;
        *) fetch "image $1" "$2" "$3" "$archive" ;;
    esac
    if [ -n "$archive" ]; then
        docker load -q -i "$archive" >"$work/load" 2>&1 || {
            without_secrets <"$work/load" >&2
            fail "image $1: docker could not load $archive on $(uname -n)."
        }
        rm -f "$state/image.tar"
    else
        # Upstream keeps no archives: its registries are asked by tag, over TLS, and what came is remembered.
        docker pull -q "$1" >"$work/load" 2>&1 || {
            without_secrets <"$work/load" >&2
            fail "image $1: docker could not pull it on $(uname -n): look at the node's network, or set a mirror as source."
        }
    fi
    loaded=$(docker image inspect -f '{{.Id}}' "$1" 2>/dev/null) ||
        fail "image $1: the archive $2 holds no image of that name: fill the mirror again."
    replace_line loaded "$1" "$1$tab$3$tab$loaded"
    changed "image $1 loaded"
}

# replace_line FILE KEY LINE: in a table of the state folder
replace_line() {
    touch "$state/$1"
    awk -F '\t' -v key="$2" '$1 != key' "$state/$1" >"$state/$1.new"
    [ -z "${3:-}" ] || printf '%s\n' "$3" >>"$state/$1.new"
    mv "$state/$1.new" "$state/$1"
}

# Pods that go in the same run may still need it, to start once more or to clean up: so it stays until this step is
# applied again, and the manifest remembers it as an `oldimage`.
remove_image() {
    if [ "$extent" = some ]; then
        printf '%s\toldimage\t%s\n' "$id" "$1" >>"$work/retired"
    else
        unload_image "$1"
    fi
}

# One that is wanted again was never unloaded.
remove_oldimage() {
    awk -F '\t' -v name="$1" '$2 == "image" && $3 == name { found = 1 } END { exit !found }' "$work/index" 2>/dev/null ||
        unload_image "$1"
}

unload_image() {
    if [ -f "$state/loaded" ] && grep -q "^$1$tab" "$state/loaded"; then
        docker image rm "$1" >/dev/null 2>&1 || true
        replace_line loaded "$1"
    fi
    [ ! -f "$state/proved" ] || replace_line proved "$1"
}

# apply_prove REFERENCE ARGUMENTS: a container without network runs and ends well
apply_prove() {
    docker rm -f slipway-proof >/dev/null 2>&1 || true
    set -- "$1" "${2%-}"
    # shellcheck disable=SC2086
    timeout 60 docker run --rm --name slipway-proof --network none "$1" $2 >"$work/proof" 2>&1 </dev/null || {
        docker rm -f slipway-proof >/dev/null 2>&1 || true
        tail -n 10 "$work/proof" >&2
        fail "Docker on $(uname -n) could not run a container of $1 (its last lines are above):" \
            "look at 'journalctl -u docker'."
    }
    image=$(docker image inspect -f '{{.Id}}' "$1")
    replace_line proved "$1" "$1$tab$image$tab$(docker version -f '{{.Server.Version}}')"
}
