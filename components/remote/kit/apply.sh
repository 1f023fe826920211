# shellcheck shell=sh disable=SC2034,SC2154
# The verbs. Each compares first, then changes.

check_step() {
    parse_manifest
    gather "$work/index"
    differences "$work/index" >"$work/differences"
    cut -f 4 "$work/differences"
    [ ! -s "$work/differences" ]
}

apply_step() {
    parse_manifest
    mkdir -p "$state/manifests" "$state/stamps" "$state/before" "$state/artifacts" "$state/generations"
    chmod 0755 "$state"
    touch "$state/sums"
    if [ "$kind" = base ]; then
        welcome
    else
        [ -z "$owner" ] || refuse_other_owner
    fi
    remember_intent
    case $kind in credentials | activate) forget_ended ;; esac
    gather "$work/index"
    differences "$work/index" >"$work/differences"
    [ "$kind" != control-plane ] || keep_quorum
    before_versions
    arm_undo
    distrust_units
    # A killed run may have left a certificate that nobody has taken notice of.
    [ ! -e "$state/trust" ] || update_trust /usr/local/share/ca-certificates/
    [ "$kind" != activate ] || {
        note_readiness
        leave_runtimes
    }
    each_difference
    each_vanished
    case $kind in
        control-plane) enter_etcd ;;
        activate)
            finish_leaving
            prepare_bootstrap
            follow_signer
            give_up_port
            ;;
    esac
    armed=yes
    apply_units
    case $kind in
        control-plane)
            if [ -f "$state/etcd-sown" ]; then trust_seed; else await_api; fi
            # What it runs is well: from here on there is nothing to go back from.
            armed=''
            withdraw_dropped
            ;;
        activate)
            finish_bootstrap
            return_to_work
            ;;
    esac
    armed=''
    remember_manifest
}

# Kinds of which many are better changed at once are taken at the first of them.
each_difference() {
    bulk=''
    while IFS=$tab read -r id what name sentence _ <&3; do
        case $what in
            unit) continue ;;
            package | conflict | artifact | image)
                [ "$what" != image ] || what=artifact
                case " $bulk " in *" $what "*) continue ;; esac
                bulk="$bulk $what"
                "apply_${what}s"
                ;;
            *)
                line=$(awk -F '\t' -v id="$id" '$1 == id && $2 != "member"' "$work/index")
                IFS=$tab read -r id what name a b c d <<EOF
$line
EOF
                "apply_$what" "$name" "$a" "$b" "$c" "$d"
                changed "$sentence"
                ;;
        esac
    done 3<"$work/differences"
}

# remember_intent: what is about to be applied is written down before the first change, beside what was, so that after
# a kill nothing is forgotten that a later apply or remove has to take away. What is half written has a hidden name:
# the steps beside this one read the others.
remember_intent() {
    if [ -f "$state/manifests/$kind.next" ]; then
        cat "$state/manifests/$kind.next" "$work/index" >"$state/manifests/.$kind"
    else
        cp "$work/index" "$state/manifests/.$kind"
    fi
    mv "$state/manifests/.$kind" "$state/manifests/$kind.next"
}

remember_manifest() {
    cat "$work/index" "$work/retired" >"$state/manifests/.$kind"
    mv "$state/manifests/.$kind" "$state/manifests/$kind"
    rm -f "$state/manifests/$kind.next"
    [ -n "$postponed" ] || rm -f "$state/late/$kind"
    [ -z "$generation" ] || printf '%s\n' "$generation" >"$state/generations/$kind"
}

# known_manifest KIND: everything a kind ever applied and has not removed.
known_manifest() {
    cat "$state/manifests/$1" "$state/manifests/$1.next" "$state/late/$1" 2>/dev/null || true
}

# vanished KEPT…: what this kind applied and no index in KEPT names, the last first. Paths are one name space, whatever
# kind of entry they belong to.
vanished() {
    known_manifest "$kind" >"$work/known"
    cat "$@" >"$work/kept"
    awk -F '\t' '
        $2 == "artifact" || $2 == "prove" { next }
        { subject = substr($3, 1, 1) == "/" ? $3 : $2 " " $3 }
        # The same image is another one in another runtime.
        $2 == "image" || $2 == "oldimage" { subject = subject " " ($6 == "" ? "docker" : $6) }
        FILENAME ~ /\/kept$/ { kept[subject] = 1; next }
        subject in kept { next }
        { line[++count] = $0; last[subject] = count; name[count] = subject }
        END { for (i = count; i > 0; i--) if (last[name[i]] == i) print line[i] }' "$work/kept" "$work/known"
}

# An entry that another step of this node lists too goes with the last of them. One that is at work beside this one may
# be done at any moment: its `.next` is read before it becomes the manifest.
known_to_others() {
    for other in base stage credentials control-plane activate; do
        [ "$other" = "$kind" ] || cat "$state/manifests/$other.next" "$state/manifests/$other" 2>/dev/null || true
    done >"$work/known-to-others"
}

each_vanished() {
    : >"$work/retired"
    known_to_others
    vanished "$work/index" "$work/known-to-others" >"$work/vanished"
    postponed=''
    if [ -s "$work/vanished" ] && outlives_control_plane; then
        postponed=yes
        mkdir -p "$state/late"
        cp "$work/vanished" "$state/late/.$kind"
        mv "$state/late/.$kind" "$state/late/$kind"
    else
        remove_entries "$work/vanished" some
    fi
}

# outlives_control_plane: a machine that shall be no control plane any more is one until its control-plane step is removed,
# after everything else was applied everywhere: what that step stands on waits for it, in the state's folder `late`.
outlives_control_plane() {
    case $kind in
        base | stage | credentials) ;;
        *) return 1 ;;
    esac
    [ -n "$(known_manifest control-plane)" ] && ! grep -q "/etc/etcd/\|/opt/etcd/\|${tab}user${tab}etcd${tab}" "$work/index"
}

remove_late() {
    for kind in credentials stage base; do
        [ -f "$state/late/$kind" ] || continue
        known_to_others
        cat "$state/manifests/$kind" >>"$work/known-to-others"
        vanished "$work/known-to-others" >"$work/vanished"
        remove_entries "$work/vanished" some
        rm -f "$state/late/$kind"
    done
}

remove_step() {
    cat >/dev/null
    if [ -n "$node" ] && [ -f "$state/node" ] && [ "$(cat "$state/node")" != "$node" ]; then
        say "this machine is the node $(cat "$state/node") now: nothing was removed"
        return
    fi
    if [ -n "$owner" ] && [ -f "$state/owner" ]; then
        theirs=$(cat "$state/owner")
        if [ "$theirs" != "$owner" ] && ! is_kin "$theirs" "$owner"; then
            say "this node belongs to $theirs now: nothing was removed"
            return
        fi
    fi
    if [ "$kind" = base ]; then
        # What other steps left undone: their removal failed, or never came.
        for kind in activate control-plane credentials stage base; do
            remove_kind
        done
        farewell
    else
        remove_kind
        [ "$kind" != control-plane ] || {
            rm -f "$state"/etcd-* "$state/seed.db" "$state/trusted"
            remove_late
        }
    fi
}

# A kind that never applied anything has nothing to take away, whatever lies on the machine.
remove_kind() {
    [ -n "$(known_manifest "$kind")" ] || return 0
    [ "$kind" != control-plane ] || leave_etcd
    : >"$work/retired"
    known_to_others
    vanished "$work/known-to-others" >"$work/vanished"
    remove_entries "$work/vanished" all
    rm -f "$state/manifests/$kind" "$state/manifests/$kind.next" "$state/generations/$kind" "$state/late/$kind"
}

# remove_entries LINES all|some: units first, together; `some` is for what vanished while the rest stays: folders that
# hold data then stay too.
remove_entries() {
    extent=$2
    units=$(awk -F '\t' '$2 == "unit" { print $3 }' "$1")
    # shellcheck disable=SC2086
    [ -z "$units" ] || remove_units $units
    [ "$kind" != activate ] || [ "$extent" != all ] || remove_leftovers
    while IFS=$tab read -r id what name a b c d <&3; do
        [ "$what" != unit ] || continue
        "remove_$what" "$name" "$a" "$b" "$c" "$d"
    done 3<"$1"
}
