# shellcheck shell=sh disable=SC2016,SC2129,SC2154
# What the node has of what an index names, asked for in as few processes as possible. Lines, words separated by tabs:
#   path PATH TYPE MODE OWNER TARGET CHANGED   (f, d, l as find says; nothing for a missing path; seconds since 1970)
#   sum PATH SHA256                       (of a file; of a folder's files and their names)
#   is WHAT NAME VALUE                    (sysctl, module, package, user, swap, runtime, image, active, enabled, …;
#                                          an image's name is "RUNTIME REFERENCE")

# gather INDEX: writes $work/facts
gather() {
    sort_names "$1"
    {
        gather_paths
        [ ! -s "$work/names.kernel" ] || gather_kernel
        gather_packages
        gather_users
        gather_masks
        sed "s/^/is${tab}member$tab/" "$state"/artifacts/* 2>/dev/null || true
        gather_runtimes
        gather_units
        if [ -s "$work/names.swap" ] && swap_is_on; then
            printf 'is\tswap\toff\tno\n'
        fi
    } >"$work/facts"
}

# sort_names INDEX: what an index names goes to $work/names.*, by whom it is asked of: each once, paths as they are here.
# Of the kernel whole lines; an input is a path that a unit is started with.
sort_names() {
    for sort in paths inputs kernel packages users masks swap docker containerd docker-proofs containerd-proofs units; do
        : >"$work/names.$sort"
    done
    awk -F '\t' -v root="$root" -v names="$work/names." '
        function name(sort, text) { if (!((sort, text) in known)) print text > (names sort); known[sort, text] = 1 }
        # Manifests that were applied before there was another runtime name none.
        function place(runtime) { return runtime == "" ? "docker" : runtime }
        $2 == "directory" || $2 == "file" || $2 == "once" || $2 == "link" || $2 == "member" || $2 == "retired" { name("paths", root $3) }
        $2 == "once" { name("paths", root $7) }
        $2 == "mask" { name("masks", $3); name("paths", root "/etc/systemd/system/" $3) }
        $2 == "sysctl" || $2 == "module" { name("kernel", $0) }
        $2 == "package" || $2 == "conflict" || $2 == "hold" { name("packages", $3) }
        $2 == "package" && $4 ~ /^\// { name("paths", root $4) }
        $2 == "user" { name("users", $3) }
        $2 == "swap" { name("swap", $3) }
        $2 == "image" { name(place($6), $3) }
        $2 == "prove" { name(place($5), $3); name(place($5) "-proofs", $3) }
        $2 == "unit" {
            name("units", $3)
            if ($7 != "-") name("paths", root "/etc/systemd/system/" $3)
            n = $6 == "-" ? 0 : split($6, path, ",")
            for (i = 1; i <= n; i++) { name("paths", root path[i]); name("inputs", root path[i]) }
        }' "$1"
}

# names SORT: on one line
names() {
    paste -s -d ' ' "$work/names.$1"
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
    find_each "%p\t%y\t%#m\t%u:%g\t$looks\t%l\n" <"$work/names.paths" >"$work/found" 2>/dev/null || true
    table=$state/sums
    [ -f "$table" ] || table=/dev/null
    : >"$work/sums.new"
    : >"$work/folders"
    awk -F '\t' -v OFS='\t' -v skip="${#root}" -v now="$(date +%s)" -v new="$work/sums.new" -v folders="$work/folders" '
        pass == 1 { sum[$1 "\t" $2] = $3; next }
        pass == 2 { input[$1] = 1; next }
        { path = substr($1, skip + 1); split($5, time, " "); print "path", path, $2, $3, $4, $6, time[3] }
        $2 == "d" && $1 in input { print $1 > folders }
        $2 == "f" {
            if (($1 "\t" $5) in sum) print "sum", path, sum[$1 "\t" $5]
            else print $1, $5, (time[3] < now - 2) > new
        }' pass=1 "$table" pass=2 "$work/names.inputs" pass=3 "$work/found"
    if [ -s "$work/sums.new" ]; then
        cut -f 1 "$work/sums.new" | xargs sha256sum >"$work/sums.taken" 2>/dev/null || true
        awk -v skip="${#root}" -v kept="$work/sums.kept" 'pass == 1 { sum[substr($0, 67)] = substr($0, 1, 64); next }
            { split($0, word, "\t") }
            !(word[1] in sum) { next }
            { print "sum\t" substr(word[1], skip + 1) "\t" sum[word[1]] }
            word[3] { print word[1] "\t" word[2] "\t" sum[word[1]] > kept }' \
            pass=1 "$work/sums.taken" pass=2 "$work/sums.new"
        keep_sums
    fi
    while read -r folder; do
        sum=$(cd "$folder" && find . -type f -exec sha256sum {} + | sort | sha256sum)
        printf 'sum\t%s\t%s\n' "${folder#"$root"}" "${sum%% *}"
    done <"$work/folders"
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
        }' "$work/names.kernel"
}

gather_packages() {
    [ -s "$work/names.packages" ] || return 0
    xargs dpkg-query -W -f='is\tpackage\t${Package}\t${db:Status-Status}\nis\twish\t${Package}\t${db:Status-Want}\n' \
        <"$work/names.packages" 2>/dev/null || true
}

gather_users() {
    [ -s "$work/names.users" ] || return 0
    xargs getent passwd <"$work/names.users" | sed "s/^\([^:]*\):.*/is${tab}user$tab\1${tab}yes/"
}

# Of those that somebody else brought, and whose they stay.
gather_masks() {
    while read -r unit; do
        recorded masks "$unit" >/dev/null || ! has_unit "$unit" || printf 'is\tmask\t%s\ttheirs\n' "$unit"
    done <"$work/names.masks"
}

gather_runtimes() {
    for runtime in docker containerd; do
        if [ ! -s "$work/names.$runtime" ] || ! has_runtime "$runtime"; then
            continue
        fi
        # shellcheck disable=SC2046
        runtime_images "$runtime" $(names "$runtime") | sed "s/^/is${tab}image$tab$runtime /"
        [ ! -s "$work/names.$runtime-proofs" ] ||
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

gather_units() {
    [ -s "$work/names.units" ] || return 0
    units=$(names units) stamps=''
    for unit in $units; do
        [ ! -f "$state/stamps/$unit" ] || stamps="$stamps $unit"
    done
    # shellcheck disable=SC2086
    [ -z "$stamps" ] || (
        cd "$state/stamps" || exit
        awk -v OFS='\t' '{ print "is", "stamp", FILENAME, $0 }' $stamps
        stat -c "is${tab}stamped${tab}%n${tab}%Y" $stamps
    )
    # Read first: when systemd's clock began is rather told a moment too late, so that a unit which was started right after
    # a change by hand is known to run with it.
    read -r uptime _ </proc/uptime
    # shellcheck disable=SC2086
    systemctl show -p Id,ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestampMonotonic $units 2>/dev/null |
        awk -F = -v now="$(date +%s.%N)" -v uptime="$uptime" '
        function flush() {
            if (is["Id"] != "") {
                print "is\tactive\t" is["Id"] "\t" is["ActiveState"]
                print "is\tenabled\t" is["Id"] "\t" is["UnitFileState"]
                print "is\treload\t" is["Id"] "\t" is["NeedDaemonReload"]
                printf "is\tsince\t%s\t%.3f\n", is["Id"], now - uptime + is["ActiveEnterTimestampMonotonic"] / 1000000
            }
            split("", is)
        }
        $0 == "" { flush(); next }
        { is[$1] = substr($0, length($1) + 2) }
        END { flush() }' || true
}
