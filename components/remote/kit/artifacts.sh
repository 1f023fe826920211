# shellcheck shell=sh disable=SC2013,SC2154
# Executables and images: fetched below a prefix, checked, and only then put where they belong.

# fetch WHAT PATH SHA256 INTO: prefix + PATH to the file INTO, read once; a wrong digest leaves nothing behind.
fetch() {
    from=$(node_source)$2
    case $from in
        /*)
            [ -f "$from" ] || fail "$1: the mirror folder has no $from on $(uname -n): fill the mirror, or mount it there."
            found=$(tee "$4" <"$from" | sha256sum)
            ;;
        *)
            download "$from" "$4" || {
                rm -f "$4"
                fail "$1: $from could not be fetched from $(uname -n) (see above): look at the node's source and network."
            }
            found=$(sha256sum <"$4")
            ;;
    esac
    require_digest "$1" "$from" "$3" "${found%% *}" "$4"
}

# require_digest WHAT FROM EXPECTED FOUND FILE
require_digest() {
    [ "$3" != "$4" ] || return 0
    rm -f "$5"
    fail "$1: $2 has the wrong digest, so nothing of it was installed on $(uname -n)." \
        "Expected sha256 $3, found $4. Fill the mirror again, or find out who changed the file."
}

download() (
    if [ -f "$state/proxies" ]; then
        set -a
        # shellcheck source=/dev/null
        . "$state/proxies"
        set +a
    fi
    if command -v curl >/dev/null; then
        curl -fsSL --retry 3 --connect-timeout 10 --speed-limit 1000 --speed-time 60 -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -t 3 -T 60 -O "$2" "$1"
    else
        fail "There is neither curl nor wget on $(uname -n), so nothing can be fetched: install one of them."
    fi
)

node_source() {
    cat "$state/source" 2>/dev/null || fail "This node doesn't know where to fetch artifacts: run its base step first."
}

# Artifacts four at a time, and beside them the images, which docker loads one after the other.
apply_artifacts() {
    node_source >/dev/null
    jobs='' number=0
    if grep -q "${tab}image${tab}" "$work/differences"; then
        start_job apply_images
    fi
    awk -F '\t' '$2 == "artifact" { print $1 }' "$work/differences" >"$work/artifacts"
    # Made beforehand: two jobs at once could want the same folder.
    for destination in $(awk -F '\t' 'pass == 1 { wanted[$1] = 1; next } $2 == "member" && $1 in wanted { print $3 }' \
        pass=1 "$work/artifacts" pass=2 "$work/index"); do
        make_parents "$destination"
    done
    while read -r artifact <&4; do
        start_job install_artifact "$artifact"
        [ "$((number % 4))" != 0 ] || wait_for_jobs
    done 4<"$work/artifacts"
    wait_for_jobs
    awk -F '\t' -v root="$root" 'FNR == NR { installed[$1] = 1; next }
        $2 == "member" && $1 in installed { print root $3 }' "$work/artifacts" "$work/index" | know_sums
}

start_job() {
    number=$((number + 1))
    ("$@") >"$work/job.$number" 2>&1 &
    jobs="$jobs $!:$number"
}

# wait_for_jobs: what they said, and failure when one of them failed, after all have ended
wait_for_jobs() {
    failed=''
    for job in $jobs; do
        wait "${job%:*}" || failed=yes
        if [ -n "$failed" ]; then cat "$work/job.${job#*:}" >&2; else cat "$work/job.${job#*:}"; fi
    done
    jobs=''
    [ -z "$failed" ] || exit 1
}

# install_artifact ID
install_artifact() {
    id=$1
    IFS=$tab read -r _ _ name version path digest <<EOF
$(awk -F '\t' -v id="$id" '$1 == id && $2 == "artifact"' "$work/index")
EOF
    awk -F '\t' -v id="$id" '$1 == id && $2 == "member"' "$work/index" >"$work/members.$id"
    : >"$work/record.$id"
    what="artifact $name $version"
    case $path in
        *.tgz | *.tar.gz)
            folder=$state/unpack.$name
            rm -rf "$folder"
            mkdir -p "$folder/files"
            fetch "$what" "$path" "$digest" "$folder/archive"
            tar -xzf "$folder/archive" --no-same-owner -C "$folder/files"
            awk -F '\t' '{ print $5 }' "$work/members.$id" | while read -r member; do
                require_machine "$folder/files/$member" "$path ($member)" "$folder"
            done
            while IFS=$tab read -r _ _ destination mode member; do
                install_member "$folder/files/$member" "$destination" "$mode"
            done <"$work/members.$id"
            rm -rf "$folder"
            ;;
        *)
            while IFS=$tab read -r _ _ destination mode _; do
                fetch "$what" "$path" "$digest" "$(beside "$destination")"
                require_machine "$(beside "$destination")" "$path" "$(beside "$destination")"
                finish "$(beside "$destination")" "$destination" "$mode" root:root
                printf '%s\t%s\t%s\n' "$destination" "$digest" "$digest" >>"$work/record.$id"
            done <"$work/members.$id"
            ;;
    esac
    mv "$work/record.$id" "$state/artifacts/$name"
    changed "$what installed"
}

# require_machine FILE FROM REST: a mirror that was filled wrongly has the right digest all the same. The ELF header has
# the kind of processor in its bytes 18 and 19: 62 is amd64, 183 arm64. REST is removed where it is another one.
require_machine() {
    [ -f "$1" ] || return 0
    header=$(od -An -v -tx1 -N20 "$1" | tr -d ' \n')
    case $(architecture):$header in
        amd64:7f454c46*3e00 | arm64:7f454c46*b700) ;;
        *:7f454c46*)
            rm -rf "$3"
            fail "$what: $2 is an executable for another kind of processor than $(architecture), which $(uname -n) is," \
                "so nothing of it was installed: fill the mirror again, or find out who put the file there."
            ;;
    esac
}

# install_member FILE DESTINATION MODE
install_member() {
    [ -f "$1" ] || fail "$what: its archive has no member ${1#"$folder/files/"}."
    sum=$(sha256sum <"$1")
    mv -f "$1" "$(beside "$2")"
    finish "$(beside "$2")" "$2" "$3" root:root
    printf '%s\t%s\t%s\n' "$2" "${sum%% *}" "$digest" >>"$work/record.$id"
}
