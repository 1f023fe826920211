# shellcheck shell=sh disable=SC2154
# Images that a runtime loads from archives, and the proof that it can run one.

apply_images() {
    awk -F '\t' 'FNR == NR { differs[$1] = $2 == "image"; next } differs[$1]' "$work/differences" "$work/index" >"$work/images"
    while IFS=$tab read -r _ _ reference path digest runtime <&5; do
        has_runtime "$runtime" ||
            fail "There is no $runtime on $(uname -n), so no image can be loaded: run its base step."
        load_image "$reference" "$path" "$digest" "$runtime"
    done 5<"$work/images"
}

# load_image REFERENCE PATH SHA256 RUNTIME: an archive in a mounted folder is read where it lies
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
        load_image_file "$4" "$archive" >"$work/load" 2>&1 || {
            without_secrets <"$work/load" >&2
            fail "image $1: $4 could not load $archive on $(uname -n)."
        }
        rm -f "$state/image.tar"
    else
        # Upstream keeps no archives: its registries are asked by tag, over TLS, and what came is remembered.
        pull_image "$4" "$1" >"$work/load" 2>&1 || {
            without_secrets <"$work/load" >&2
            fail "image $1: $4 could not pull it on $(uname -n): look at the node's network, or set a mirror as source."
        }
    fi
    loaded=$(runtime_images "$4" "$1" | awk -F '\t' -v name="$1" '$1 == name { print $2 }')
    [ -n "$loaded" ] ||
        fail "image $1: the archive $2 holds no image of that name: fill the mirror again."
    replace_line "$(record_of loaded "$4")" "$1" "$1$tab$3$tab$loaded"
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
        printf '%s\toldimage\t%s\t-\t-\t%s\n' "$id" "$1" "${4:-docker}" >>"$work/retired"
    else
        unload_image "$1" "${4:-docker}"
    fi
}

# One that is wanted again was never unloaded.
remove_oldimage() {
    awk -F '\t' -v name="$1" -v runtime="${4:-docker}" '$2 == "image" && $3 == name && $6 == runtime { found = 1 }
        END { exit !found }' "$work/index" 2>/dev/null || unload_image "$1" "${4:-docker}"
}

# unload_image REFERENCE RUNTIME
unload_image() {
    table=$(record_of loaded "$2")
    if [ -f "$state/$table" ] && grep -q "^$1$tab" "$state/$table"; then
        drop_image "$2" "$1"
        replace_line "$table" "$1"
    fi
    table=$(record_of proved "$2")
    [ ! -f "$state/$table" ] || replace_line "$table" "$1"
}

# apply_prove REFERENCE ARGUMENTS RUNTIME: a container without network runs and ends well
apply_prove() {
    run_proof "$3" "$1" "${2%-}" >"$work/proof" 2>&1 </dev/null || {
        drop_proof "$3"
        tail -n 10 "$work/proof" >&2
        fail "$3 on $(uname -n) could not run a container of $1 (its last lines are above):" \
            "look at 'journalctl -u docker -u cri-containerd'."
    }
    image=$(runtime_images "$3" "$1" | awk -F '\t' -v name="$1" '$1 == name { print $2 }')
    replace_line "$(record_of proved "$3")" "$1" "$1$tab$image$tab$(runtime_version "$3")"
}
