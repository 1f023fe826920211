# shellcheck shell=sh disable=SC2013,SC2086,SC2154
# Units. A stamp is the text of all inputs a unit was last started with; it is written only after the unit is active, so
# that a kill between install and restart heals, and a change made by another step is noticed.

# How long units may take to become active, in seconds. Units that wait for others (a second etcd member) need it.
start_limit=180

apply_units() {
    install_units
    [ -s "$work/units" ] || return 0
    # All else is as the manifest says by now.
    gather "$work/units"
    differences "$work/index" | awk -F '\t' '$2 == "unit"' >"$work/differences"
    stale=''
    trust_fresh_units
    restart="$stale$(awk -F '\t' '$4 ~ /not active|has to restart/ { printf "%s ", $3 }' "$work/differences")"
    pause=$(unit_to_wait_for)
    first='' later='' passed=''
    for unit in $(cut -f 3 "$work/units"); do
        case " $restart" in
            *" $unit "*) [ -n "$passed" ] && later="$later $unit" || first="$first $unit" ;;
        esac
        [ "$unit" != "$pause" ] || passed=yes
    done
    restart_units $first
    case $pause in
        etcd.service) promote_member ;;
        kube-apiserver.service) await_own_api ;;
        kubelet.service) await_certificate ;;
    esac
    restart_units $later
}

# unit_to_wait_for: what follows it in the manifest can't start until a kubelet has its certificate, or etcd its vote. In a
# new cluster controllers and scheduler have no rights yet when the API server begins to answer, and ask again only after
# seconds.
unit_to_wait_for() {
    if needs_certificate; then
        echo kubelet.service
    elif [ "$kind" = control-plane ] && [ -f "$state/etcd-joining" ]; then
        echo etcd.service
    elif [ "$kind" = control-plane ] && [ ! -f "$state/stamps/kube-controller-manager.service" ] && [ ! -f "$state/etcd-sown" ]; then
        echo kube-apiserver.service
    fi
}

# install_units: texts, then enabling, then one reload; a unit whose text differs is not yet touched.
install_units() {
    reload='' enable=''
    awk -F '\t' '$2 == "unit"' "$work/index" >"$work/units"
    while IFS=$tab read -r id _ unit _ _ _ text <&4; do
        why=$(awk -F '\t' -v unit="$unit" '$2 == "unit" && $3 == unit { print $4 }' "$work/differences")
        [ -n "$why" ] || continue
        remember_unit "$unit"
        case $why in
            *'its text is missing'* | *'its text differs'*)
                if [ "$text" != - ]; then
                    put "$work/content/$id" "/etc/systemd/system/$unit" 0644 root:root
                fi
                reload=yes
                ;;
            # Somebody changed what belongs to it, a drop-in for instance: it has to start with that.
            *'not read its text'*)
                rm -f "$state/stamps/$unit"
                reload=yes
                ;;
        esac
        case $why in *'not enabled'*) enable="$enable $unit" ;; esac
        changed "$why"
    done 4<"$work/units"
    if [ -n "$enable" ]; then
        systemctl --no-reload --quiet enable $enable
        reload=yes
    fi
    [ -z "$reload" ] || systemctl daemon-reload
}

# remember_unit UNIT: whether it was enabled and ran before we came
remember_unit() {
    first_time units "$1 $(systemctl is-enabled "$1" 2>/dev/null || true) $(systemctl is-active "$1" 2>/dev/null || true)"
}

# A unit that a package started after its inputs were in place runs with them: it needs no restart. One that ran before is
# restarted in its node's turn; of a machine that never was a node, now.
trust_fresh_units() {
    while IFS=$tab read -r _ _ unit wish _ after _ <&4; do
        if [ "$wish" != started ] || [ -f "$state/stamps/$unit" ]; then
            continue
        elif fresh "$unit" "$after"; then
            stamp_unit "$unit"
        elif [ -z "$(known_manifest activate)" ]; then
            remember_unit "$unit"
            stale="$stale$unit "
        fi
    done 4<"$work/units"
}

# fresh UNIT PATH,PATH…: became active after the last change of these
fresh() {
    since=$(awk -F '\t' -v unit="$1" '$2 == "since" && $3 == unit { print $4 }' "$work/facts")
    [ -n "$since" ] || return 1
    for input in $(echo "${2%-}" | tr , ' '); do
        [ -e "$root$input" ] && [ "$(stat -c %Z "$root$input")" -lt "${since%.*}" ] || return 1
    done
}

# distrust_units: whatever step puts an input back, a unit that was started with another one has to be started again.
# Its stamp goes, which is the one thing that survives a kill.
distrust_units() {
    [ -n "$(ls "$state/stamps")" ] && cut -f 3 "$work/differences" | grep -q '^/' || return 0
    # shellcheck disable=SC2046
    awk -F '\t' '$2 == "unit"' $(applied_by_others) /dev/null | cat - "$work/index" >"$work/all-units"
    gather "$work/all-units"
    differences "$work/all-units" >"$work/all-differences"
    awk -F '\t' '$4 ~ /with which it was started/ { print $3 }' "$work/all-differences" | while read -r unit; do
        rm -f "$state/stamps/$unit"
    done
    gather "$work/index"
}

stamp_unit() {
    sed -n "s/^$1$tab//p" "$work/stamps" >"$state/stamps/.new"
    mv "$state/stamps/.new" "$state/stamps/$1"
}

# bring_up UNIT…, in the order in which they start: what runs is restarted. systemctl asks for one unit after the other, and systemd keeps the
# order of After= among what it was asked for. So those that run are asked for the last first: what needs another unit has
# stopped before that one does (an API server that loses etcd takes its whole time limit to stop), and starts after it.
# Those that don't run are started, the first first: asked to restart, one that another one's Wants= has just started would
# begin twice, and etcd never finds itself again when it is stopped in the first moments of its life.
bring_up() {
    systemctl reset-failed "$@" 2>/dev/null || true
    idle='' reversed='' outcome=0
    for unit; do
        if [ "$(systemctl show -P ActiveState "$unit")" = inactive ]; then
            idle="$idle $unit"
        else
            reversed="$unit $reversed"
        fi
    done
    # shellcheck disable=SC2086
    [ -z "$reversed" ] || timeout "$start_limit" systemctl restart $reversed >/dev/null 2>&1 || outcome=1
    # shellcheck disable=SC2086
    [ -z "$idle" ] || timeout "$start_limit" systemctl start $idle >/dev/null 2>&1 || outcome=1
    return "$outcome"
}

# restart_units UNIT…, as bring_up; says why one doesn't run, and remembers with what the others were started
restart_units() {
    [ $# != 0 ] || return 0
    started=yes
    # systemd doesn't notice a drop-in by itself whose folder is new.
    [ -n "$reload" ] || systemctl daemon-reload
    reload=yes
    bring_up "$@" || started=''
    # One that doesn't say when it is ready, and dies of its settings, does so soon.
    ! systemctl show -P Type "$@" | grep -qv -e '^notify' -e '^oneshot' -e '^$' || sleep 0.5
    for unit; do
        if [ "$(systemctl is-active "$unit" 2>/dev/null)" != active ]; then
            [ -z "$started" ] || await_active "$unit" || true
            [ "$(systemctl is-active "$unit" 2>/dev/null)" = active ] || explain_unit "$unit"
        fi
    done
    for unit; do
        stamp_unit "$unit"
    done
}

# await_active UNIT: a daemon that gave up once and respawns gets 10 s more.
await_active() {
    left=50
    while [ "$left" -gt 0 ]; do
        case $(systemctl is-active "$1") in
            active) return 0 ;;
            failed) return 1 ;;
        esac
        sleep 0.2
        left=$((left - 1))
    done
    return 1
}

explain_unit() {
    journalctl --no-pager -q -n 20 -o cat -u "$1" 2>/dev/null | without_secrets >&2 || true
    fail "The unit $1 is $(systemctl is-active "$1" 2>/dev/null || true) on $(uname -n) and not active after at most" \
        "$start_limit s (its last lines are above): look at 'journalctl -u $1', mend the cause and run this again:" \
        "the unit is started again then."
}

# remove_units UNIT…, the last started first. A unit of the distribution that ran before we came keeps running.
remove_units() {
    ours=''
    for unit; do
        case $(recorded units "$unit" || true) in
            *' active') [ -f "$root/etc/systemd/system/$unit" ] && ours="$ours $unit" ;;
            *) ours="$ours $unit" ;;
        esac
        rm -f "$state/stamps/$unit"
        forget_record units "$unit"
    done
    [ -n "$ours" ] || return 0
    for unit in $ours; do
        timeout "$start_limit" systemctl stop "$unit" 2>/dev/null || true
    done
    systemctl --no-reload --quiet disable $ours 2>/dev/null || true
    for unit in $ours; do
        [ ! -f "$root/etc/systemd/system/$unit" ] || changed "unit $unit removed"
        remove_path "/etc/systemd/system/$unit"
    done
    systemctl daemon-reload
    systemctl reset-failed $ours 2>/dev/null || true
}

# has_unit UNIT: a file of it is there, whatever it says
has_unit() {
    for folder in /etc/systemd/system /lib/systemd/system /usr/lib/systemd/system; do
        [ ! -e "$root$folder/$1" ] && [ ! -L "$root$folder/$1" ] || return 0
    done
    return 1
}

# apply_mask UNIT: before its package comes. What starts one that is masked is told so, dpkg among others.
apply_mask() {
    first_time masks "$1"
    apply_link "/etc/systemd/system/$1" /dev/null
    [ -n "$root" ] || systemctl stop "$1" 2>/dev/null || true
}

remove_mask() {
    if recorded masks "$1" >/dev/null; then
        remove_path "/etc/systemd/system/$1"
        forget_record masks "$1"
    fi
}
