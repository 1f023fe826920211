# shellcheck shell=sh disable=SC2015,SC2154
# Directories, files and links: written beside, then renamed.

# make_parents PATH: the folders above it; those that are new go again when they are empty.
make_parents() {
    set -- "${1%/*}"
    if [ -n "$1" ] && [ ! -d "$root$1" ]; then
        make_parents "$1"
        first_time parents "$1"
        # Another step may have made it a moment ago.
        mkdir -m 0755 "$root$1" 2>/dev/null || [ -d "$root$1" ] || fail "$1 can't be made on $(uname -n)."
    fi
}

# beside PATH: where its successor is written. The name is fixed, so that a killed run's rest is overwritten.
beside() {
    echo "$root${1%/*}/.slipway-new.${1##*/}"
}

# put SOURCE PATH MODE OWNER
put() {
    [ ! -d "$root$2" ] || [ -L "$root$2" ] || fail "$2 is a directory on $(uname -n) and should be a file: move it away."
    make_parents "$2"
    temp=$(beside "$2")
    rm -f "$temp"
    cat "$1" >"$temp"
    finish "$temp" "$2" "$3" "$4"
}

# finish TEMP PATH MODE OWNER
finish() {
    keep_for_undo "$2"
    chown "$4" "$1" || fail "$2 can't be given to $4: there is no such user or group on $(uname -n)."
    chmod "$3" "$1"
    mv -fT "$1" "$root$2"
}

apply_directory() {
    if [ -d "$root$1" ]; then
        if recorded parents "$1" >/dev/null; then
            first_time directories "$1 created"
        elif [ -z "$(ls -A "$root$1")" ]; then
            first_time directories "$1 empty $(stat -c '%a %U:%G' "$root$1")"
        else
            first_time directories "$1 kept"
        fi
    else
        [ ! -e "$root$1" ] || fail "$1 is no directory on $(uname -n) and should be one: move it away."
        make_parents "$1"
        first_time directories "$1 created"
        mkdir -m 0700 "$root$1"
    fi
    chown "$3" "$root$1" || fail "$1 can't be given to $3: there is no such user or group on $(uname -n)."
    chmod "$2" "$root$1"
}

apply_file() {
    distrust "$1"
    put "$work/content/$id" "$1" "$2" "$3"
    update_trust "$1"
}

apply_once() {
    put "$work/content/$id" "$1" "$2" "$3"
}

apply_link() {
    [ ! -d "$root$1" ] || [ -L "$root$1" ] || fail "$1 is a directory on $(uname -n) and should be a link: move it away."
    make_parents "$1"
    keep_for_undo "$1"
    temp=$(beside "$1")
    rm -f "$temp"
    ln -s "$2" "$temp"
    mv -fT "$temp" "$root$1"
}

# remove_path PATH: and the folders above it that were made for it
remove_path() {
    keep_for_undo "$1"
    rm -f "$root$1" "$(beside "$1")"
    remove_parents "$1"
}

remove_parents() {
    set -- "${1%/*}"
    if [ -n "$1" ] && recorded parents "$1" >/dev/null; then
        if [ ! -d "$root$1" ] || rmdir "$root$1" 2>/dev/null; then
            forget_record parents "$1"
            remove_parents "$1"
        fi
    fi
}

remove_file() {
    distrust "$1"
    remove_path "$1"
    update_trust "$1"
}

is_authority() {
    case $1 in /usr/local/share/ca-certificates/*) ;; *) return 1 ;; esac
}

# distrust PATH: a mark, before an authority's file changes, that the next run finds after a kill
distrust() {
    ! is_authority "$1" || : >"$state/trust"
}

# update_trust PATH: an authority's certificate came, changed or went. Where the package isn't there yet it does this
# itself when it comes.
update_trust() {
    is_authority "$1" || return 0
    [ -n "$root" ] || ! command -v update-ca-certificates >/dev/null || update-ca-certificates --fresh >"$work/trust" 2>&1 || {
        cat "$work/trust" >&2
        fail "The authorities that $(uname -n) trusts can't be put together (see above)."
    }
    rm -f "$state/trust"
}

remove_once() { remove_path "$1"; }
remove_link() { remove_path "$1"; }

# An executable of a version that a link still names runs; it goes when the link has moved on.
remove_member() {
    known_links=$(cat "$state"/manifests/* 2>/dev/null | awk -F '\t' '$2 == "link" { print $3 }' | sort -u)
    for link in $known_links; do
        folder=$(readlink -f "$root$link" || true)
        case $root$1 in
            "$folder"/*)
                if [ "$extent" = some ]; then
                    printf '%s\tretired\t%s\n' "$id" "$1" >>"$work/retired"
                    return
                fi
                ;;
        esac
    done
    remove_path "$1"
}

remove_retired() { remove_member "$1"; }
remove_artifact() { :; }
remove_prove() { :; }

# What a folder gathered while it was ours goes with it; data never goes because a manifest changed.
remove_directory() {
    was=$(recorded directories "$1") || was=kept
    if [ "$extent" = some ]; then
        [ "$was" != created ] || rmdir "$root$1" 2>/dev/null || return 0
    else
        case $was in
            created)
                unmount_below "$1"
                rm -rf -- "$root$1" 2>/dev/null || find "$root$1" -mindepth 1 -delete 2>/dev/null ||
                    say "$1 could not be emptied"
                ;;
            empty*)
                unmount_below "$1"
                if [ -d "$root$1" ]; then
                    find "$root$1" -mindepth 1 -delete 2>/dev/null || say "$1 could not be emptied"
                    was=${was#empty }
                    chown "${was#* }" "$root$1" && chmod "${was% *}" "$root$1"
                fi
                ;;
        esac
    fi
    forget_record directories "$1"
    remove_parents "$1"
}

# unmount_below PATH: volumes of pods and the like, the deepest first
unmount_below() {
    awk -v below="$root$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mounted; do
        umount "$mounted" 2>/dev/null || umount -l "$mounted" || true
    done
}
