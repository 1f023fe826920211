# shellcheck shell=sh disable=SC2154
# Words for the operator. Nothing here ever sees a file's text.

say() {
    echo "$*"
}

# A sentence that says what, where, why and what to do.
fail() {
    failure=$*
    echo "$failure" >&2
    exit 1
}

# changed SENTENCE: the difference that is gone now, one line for each, so that what `apply` printed is what it did.
changed() {
    echo "mended: $*"
}

# Journals may quote what a daemon was given, at any length.
without_secrets() {
    cut -c 1-300 | sed -e 's/[a-z0-9]\{6\}\.[a-z0-9]\{16\}/[token]/g' -e '/PRIVATE KEY/d' -e 's/[Bb]earer [^ ]*/Bearer [token]/g'
}

# first_time RECORD LINE: writes down, before something is changed, how it was; later lines for the same first word are
# ignored, so that what we made is never taken for what was there.
first_time() {
    recorded "$1" "${2%% *}" >/dev/null ||
        (flock 7 && printf '%s\n' "$2" >>"$state/before/$1") 7>"$run/records.lock"
}

# recorded RECORD WORD: is there a line for that word; prints the rest of it.
recorded() {
    [ -f "$state/before/$1" ] &&
        awk -v word="$2" '$1 == word { sub(/^[^ ]+ ?/, ""); print; found = 1; exit } END { exit !found }' \
            "$state/before/$1"
}

# forget_record RECORD WORD
forget_record() {
    [ -f "$state/before/$1" ] || return 0
    (
        # Two steps of this node may be at it at once.
        flock 7
        awk -v word="$2" '$1 != word' "$state/before/$1" >"$state/before/$1.new"
        mv "$state/before/$1.new" "$state/before/$1"
    ) 7>"$run/records.lock"
}

architecture() {
    if command -v dpkg >/dev/null; then
        dpkg --print-architecture
    else
        case $(uname -m) in
            x86_64) echo amd64 ;;
            aarch64) echo arm64 ;;
            *) uname -m ;;
        esac
    fi
}
