# shellcheck shell=sh disable=SC2012,SC2015,SC2154
# Snapshots of etcd: taken, kept, handed out, and put back. Only on control planes.

etcd_bin=/opt/etcd/current
etcd_pki=/etc/etcd/pki
etcd_data=/var/lib/etcd

# What needs another comes before it; restart_units says why.
control_plane_units="kube-csr-approver kube-scheduler kube-controller-manager kube-apiserver etcd"

own_etcdctl() {
    ETCDCTL_API=3 "$etcd_bin/etcdctl" --endpoints https://127.0.0.1:2379 --cacert "$etcd_pki/ca.crt" \
        --cert "$etcd_pki/server.crt" --key "$etcd_pki/server.key" --command-timeout=300s "$@"
}

# take_snapshot: into $folder, where the newest $keep stay; sets $snapshot. One that was cut off has a hidden name, and
# goes with the next one.
take_snapshot() {
    [ -n "$folder" ] || fail "A snapshot needs folder=PATH."
    [ -x "$etcd_bin/etcdctl" ] || fail "$(uname -n) has no etcd, so there is nothing to take a snapshot of."
    mkdir -p "$folder" "$run"
    exec 6>"$run/snapshot.lock"
    flock 6
    rm -f "$folder"/.etcd-*
    snapshot=$folder/etcd-$(date -u +%Y%m%dT%H%M%SZ).db
    draft=$folder/.${snapshot##*/}
    own_etcdctl snapshot save "$draft" >"$work/snapshot" 2>&1 &&
        "$etcd_bin/etcdutl" snapshot status "$draft" >"$work/snapshot" 2>&1 || {
        rm -f "$draft"*
        tail -n 5 "$work/snapshot" >&2
        fail "No snapshot of etcd on $(uname -n) (its last lines are above): look at 'journalctl -u etcd' and at the" \
            "free space of $folder."
    }
    mv "$draft" "$snapshot"
    ls "$folder"/etcd-*.db | sort -r | tail -n "+$((keep + 1))" | xargs -r rm -f --
    exec 6>&-
}

# take_snapshots: one every $hours, for ever; what was taken before a restart counts. The first comes after 10 minutes:
# a cluster that is being built has other things to do.
take_snapshots() {
    [ "$hours" -gt 0 ] || fail "Snapshots need hours=N."
    first=$(($(date +%s) + 600))
    while :; do
        newest=$(ls -t "$folder"/etcd-*.db 2>/dev/null | head -n 1)
        due=$first
        [ -z "$newest" ] || due=$(($(stat -c %Y "$newest") + hours * 3600))
        now=$(date +%s)
        if [ "$due" -gt "$now" ]; then
            sleep $((due - now))
        else
            # A failure is said in the journal; a full disk or a lost quorum may be over in a minute.
            (take_snapshot && say "$snapshot") || sleep 60
        fi
    done
}

# give_snapshot: a new one: its name, its SHA-256, and its text as base64 of gzip
give_snapshot() {
    take_snapshot
    echo "${snapshot##*/}"
    sha256sum "$snapshot" | cut -d ' ' -f 1
    gzip -c -1 "$snapshot" | base64 -w 0
}

# Putting one back is four verbs, so that the operator's machine can keep several control planes in step: take the file
# on all of them, stop all, put all, start all. Until `done`, `back` undoes it.

restore_take() {
    [ -x "$etcd_bin/etcdutl" ] || fail "$(uname -n) has no etcd yet: build the cluster first."
    base64 -d | gunzip >"$state/restore.db.new" 2>/dev/null && "$etcd_bin/etcdutl" snapshot status "$state/restore.db.new" >"$work/status" 2>&1 || {
        rm -f "$state/restore.db.new"
        fail "What came to $(uname -n) is no whole snapshot of etcd. Nothing was changed."
    }
    mv "$state/restore.db.new" "$state/restore.db"
    # What an earlier restore has kept is of use only while its data isn't at work.
    [ "$(systemctl is-active etcd)" != active ] || rm -rf "$etcd_data/.before"
    # Beside the member's folder, for the data may lie on a disk of its own.
    rm -rf "$etcd_data/.restored"
    "$etcd_bin/etcdutl" snapshot restore "$state/restore.db" --name "$node" --initial-cluster "$peers" \
        --initial-cluster-token "$token" --initial-advertise-peer-urls "https://$address:2380" \
        --bump-revision 1000000000 --mark-compacted --data-dir "$etcd_data/.restored" >"$work/restored" 2>&1 || {
        tail -n 5 "$work/restored" >&2
        rm -rf "$etcd_data/.restored" "$state/restore.db"
        fail "The snapshot can't be unpacked on $(uname -n) (the last lines are above). Nothing was changed."
    }
    chown -R etcd:etcd "$etcd_data/.restored"
    rm -f "$state/restore.db"
}

# Pods go on running; nobody can change anything meanwhile.
restore_stop() {
    # shellcheck disable=SC2086
    timeout 180 systemctl stop $control_plane_units
}

restore_put() {
    [ -d "$etcd_data/.restored/member" ] || fail "$(uname -n) has no snapshot to put in place: run this from its start."
    # Where an earlier run was cut off here, what there was before it is kept, not what it put.
    [ -d "$etcd_data/.before" ] || mv "$etcd_data/member" "$etcd_data/.before"
    rm -rf "$etcd_data/member"
    mv "$etcd_data/.restored/member" "$etcd_data/member"
    rm -rf "$etcd_data/.restored"
}

# back: what was there before, where it is still kept
restore_back() {
    rm -rf "$etcd_data/.restored" "$state/restore.db"
    [ -d "$etcd_data/.before" ] || return 0
    rm -rf "$etcd_data/member"
    mv "$etcd_data/.before" "$etcd_data/member"
}

# start: ends when this machine's API server answers and every secret can be read, which needs the key of that time
restore_start() {
    # shellcheck disable=SC2086
    systemctl reset-failed $control_plane_units 2>/dev/null || true
    # shellcheck disable=SC2086
    timeout 180 systemctl start $control_plane_units || fail "The control plane of $(uname -n) doesn't start:" \
        "see 'journalctl -u etcd -u kube-apiserver'."
    await_api
    command /opt/k8s/kubernetes/kubectl --kubeconfig "$admin" --request-timeout=60s get secrets -A -o name \
        >/dev/null 2>"$work/secrets" || {
        tail -n 3 "$work/secrets" >&2
        fail "The secrets of this snapshot can't be read on $(uname -n): it is of another cluster, or of a time with" \
            "another encryption key."
    }
}

restore_done() {
    rm -rf "$etcd_data/.before"
}
