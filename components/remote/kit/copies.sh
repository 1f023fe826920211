# shellcheck shell=sh disable=SC2154
# Copies of snapshots in other places: a folder on another disk or a share, a store that speaks S3. Each place has four
# verbs, PLACE_list BELOW, PLACE_put FILE NAME, PLACE_get NAME FILE, PLACE_drop NAME; one that fails says why in $problem.
# A name is PREFIX/NODE/SNAPSHOT everywhere, so that all control planes share a place.

# copy_snapshots: the newest $keep snapshots of this machine to $place, for ever. Others than these are never copied, for
# they would be the first to go again.
copy_snapshots() {
    case $place in folder | s3) ;; *) fail "Copies need place=folder or place=s3." ;; esac
    : >"$work/there"
    every=${every:-60}
    pause=$every
    while :; do
        if newest_snapshots "$keep" | grep -q -v -x -F -f "$work/there"; then
            if attempt "copies-$place" copy_missing; then
                pause=$every
            else
                # A store that is down for a day isn't asked every minute.
                sleep "$pause"
                pause=$((pause * 2 < every * 15 ? pause * 2 : every * 15))
                continue
            fi
        fi
        sleep "$every"
    done
}

copy_missing() {
    mine=$prefix/$node
    newest_snapshots "$keep" >"$work/wanted"
    list_mine
    # The newest first: it is worth most.
    while read -r name <&4; do
        size=$(stat -c %s "$folder/$name" 2>/dev/null) || continue
        ! grep -q -x -F "$size $mine/$name" "$work/mine" || continue
        "${place}_put" "$folder/$name" "$mine/$name" || not_copied "$name"
        say "$name is in $place"
    done 4<"$work/wanted"
    list_mine
    while read -r name <&4; do
        size=$(stat -c %s "$folder/$name" 2>/dev/null) || continue
        problem="what is there has another size"
        grep -q -x -F "$size $mine/$name" "$work/mine" || not_copied "$name"
    done 4<"$work/wanted"
    cut -d ' ' -f 2- "$work/mine" | grep '/etcd-[0-9TZ]*\.db$' | sort -r | tail -n "+$((keep + 1))" >"$work/old"
    while read -r name <&4; do
        "${place}_drop" "$name" || not_copied "${name##*/} (of those before)"
    done 4<"$work/old"
    mv "$work/wanted" "$work/there"
}

list_mine() {
    "${place}_list" "$mine/" >"$work/mine" || not_copied "$(head -n 1 "$work/wanted")"
}

not_copied() {
    fail "The snapshot $1 of $node is not in its place for copies, $place: $problem. It is tried again; snapshots on this" \
        "machine go on."
}

# What lies on the same file system as the snapshots is no copy, and a folder whose disk isn't mounted does.
require_folder() {
    if [ ! -d "$to" ]; then
        problem="there is no folder $to on $(uname -n)"
    elif [ "$(stat -c %d "$to")" = "$(stat -c %d "$folder")" ]; then
        problem="$to lies on the same file system as $folder: is its disk or its share mounted?"
    else
        return 0
    fi
    return 1
}

folder_list() {
    require_folder || return 1
    [ ! -d "$to/$1" ] || find "$to/$1" -type f -name 'etcd-*.db' -printf "%s $1%P\n" | sed 's|//|/|'
}

folder_put() {
    require_folder || return 1
    draft=$to/${2%/*}/.${2##*/}
    # Written to the disk and compared before it has its name: a share may say later that it was full.
    if mkdir -p "$to/${2%/*}" 2>"$work/cp" && rm -f "$to/${2%/*}"/.etcd-* && cp "$1" "$draft" 2>"$work/cp" &&
        sync "$draft" 2>"$work/cp" && cmp "$1" "$draft" 2>"$work/cp" >&2 && mv "$draft" "$to/$2" 2>"$work/cp"; then
        return 0
    fi
    problem=$(tail -n 1 "$work/cp")
    rm -f "$draft"
    return 1
}

folder_get() {
    require_folder || return 1
    cp "$to/$1" "$2" 2>"$work/cp" || {
        problem=$(tail -n 1 "$work/cp")
        return 1
    }
}

folder_drop() { rm -f "$to/$1"; }

# list_snapshots: lines "PLACE NODE/SNAPSHOT SIZE"; of this machine's disk, and of $place, where one is named, everybody's
list_snapshots() {
    if [ -z "$place" ]; then
        newest_snapshots | while read -r name; do
            echo "disk $node/$name $(stat -c %s "$folder/$name")"
        done
        return
    fi
    "${place}_list" "$prefix/" >"$work/all" || fail "The copies in $place can't be listed from $(uname -n): $problem."
    while read -r size name; do
        echo "$place ${name#"$prefix/"} $size"
    done <"$work/all"
}

# give_copy: of the snapshot NODE/SNAPSHOT in $place, or on this machine's disk, its name, its SHA-256, and its text as
# base64 of gzip
give_copy() {
    case $name in
        *..* | */*/* | /*) fail "A snapshot is named NODE/SNAPSHOT, not '$name'." ;;
    esac
    case $place in
        '') found=$folder/${name##*/} ;;
        *)
            # As large as etcd's file: no work for memory, which $work is.
            found=$state/.${name##*/}
            # shellcheck disable=SC2064
            trap "rm -rf '$work' '$found'" EXIT
            "${place}_get" "$prefix/$name" "$found" || fail "$(uname -n) can't fetch $name from $place: $problem."
            ;;
    esac
    [ -f "$found" ] || fail "$(uname -n) has no snapshot $found."
    give_file "$found" "${name##*/}"
}
