# shellcheck shell=sh disable=SC2016,SC2129,SC2154
# What the node has of what an index names, asked for in as few processes as possible. Lines, words separated by tabs:
#   path PATH TYPE MODE OWNER TARGET CHANGED   (f, d, l as find says; nothing for a missing path; seconds since 1970)
#   sum PATH SHA256                       (of a file; of a folder's files and their names)
#   is WHAT NAME VALUE                    (sysctl, module, package, user, swap, runtime, image, active, enabled, …;
#                                          an image's name is "RUNTIME REFERENCE")

# gather INDEX: writes $work/facts
gather() {
    : >"$work/facts"
    gather_paths "$1" >>"$work/facts"
    awk -F '\t' '$2 == "sysctl" || $2 == "module" { print }' "$1" | gather_kernel >>"$work/facts"
    gather_packages "$1" >>"$work/facts"
    gather_users "$1" >>"$work/facts"
    gather_masks "$1" >>"$work/facts"
    cat "$state"/artifacts/* 2>/dev/null | sed "s/^/is${tab}member$tab/" >>"$work/facts"
    gather_runtimes "$1" >>"$work/facts"
    gather_units "$1" >>"$work/facts"
    if grep -q "${tab}swap${tab}" "$1" && swap_is_on; then
        printf 'is\tswap\toff\tno\n' >>"$work/facts"
    fi
}

# What a file looks like from outside, for find: size, times, inode.
looks='%s %T@ %C@ %i'

# find_each FORMAT: tells of each path on standard input
find_each() {
    xargs -r sh -c 'find "$@" -maxdepth 0 -printf "$0"' "$1"
}

# A file's digest is taken again only when its looks differ from when it was taken. One that changed within
# the last two seconds is not remembered: a second change could look the same.
gather_paths() {
    awk -F '\t' -v root="$root" '
        $2 == "directory" || $2 == "file" || $2 == "once" || $2 == "link" || $2 == "member" || $2 == "retired" { print root $3 }
        $2 == "once" { print root $7 }
        $2 == "mask" { print root "/etc/systemd/system/" $3 }
        $2 == "package" && $4 ~ /^\// { print root $4 }
        $2 == "unit" { if ($7 != "-") print root "/etc/systemd/system/" $3
                       n = split($6, path, ","); if ($6 != "-") for (i = 1; i <= n; i++) print root path[i] }' "$1" |
        sort -u >"$work/paths"
    find_each "%p\t%y\t%#m\t%u:%g\t$looks\t%l\n" <"$work/paths" >"$work/found" 2>/dev/null || true
    touch "$work/no-sums"
    table=$state/sums
    [ -f "$table" ] || table=$work/no-sums
    awk -F '\t' -v now="$(date +%s)" -v old="$work/sums.old" -v new="$work/sums.new" '
        FILENAME ~ /sums$/ { sum[$1 "\t" $2] = $3; next }
        $2 == "f" {
            if (($1 "\t" $5) in sum) print "sum\t" $1 "\t" sum[$1 "\t" $5] > old
            else { split($5, time, " "); print $1 "\t" $5 "\t" (time[3] < now - 2) > new }
        }' "$table" "$work/found"
    if [ -f "$work/sums.new" ]; then
        cut -f 1 "$work/sums.new" | xargs sha256sum >"$work/sums.taken" 2>/dev/null || true
        awk -v kept="$work/sums.kept" 'pass == 1 { sum[substr($0, 67)] = substr($0, 1, 64); next }
            { split($0, word, "\t") }
            !(word[1] in sum) { next }
            { print "sum\t" word[1] "\t" sum[word[1]] }
            word[3] { print word[1] "\t" word[2] "\t" sum[word[1]] > kept }' \
            pass=1 "$work/sums.taken" pass=2 "$work/sums.new" >>"$work/sums.old"
        keep_sums
    fi
    {
        awk -F '\t' -v OFS='\t' '{ split($5, time, " "); print "path", $1, $2, $3, $4, $6, time[3] }' "$work/found"
        [ ! -f "$work/sums.old" ] || cat "$work/sums.old"
        awk -F '\t' -v root="$root" '
            FNR != NR { if ($2 == "d" && $1 in input) print $1; next }
            $2 == "unit" { n = split($6, path, ","); for (i = 1; i <= n; i++) input[root path[i]] = 1 }' \
            "$1" "$work/found" | while read -r folder; do
            sum=$(cd "$folder" && find . -type f -exec sha256sum {} + | sort | sha256sum)
            printf 'sum\t%s\t%s\n' "$folder" "${sum%% *}"
        done
    } | awk -F '\t' -v OFS='\t' -v skip="${#root}" '{ $2 = substr($2, skip + 1); print }'
    rm -f "$work/sums.old" "$work/sums.new" "$work/sums.taken"
}

# know_sums: the executables on standard input were checked while they were installed, and aren't read again by whoever looks
# next. Where a file system counts in whole seconds, a change within the same one would look the same: there they are.
know_sums() {
    find_each "%p\t$looks\n" >"$work/installed"
    cat "$state"/artifacts/* 2>/dev/null | awk -F '\t' -v OFS='\t' -v root="$root" '
        FNR == NR { sum[root $1] = $2; next }
        $1 in sum && $2 !~ /[.]0+ [0-9]+$/ { print $1, $2, sum[$1] }' - "$work/installed" >"$work/sums.kept"
    keep_sums
}

keep_sums() {
    [ -f "$work/sums.kept" ] && [ -f "$state/sums" ] || return 0
    awk -F '\t' 'FNR == NR { new[$1] = $0; next } !($1 in new) { print } END { for (path in new) print new[path] }' \
        "$work/sums.kept" "$state/sums" >"$state/sums.$$"
    mv "$state/sums.$$" "$state/sums"
    rm "$work/sums.kept"
}

# Kernel settings and modules. A kernel without /proc/modules can't load any: what it has is built in.
gather_kernel() {
    builtin=/lib/modules/$(uname -r)/modules.builtin
    awk -F '\t' -v root="$root" -v builtin="$builtin" '
        function first(path,    line) { line = ""; getline line < path; close(path); return line }
        function exists(path,    line) { if ((getline line < path) < 0) return 0; close(path); return 1 }
        BEGIN {
            OFS = "\t"
            loadable = exists("/proc/modules")
            while ((getline line < "/proc/modules") > 0) { split(line, word, " "); loaded[word[1]] = 1 }
            while ((getline line < builtin) > 0) { sub(/.*\//, "", line); sub(/\.ko.*/, "", line); gsub(/-/, "_", line); fixed[line] = 1 }
        }
        $2 == "sysctl" {
            path = $3; gsub(/\./, "/", path)
            value = first(root "/proc/sys/" path); gsub(/[ \t]+/, " ", value); sub(/ $/, "", value)
            print "is", "sysctl", $3, value
            print "is", "sysctl-boot", $3, first(root "/etc/sysctl.d/90-slipway-" $3 ".conf")
        }
        $2 == "module" {
            name = $3; gsub(/-/, "_", name)
            print "is", "module", $3, (!loadable || name in fixed) ? "built-in" : (name in loaded) ? "loaded" : "no"
            print "is", "module-boot", $3, first(root "/etc/modules-load.d/slipway-" $3 ".conf")
        }'
}

gather_packages() {
    names=$(awk -F '\t' '$2 == "package" || $2 == "conflict" || $2 == "hold" { print $3 }' "$1")
    [ -n "$names" ] || return 0
    # shellcheck disable=SC2086
    dpkg-query -W -f='is\tpackage\t${Package}\t${db:Status-Status}\nis\twish\t${Package}\t${db:Status-Want}\n' $names 2>/dev/null || true
}

gather_users() {
    awk -F '\t' '$2 == "user" { print $3 }' "$1" | while read -r name; do
        ! getent passwd "$name" >/dev/null || printf 'is\tuser\t%s\tyes\n' "$name"
    done
}

# Of those that somebody else brought, and whose they stay.
gather_masks() {
    awk -F '\t' '$2 == "mask" { print $3 }' "$1" | while read -r unit; do
        recorded masks "$unit" >/dev/null || ! has_unit "$unit" || printf 'is\tmask\t%s\ttheirs\n' "$unit"
    done
}

gather_runtimes() {
    for runtime in docker containerd; do
        references=$(awk -F '\t' -v runtime="$runtime" '
            ($2 == "image" && ($6 == "" ? "docker" : $6) == runtime) || ($2 == "prove" && ($5 == "" ? "docker" : $5) == runtime) { print $3 }' \
            "$1" | sort -u)
        if [ -z "$references" ] || ! has_runtime "$runtime"; then
            continue
        fi
        # shellcheck disable=SC2086
        runtime_images "$runtime" $references | sed "s/^/is${tab}image$tab$runtime /"
        printf 'is\truntime\t%s\t%s\n' "$runtime" "$(runtime_version "$runtime")"
        for record in loaded proved; do
            [ ! -f "$state/$(record_of "$record" "$runtime")" ] ||
                sed "s/^/is$tab$record$tab$runtime /" "$state/$(record_of "$record" "$runtime")"
        done
    done
}

# record_of loaded|proved RUNTIME: its table in the state folder
record_of() {
    if [ "$2" = docker ]; then echo "$1"; else echo "$1.$2"; fi
}

# booted: when systemd's clock began, in seconds since 1970; rather a moment too late, so that a unit which was started
# right after a change by hand is known to run with it
booted() {
    echo "$(cut -d ' ' -f 1 /proc/uptime) $(date +%s.%N)" | awk '{ printf "%.3f", $2 - $1 }'
}

gather_units() {
    units=$(awk -F '\t' '$2 == "unit" { print $3 }' "$1")
    [ -n "$units" ] || return 0
    stamps=''
    for unit in $units; do
        [ ! -f "$state/stamps/$unit" ] || stamps="$stamps $unit"
    done
    # shellcheck disable=SC2086
    [ -z "$stamps" ] || (
        cd "$state/stamps" || exit
        awk -v OFS='\t' '{ print "is", "stamp", FILENAME, $0 }' $stamps
        stat -c "is${tab}stamped${tab}%n${tab}%Y" $stamps
    )
    # shellcheck disable=SC2086
    systemctl show -p Id,ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestampMonotonic $units 2>/dev/null |
        awk -F = -v booted="$(booted)" '
        function flush() {
            if (is["Id"] != "") {
                print "is\tactive\t" is["Id"] "\t" is["ActiveState"]
                print "is\tenabled\t" is["Id"] "\t" is["UnitFileState"]
                print "is\treload\t" is["Id"] "\t" is["NeedDaemonReload"]
                printf "is\tsince\t%s\t%.3f\n", is["Id"], booted + is["ActiveEnterTimestampMonotonic"] / 1000000
            }
            split("", is)
        }
        $0 == "" { flush(); next }
        { is[$1] = substr($0, length($1) + 2) }
        END { flush() }' || true
}
