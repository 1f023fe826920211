# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154
# One comparison for check, apply and probe.

# differences INDEX…: lines "ID KIND NAME SENTENCE INDEX" for what differs from $work/facts; a unit's stamp goes to
# $work/stamps as "NAME STAMP". A stamp is text, so that one can see which input of a unit changed. What the node's other
# steps applied counts as it will be when they have mended it.
differences() {
    : >"$work/stamps"
    awk -F '\t' -v stamps="$work/stamps" "$comparer" "$work/facts" pass=1 $(applied_by_others) "$@" pass=2 "$@"
}

# applied_by_others: the indexes of this node's steps but for the one that is at work; all of them for who only looks
applied_by_others() {
    for file in "$state"/manifests/*; do
        case $file in */"${kind:-}" | *.next | *'*') ;; *) echo "$file" ;; esac
    done
}

comparer='
function differs(sentence) { print $1, $2, $3, sentence, FILENAME }
function owned(what, wanted_mode, wanted_owner) {
    if (mode_of($3) + 0 != wanted_mode + 0) differs(what " " $3 " has mode " mode_of($3) " instead of " wanted_mode)
    else if (owner[$3] != wanted_owner) differs(what " " $3 " belongs to " owner[$3] " instead of " wanted_owner)
}
function mode_of(path) { return substr("0000" mode[path], length(mode[path]) + 1) }
function text(path, sum, wanted_mode, wanted_owner) {
    if (!(path in type)) differs("file " path " is missing")
    else if (type[path] != "f") differs(path " is no plain file")
    else if (sums[path] != sum) differs("file " path " has other content")
    else owned("file", wanted_mode, wanted_owner)
}
# What a unit is started with, of one path: as it will be where a manifest says so, else as it is.
function input(path) {
    return (path in wanted) ? wanted[path] : actual(path)
}
function why_restart(old, new,    i, n, o, was, now, cause) {
    n = split(new, now, " "); o = split(old, was, " ")
    for (i = 1; i <= o; i++) seen[was[i]] = 1
    for (i = 2; i <= n; i++) if (!(now[i] in seen)) { sub(/=.*/, "", now[i]); cause = cause (cause == "" ? "" : ", ") now[i] }
    split("", seen)
    return cause == "" ? "its settings" : cause
}
# An input that was changed by hand before the unit was started again, however that came: the unit runs with it, and
# putting the input back is not enough.
function taken_up(unit,    i, n, part, path, at, cause) {
    n = split(is["stamp", unit], part, " ")
    for (i = 2; i <= n; i++) {
        at = index(part[i], "=")
        path = substr(part[i], 1, at - 1)
        if (path == "text") path = "/etc/systemd/system/" unit
        if (path !~ /^\// || substr(part[i], at + 1) ~ /^(-|missing)$/ || substr(part[i], at + 1) == actual(path)) continue
        # A stamp tells whole seconds.
        if (is["since", unit] > ((path in changed) ? changed[path] : is["stamped", unit] + 1)) cause = cause (cause == "" ? "" : ", ") path
    }
    return cause
}
# Manifests that were applied before there was another runtime name none.
function place(runtime) { return runtime == "" ? "docker" : runtime }
function actual(path) { return !(path in type) ? "missing" : type[path] == "l" ? "->" target[path] : sums[path] }
BEGIN { OFS = "\t" }
!pass && $1 == "path" { type[$2] = $3; mode[$2] = $4; sub(/^0+/, "", mode[$2]); owner[$2] = $5; target[$2] = $6; changed[$2] = $7; next }
!pass && $1 == "sum" { sums[$2] = $3; next }
!pass { value = $4; for (i = 5; i <= NF; i++) value = value "\t" $i; is[$2, $3] = value; next }
pass == 1 {
    if ($2 == "file") wanted[$3] = $6
    if ($2 == "link") wanted[$3] = "->" $4
    next
}
$2 == "directory" {
    if (!($3 in type)) differs("directory " $3 " is missing")
    else if (type[$3] != "d") differs($3 " is no directory")
    else owned("directory", $4, $5)
}
$2 == "file" { text($3, $6, $4, $5) }
$2 == "once" && !($7 in type) { text($3, $6, $4, $5) }
$2 == "link" {
    if (!($3 in type)) differs("link " $3 " is missing")
    else if (type[$3] != "l") differs($3 " is no link")
    else if (target[$3] != $4) differs("link " $3 " points at " target[$3] " instead of " $4)
}
$2 == "user" && !(("user", $3) in is) { differs("user " $3 " is missing") }
$2 == "module" {
    if (is["module", $3] == "no") differs("kernel module " $3 " is not loaded")
    else if (is["module", $3] == "loaded" && is["module-boot", $3] != $3) differs("kernel module " $3 " is not loaded at boot")
}
$2 == "sysctl" {
    if (is["sysctl", $3] != $4) differs("sysctl " $3 " is \"" is["sysctl", $3] "\" instead of \"" $4 "\"")
    else if (is["sysctl-boot", $3] != $3 " = " $4) differs("sysctl " $3 " is not set at boot")
}
$2 == "swap" && (("swap", "off") in is) { differs("swap is on") }
$2 == "conflict" && is["package", $3] == "installed" { differs("package " $3 " is installed and conflicts") }
$2 == "package" && is["package", $3] != "installed" && !($4 in type) { differs("package " $3 " is not installed") }
$2 == "mask" && !(("mask", $3) in is) {
    path = "/etc/systemd/system/" $3
    if (!(path in type) || target[path] != "/dev/null") differs("unit " $3 " is not masked")
}
$2 == "hold" && is["wish", $3] != "hold" { differs("package " $3 " is not held") }
$2 == "artifact" { artifact = $0; sum = $6; told = 0; next }
$2 == "member" && !told {
    split(is["member", $3], record, "\t")
    if (!($3 in type)) why = " is missing"
    else if (type[$3] != "f") why = " is no plain file"
    else if (record[2] != sum) why = " is of another version or unknown"
    else if (sums[$3] != record[1]) why = " was changed since it was installed"
    else if (mode_of($3) + 0 != $4 + 0) why = " has mode " mode_of($3) " instead of " $4
    else next
    path = $3; told = 1
    $0 = artifact
    differs("artifact " $3 " " $4 ": " path why)
}
$2 == "image" {
    at = place($6) " " $3
    split(is["loaded", at], record, "\t")
    if (!(("image", at) in is)) differs("image " $3 " is not loaded")
    else if (record[1] != $5) differs("image " $3 " was not loaded from the archive of this digest")
    else if (record[2] != is["image", at]) differs("image " $3 " is another one than was loaded")
}
$2 == "prove" {
    at = place($5) " " $3
    if (is["proved", at] == "" || is["proved", at] != is["image", at] "\t" is["runtime", place($5)])
        differs(place($5) " is not proved with " $3)
}
$2 == "unit" {
    path = "/etc/systemd/system/" $3
    why = ""
    if ($7 != "-" && !(path in type)) why = "its text is missing"
    else if ($7 != "-" && sums[path] != $7) why = "its text differs"
    else if (is["reload", $3] == "yes") why = "systemd has not read its text again"
    if (is["enabled", $3] !~ /^(enabled|enabled-runtime|static|indirect|generated|alias)$/) why = why (why == "" ? "" : "; ") "not enabled"
    if (is["active", $3] != "active") why = why (why == "" ? "" : "; ") "not active"
    stamp = $5 " text=" $7
    n = split($6, after, ",")
    if ($6 != "-") for (i = 1; i <= n; i++) stamp = stamp " " after[i] "=" input(after[i])
    print $3, stamp > stamps
    if ($4 != "started" && is["stamp", $3] != stamp)
        why = why (why == "" ? "" : "; ") "has to restart" (is["stamp", $3] == "" ? "" : " for " why_restart(is["stamp", $3], stamp))
    else if ($4 == "active" && (hand = taken_up($3)) != "")
        why = why (why == "" ? "" : "; ") "has to restart for " hand ", with which it was started"
    if (why != "") differs("unit " $3 ": " why)
}
'
