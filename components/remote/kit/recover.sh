# shellcheck shell=sh disable=SC2154
# When more than half of etcd's members are gone for good: what one of the others holds becomes a cluster of that one alone.
#
# Its file is unpacked like a snapshot, so that the new cluster has another identity: a member that was believed dead and
# comes back finds nobody it knows, and can't disturb it. etcd's own --force-new-cluster keeps the identity, and is
# discouraged for that. What a member has in its log and not yet in its file gets there when it is started, and while it
# runs within a tenth of a second, quorum or not; so a member that runs is let come to an end, and then stopped.
# https://etcd.io/docs/v3.6/op-guide/recovery/

# look: what this machine knows of the quorum, as one line of JSON
recover_look() {
    data=false recovering=false quorum=false revision=0
    [ ! -f "$state/recovering" ] || recovering=true
    if [ -d "$etcd_data/member" ] || [ -d "$etcd_data/.before" ]; then data=true; fi
    # Members have a leader as long as more than half of them hear each other.
    ! etcd_metrics | grep -q -x 'etcd_server_has_leader 1' || quorum=true
    [ "$data" = false ] || revision=$(known_revision)
    {
        member data "$data"
        member quorum "$quorum"
        member recovering "$recovering"
        member revision "$revision"
        member etcd "\"$(systemctl is-active etcd 2>/dev/null || true)\""
    } | paste -s -d , | sed 's/^/{/; s/$/}/'
}

# known_revision: of the member as it runs, which has its file for itself; or of its file
known_revision() {
    found=$(etcd_metrics | awk '$1 == "etcd_debugging_mvcc_current_revision" { printf "%.0f", $2 }')
    [ -n "$found" ] || found=$(revision_of "$(recovered_file)")
    echo "$found"
}

# Where an earlier run was cut off, what there was before it is the source, not what it made.
recovered_file() {
    if [ -d "$etcd_data/.before" ]; then echo "$etcd_data/.before/snap/db"; else echo "$etcd_data/member/snap/db"; fi
}

recover_take() {
    [ -x "$etcd_bin/etcdutl" ] || fail "$(uname -n) has no etcd, so there is nothing to recover."
    [ ! -d "$etcd_data/.before" ] || [ -f "$state/recovering" ] ||
        fail "A restore was cut off on $(uname -n): say that again first, for the data before it is still kept there."
    case $(systemctl is-active etcd) in active | activating) await 10 etcd_is_at_rest || true ;; esac
    restore_stop
    : >"$state/recovering"
    file=$(recovered_file)
    "$etcd_bin/etcdutl" snapshot status "$file" >"$work/status" 2>&1 || {
        tail -n 5 "$work/status" >&2
        fail "etcd's file $file on $(uname -n) is damaged (the last lines are above): recover another control plane, or" \
            "\`restore\` a snapshot."
    }
    # A file that is copied from a running member's folder carries no digest of its own.
    unpack_data "$file" --skip-hash-check --name "$node" --initial-cluster "$node=https://$address:2380" \
        --initial-advertise-peer-urls "https://$address:2380" ||
        fail "What etcd holds on $(uname -n) can't be unpacked (the last lines are above)."
}

# Everything that it knows to be agreed on is in its file, or on its way there for the last tenth of a second.
etcd_is_at_rest() {
    etcd_metrics | awk '$1 == "etcd_server_proposals_committed_total" { wanted = $2 } $1 == "etcd_server_proposals_applied_total" { done = $2 }
        END { exit !(wanted != "" && wanted == done) }' && sleep 0.3
}

# leave: as it was before, started without waiting for a quorum that isn't there
recover_leave() {
    restore_stop
    restore_back
    rm -f "$state/recovering"
    # shellcheck disable=SC2086
    systemctl start --no-block $control_plane_units
}
