# shellcheck shell=sh disable=SC2016,SC2154
# The manifest's one parser. It makes an index, one line for each entry, words separated by tabs, never empty:
#   ID directory PATH MODE OWNER              ID sysctl KEY VALUE          ID conflict|hold|mask|module NAME
#   ID file PATH MODE OWNER SHA256            ID user NAME HOME            ID swap off
#   ID once PATH MODE OWNER SHA256 UNLESS     ID image REFERENCE PATH SHA256 RUNTIME   ID package NAME UNLESS
#   ID archive SYSTEM PATH SHA256 (or "-" where there is none for this architecture)
#   ID link PATH TARGET                       ID prove REFERENCE ARGUMENTS RUNTIME
#   ID artifact NAME VERSION PATH SHA256, then for each of its files: ID member PATH MODE MEMBER
#   ID unit NAME STATE STAMP AFTER SHA256
# The text of files and units goes to content/ID; the index, which is what a node remembers, holds digests only.

# parse_manifest: standard input to $work/index and $work/content
parse_manifest() {
    awk -v arch="$(architecture)" -v content="$work/content/" "$parser" >"$work/parsed" ||
        fail "The $kind step's manifest can't be read (see the line above): nothing was changed."
    (cd "$work/content" && find . -type f -printf '%f\n' | xargs -r sha256sum) >"$work/digests"
    awk -F '\t' -v OFS='\t' 'pass == 1 { split($0, word, "  "); digest["@" word[2]] = word[1]; next }
        { for (i = 4; i <= NF; i++) if ($i in digest) $i = digest[$i]
          if ($2 == "unit" && $NF ~ /^@/) $NF = "-"; print }' \
        pass=1 "$work/digests" pass=2 "$work/parsed" >"$work/index"
    [ "$(wc -l <"$work/index")" = "$(wc -l <"$work/parsed")" ] || fail "The $kind step's manifest was read in part only."
}

parser='
function bad(why) {
    printf "manifest, line %d: %s\n", NR, why > "/dev/stderr"
    failed = 1
    exit 1
}
function path(text) {
    if (text !~ /^\/./ || text ~ /\/\.\.(\/|$)/) bad("\"" text "\" is not an absolute path")
    return text
}
function mode(text) {
    if (text !~ /^[0-7][0-7][0-7][0-7]?$/) bad("\"" text "\" is no mode")
    return text
}
function owner(text) {
    if (text !~ /^[^:]+:[^:]+$/) bad("\"" text "\" is not of the form OWNER:GROUP")
    return text
}
function need(count) {
    if (NF < count) bad("\"" $1 "\" needs " count - 1 " words")
}
function rest(from,    text, i) {
    text = $from
    for (i = from + 1; i <= NF; i++) text = text " " $i
    return text == "" ? "-" : text
}
function here(text) {
    gsub(/[{]arch[}]/, arch, text)
    return text
}
function digest(    i) {
    for (i = 4; i <= NF; i++) if (index($i, arch "=") == 1) return substr($i, length(arch) + 2)
    bad($1 " " $2 " has no digest for " arch ", which this node is")
}
function runtime(text) {
    if (text != "docker" && text != "containerd") bad("no runtime is called \"" text "\"")
    return text
}
function option(name, otherwise,    i) {
    for (i = 3; i <= NF; i++) if (index($i, name "=") == 1) return substr($i, length(name) + 2)
    return otherwise
}
function text_follows() {
    if (into != "") close(into)
    into = content id
    printf "" > into
}
BEGIN { OFS = "\t" }
/^\|/ {
    if ($0 != "|" && substr($0, 2, 1) != " ") bad("a content line starts with \"| \"")
    line = substr($0, 3)
    if (takes == "text") { print line > into; next }
    if (takes != "members") bad("content where none belongs")
    words = split(line, word, " ")
    if (words < 2) bad("a file of an artifact is \"MODE PATH [MEMBER]\"")
    print id, "member", path(word[2]), mode(word[1]), (words > 2 ? here(word[3]) : "-")
    next
}
/^$/ || /^#/ { next }
/^[ \t]/ { bad("an entry starts in the first column") }
{ id++; takes = "" }
$1 == "directory" { need(4); print id, $1, path($4), mode($2), owner($3); next }
$1 == "file" { need(4); takes = "text"; text_follows(); print id, $1, path($4), mode($2), owner($3), "@" id; next }
$1 == "once" {
    need(5); takes = "text"; text_follows()
    print id, $1, path($4), mode($2), owner($3), "@" id, path(option("unless", ""))
    next
}
$1 == "link" { need(3); print id, $1, path($2), $3; next }
$1 == "user" { need(3); print id, $1, $2, path($3); next }
$1 == "sysctl" { need(3); print id, $1, $2, rest(3); next }
$1 == "swap" || $1 == "module" || $1 == "conflict" || $1 == "hold" || $1 == "mask" { need(2); print id, $1, $2; next }
$1 == "package" { need(2); unless = option("unless", "-"); print id, $1, $2, (unless == "-" ? unless : path(unless)); next }
$1 == "artifact" { need(5); takes = "members"; print id, $1, $2, $3, here($4), digest(); next }
$1 == "archive" { need(4); print id, $1, $2, here($3), option(arch, "-"); next }
$1 == "image" { need(4); print id, $1, $2, here($3), digest(), runtime(option("in", "docker")); next }
$1 == "prove" { need(3); print id, $1, $3, rest(4), runtime($2); next }
$1 == "unit" {
    need(4); takes = "text"
    if ($3 != "active" && $3 != "started" && $3 != "oneshot") bad("a unit is active, started or oneshot")
    # The text is created with its first line: a unit without one is the distribution'"'"'s.
    if (into != "") close(into)
    into = content id
    print id, $1, $2, $3, option("stamp", "-"), option("after", "-"), "@" id
    next
}
{ bad("unknown entry \"" $1 "\"") }
END { exit failed }
'
