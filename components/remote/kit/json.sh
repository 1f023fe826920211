# shellcheck shell=sh
# What the program reads, as JSON.

# member NAME VALUE: the value is JSON already
member() {
    printf '"%s":%s\n' "$1" "$2"
}

# json_text VALUE: as JSON
json_text() {
    printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g; s/.*/"&"/'
    [ -n "$1" ] || printf '""'
}

# json_list: a list of the lines on standard input, none of them empty
json_list() {
    printf '[%s]' "$(tr '\t' ' ' | tr -d '\000-\011\013-\037' | sed '/^$/d; s/[\\"]/\\&/g; s/.*/"&"/' | paste -s -d ,)"
}
