# shellcheck shell=sh disable=SC2154
# Looks after etcd: room in its file, its alarms, its quorum. It runs on every control plane, and each looks after its own
# member; who may do something is a matter of what all of them see alike.
#
# Kubernetes compacts: what is older than five minutes goes (--etcd-compaction-interval). The pages of that are free then,
# but the file stays as large, and it is the file that the quota counts. Only defragmenting gives them back; the member
# answers nobody meanwhile, for 4 to 11 s a gigabyte. So one member does it at a time, never while another one is down, and
# the leader hands on its office first.

# care_for_etcd: for ever. Alarms are looked for every $every seconds, by default 15; sizes every twentieth time. It is worth
# while where a file is half empty, or near its quota, and $least bytes of it are free: 100 MiB.
care_for_etcd() {
    # A cluster that is being built has other things to do at first.
    round=1 silent=0 every=${every:-15} least=${least:-104857600}
    while :; do
        pause=$every
        case $(etcd_local health) in
            *'RAFT NO LEADER'*) miss_leader ;;
            *ALARM*)
                if attempt etcd-alarm heal_alarms; then
                    note etcd-alarm \
                        "etcd's file has reached its quota, and every write to the API is refused; it is being healed."
                    # Members take turns, and everybody waits for the last of them.
                    pause=$((every < 3 ? every : 3))
                fi
                ;;
            *'"true"'*)
                silent=0
                settle etcd-alarm
                settle etcd-leader
                if [ "$((round % 20))" = 0 ]; then
                    attempt etcd-room keep_room || true
                fi
                round=$((round + 1))
                ;;
        esac
        sleep "$pause"
    done
}

# etcd_local PATH: of this machine's member, without a certificate; nothing where it doesn't run
etcd_local() {
    curl -sS --noproxy '*' --max-time 10 "http://127.0.0.1:2381/$1" 2>/dev/null || true
}

etcd_metrics() { etcd_local metrics; }

# An election takes a second; four looks without a leader are none.
miss_leader() {
    silent=$((silent + 1))
    [ "$silent" -ge 4 ] || return 0
    [ "$silent" != 4 ] || say "etcd has no leader: more than half of its members don't hear each other"
    note etcd-leader "etcd has no leader, so the API changes nothing and soon answers nothing: more than half of the control\
 planes must run and reach each other. Where they are gone for good, \`npm run recover\` makes a cluster of what one of\
 them holds (docs/recovering.md)."
}

# survey: every member, one line each in $work/survey: "ENDPOINT ID LEADER SIZE USED REVISION", LEADER being 1 or 0. Fails
# unless all are there, none is a learner, and each answers: one that defragments doesn't.
survey() {
    own_etcdctl --command-timeout=5s member list -w simple >"$work/list" 2>/dev/null || return 1
    ! grep -q -e ', unstarted, ' -e ', true$' "$work/list" || return 1
    own_etcdctl --command-timeout=5s endpoint status --cluster -w fields >"$work/status" 2>/dev/null || return 1
    # Numbers of members are too large to count with.
    awk -F '"' 'function value() { sub(/^ : /, "", $3); return $3 }
        $2 == "MemberID" { id = value() } $2 == "Revision" { revision = value() } $2 == "DBSize" { size = value() }
        $2 == "DBSizeInUse" { used = value() } $2 == "Leader" { leader = value() }
        $2 == "Endpoint" { print $4, id, (id == leader), size, used, revision }' "$work/status" | sort >"$work/survey"
    [ "$(wc -l <"$work/survey")" = "$(wc -l <"$work/list")" ] || return 1
    while read -r endpoint _ <&4; do
        etcdctl_at "$endpoint" --command-timeout=5s get slipway >/dev/null 2>&1 || return 1
    done 4<"$work/survey"
    own=$(own_etcdctl --command-timeout=5s endpoint status -w fields 2>/dev/null | sed -n 's/^"MemberID" : //p')
    [ -n "$own" ]
}

# field_of ID NUMBER: a word of a member's line
field_of() {
    awk -v id="$1" -v number="$2" '$2 == id { print $number }' "$work/survey"
}

quota() {
    etcd_metrics | awk '$1 == "etcd_server_quota_backend_bytes" { printf "%.0f", $2 }'
}

mebibytes() {
    awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'
}

# keep_room: in quiet times
keep_room() {
    survey || return 0
    limit=$(quota)
    # shellcheck disable=SC2016
    take_turn '$4 - $5 >= least && ($5 * 2 < $4 || $4 > limit * 0.8)'
    [ "$(field_of "$own" 3)" = 0 ] || warn_of_quota
}

# The leader alone says what is true of all.
warn_of_quota() {
    used=$(field_of "$own" 5)
    [ "$((used * 10))" -gt "$((limit * 8))" ] || return 0
    fail "etcd holds $(mebibytes "$used") of the $(mebibytes "$limit") that it may: at the limit every write to the API is" \
        "refused. Find out what there is so much of ('kubectl get --raw /metrics | grep apiserver_resource_objects'), or raise" \
        "cluster.etcd.quota."
}

# take_turn CONDITION: defragments this machine's member if it is the first of those that need it, as awk's CONDITION says of
# their lines; the leader comes last, and then isn't the leader any more.
take_turn() {
    next=$(awk -v least="$least" -v limit="$limit" "$1 { print \$3, \$0 }" "$work/survey" | sort | head -n 1)
    # shellcheck disable=SC2086
    set -- $next
    [ "${3:-}" = "$own" ] || return 0
    if [ "$1" = 1 ] && [ "$(wc -l <"$work/survey")" -gt 1 ]; then
        hand_on
    else
        defragment
    fi
}

# hand_on: the leader's office, to the first of the others
hand_on() {
    heir=$(awk -v own="$own" '$2 != own { print $1; exit }' "$work/survey")
    # The command wants the number as the list has it.
    heir=$(awk -F ', ' -v endpoint="$heir" '$5 == endpoint { print $1 }' "$work/list")
    own_etcdctl --command-timeout=30s move-leader "$heir" >"$work/moved" 2>&1 || {
        cat "$work/moved" >&2
        fail "etcd's leader could not hand on its office before it defragments (its last lines are above)."
    }
    say "$heir leads etcd now, so that this member can be defragmented"
}

defragment() {
    size=$(field_of "$own" 4) used=$(field_of "$own" 5)
    free=$(df -P -B1 "$etcd_data" | awk 'NR == 2 { print $4 }')
    # It writes a new file beside the old one.
    [ "$free" -gt $((used + 67108864)) ] || fail "etcd's file on $(uname -n) takes $(mebibytes "$size") for $(mebibytes "$used")," \
        "and can't be defragmented: there are only $(mebibytes "$free") free below $etcd_data."
    mkdir -p "$run"
    exec 6>"$run/snapshot.lock"
    flock 6
    began=$(date +%s)
    own_etcdctl defrag >"$work/defrag" 2>&1 || {
        tail -n 3 "$work/defrag" >&2
        fail "etcd's member on $(uname -n) could not be defragmented (the last lines are above)."
    }
    exec 6>&-
    now=$(own_etcdctl --command-timeout=5s endpoint status -w fields 2>/dev/null | sed -n 's/^"DBSize" : //p')
    say "defragmented: etcd's file took $(mebibytes "$size") and takes $(mebibytes "$now") now ($(($(date +%s) - began)) s)"
}

# heal_alarms: a full quota is healed where that can be; data that differs is never called sound by us
heal_alarms() {
    own_etcdctl --command-timeout=5s alarm list >"$work/alarms" 2>/dev/null || fail "etcd has an alarm and doesn't say which."
    ! grep -q CORRUPT "$work/alarms" || fail "etcd says that the data of a member differs from the others'" \
        "($(paste -s -d ' ' "$work/alarms")), and serves nothing. Nothing mends this by itself: docs/recovering.md tells how" \
        "to find the member and to replace it."
    grep -q NOSPACE "$work/alarms" || fail "etcd has an alarm: $(paste -s -d ' ' "$work/alarms")."
    survey || fail "etcd's file has reached its quota, and every write to the API is refused. It is healed as soon as all control" \
        "planes run: none is defragmented while another one is down."
    limit=$(quota)
    leads=$(field_of "$own" 3)
    if [ "$leads" = 1 ]; then
        say "etcd's file has reached its quota of $(mebibytes "$limit"), and every write is refused: compacting and defragmenting"
        # Says so where everything up to there is compacted already.
        own_etcdctl --command-timeout=60s compact --physical "$(field_of "$own" 6)" >"$work/compact" 2>&1 ||
            grep -q 'has been compacted' "$work/compact" || {
            tail -n 3 "$work/compact" >&2
            fail "etcd's file has reached its quota, and can't be compacted (the last lines are above): every write to the API is" \
                "refused."
        }
        survey || return 0
    fi
    # shellcheck disable=SC2016
    needs='$5 < $4 * 0.9'
    take_turn "$needs"
    [ "$leads" = 1 ] || return 0
    survey || return 0
    [ -z "$(awk "$needs" "$work/survey")" ] || return 0
    [ -z "$(awk -v limit="$limit" '$4 > limit * 0.9' "$work/survey")" ] || fail "etcd's file has reached its quota, and every" \
        "write to the API is refused: what it holds needs all of its $(mebibytes "$limit"). Delete what there is too much of" \
        "(deleting works), or raise cluster.etcd.quota."
    disarm
}

# disarm: each NOSPACE by its name, for etcdctl knows only all alarms at once, and one of the other kind may have come just
# now. https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
disarm() {
    sed -n 's/^memberID:\([0-9]*\) alarm:NOSPACE.*/\1/p' "$work/alarms" | while read -r id; do
        printf '{"action":"DEACTIVATE","memberID":"%s","alarm":"NOSPACE"}' "$id" |
            curl -fsS --noproxy '*' --max-time 10 --cacert "$etcd_pki/ca.crt" --cert "$etcd_pki/server.crt" \
                --key "$etcd_pki/server.key" --data @- -o /dev/null https://127.0.0.1:2379/v3/maintenance/alarm
    done
    say "etcd takes writes again: its file is below the quota of $(mebibytes "$limit")"
}
