# shellcheck shell=sh disable=SC2154
# The way back: where units don't come up with what a step has changed, the machine gets what it had, so that it goes on
# while somebody reads why. Only of a step that was applied before; copies are in memory, and a run that is killed has none:
# the next one goes forward.

undo=''
armed=''
failure=''
first=''
later=''

# arm_undo: before the first change of a step that may restart something
arm_undo() {
    case $kind in control-plane | activate) ;; *) return 0 ;; esac
    if [ -f "$state/manifests/$kind" ] && [ -z "$one_way" ]; then
        undo=$work/undo
        mkdir "$undo"
        : >"$undo/paths"
        cp -a "$state/stamps" "$undo/stamps"
    fi
}

# keep_for_undo PATH: how it is now, before it is changed for the first time
keep_for_undo() {
    if [ -z "$undo" ] || grep -q -x -F "$1" "$undo/paths"; then
        return 0
    fi
    echo "$1" >>"$undo/paths"
    number=$(wc -l <"$undo/paths")
    if [ -e "$root$1" ] || [ -L "$root$1" ]; then
        cp -a "$root$1" "$undo/$number"
    fi
}

# end_work STATUS: what is left to be done when the step ends, however it does
end_work() {
    if [ "$1" = 1 ] && [ -n "$undo" ] && [ -n "$armed" ]; then
        go_back || true
    fi
    rm -rf "$work"
}

# go_back: what was changed as it was, the units that should have come up with it restarted. The last word is the cause.
go_back() {
    why=$failure
    armed=''
    number=0
    while read -r path; do
        number=$((number + 1))
        temp=$(beside "$path")
        rm -f "$temp"
        if [ -e "$undo/$number" ] || [ -L "$undo/$number" ]; then
            cp -a "$undo/$number" "$temp"
            mv -fT "$temp" "$root$path"
        else
            rm -f "$root$path"
        fi
    done <"$undo/paths"
    systemctl daemon-reload
    back=''
    for unit in $first $later; do
        ! systemctl cat "$unit" >/dev/null 2>&1 || back="$back $unit"
    done
    # shellcheck disable=SC2086
    if { [ -z "$back" ] || bring_up $back; } && is_well_again; then
        for unit in $back; do
            [ ! -f "$undo/stamps/$unit" ] || cp -p "$undo/stamps/$unit" "$state/stamps/$unit"
        done
        echo "$why $node has gone back to what it ran before, and is well; nothing after it was touched." >&2
    else
        echo "$why $node was to go back to what it ran before, and isn't well with that either: see above." >&2
    fi
}

is_well_again() {
    for unit in $back; do
        await 20 systemctl -q is-active "$unit" || return 1
    done
    [ "$kind" != control-plane ] || await 120 own_api_is_ready
}
