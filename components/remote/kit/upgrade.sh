# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154
# What another version asks for, before it runs: that it takes the settings, a snapshot, an empty node.

# running_version UNIT: of the program behind it, as its folder names it: 1.36.3; nothing where it doesn't run
running_version() {
    pid=$(systemctl show -P MainPID "$1" 2>/dev/null) || return 0
    readlink "/proc/${pid:-0}/exe" 2>/dev/null | sed -n 's,^/opt/[^/]*/v\([^/]*\)/.*,\1,p'
}

# wanted_version LINK: as the manifest has it; nothing where it has no such link
wanted_version() {
    awk -F '\t' -v link="$1" '$2 == "link" && $3 == link { sub(/^v/, "", $4); print $4 }' "$work/index"
}

# crosses_minor UNIT LINK: whether the program behind it goes to another minor version
crosses_minor() {
    has=$(running_version "$1")
    wants=$(wanted_version "$2")
    [ -n "$has" ] && [ -n "$wants" ] && [ "${has%.*}" != "${wants%.*}" ]
}

# before_versions: sets $one_way where there is no way back from what is about to run
before_versions() {
    one_way=''
    case $kind in
        control-plane)
            try_settings
            if crosses_minor etcd.service /opt/etcd/current; then
                one_way="etcd goes from $has to $wants, and can't go back"
                take_snapshot_before
            elif crosses_minor kube-apiserver.service /opt/k8s/kubernetes; then
                take_snapshot_before
            fi
            ;;
        activate)
            try_settings
            if crosses_minor kubelet.service /opt/k8s/kubernetes; then
                one_way="the kubelet goes from $has to $wants, and can't go back"
                # Of one node alone pods have nowhere to go: they stay where they are while its kubelet restarts.
                [ "$(own_kubectl get nodes -o name 2>/dev/null | wc -l)" -lt 2 ] || drain_node "for Kubernetes $wants"
            fi
            ;;
    esac
}

take_snapshot_before() {
    systemctl -q is-active etcd.service || return 0
    take_snapshot
    say "a snapshot of etcd before $has becomes $wants: $snapshot"
}

# try_settings: each program of another version reads the command line of its unit before anything is changed. A setting
# that is gone from it is said here, and not by a daemon that doesn't start.
try_settings() {
    wants=$(wanted_version /opt/k8s/kubernetes)
    [ -n "$wants" ] || return 0
    awk -F '\t' '$2 == "unit"' "$work/index" >"$work/programs"
    while IFS=$tab read -r id _ unit _ <&4; do
        words=$(program_line "$work/content/$id")
        [ -n "$words" ] || continue
        has=$(running_version "$unit")
        program=/opt/k8s/v$wants/${words%% *}
        if [ -z "$has" ] || [ "$has" = "$wants" ] || [ ! -x "$root$program" ]; then
            continue
        fi
        eval "set -- ${words#* }"
        "$root$program" "$@" --version >"$work/tried" 2>&1 </dev/null || fail "$node was not touched: ${program##*/} $wants" \
            "doesn't take the settings that it would be started with: $(grep -v '^ *$' "$work/tried" | tail -n 1)." \
            "Take out what is gone in this version, then run this again."
    done 4<"$work/programs"
}

# program_line FILE: of a unit's text, the name of the program behind /opt/k8s/kubernetes and its words, quoted for a
# shell; nothing where it starts another one
program_line() {
    [ -f "$1" ] || return 0
    awk '/^ExecStart=\/opt\/k8s\/kubernetes\// { on = 1; sub(/^ExecStart=\/opt\/k8s\/kubernetes\//, "") }
        on { more = sub(/ *\\$/, ""); line = line " " $0; if (!more) exit }
        END { print line }' "$1" |
        sed 's/ \$[A-Z_]*//g; s/%%/%/g; s/\$\$/\\$/g; s/^ *//'
}
