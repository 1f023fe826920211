# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# Snapshots of etcd: taken, kept, handed out. Only on control planes.

etcd_bin=/opt/etcd/current
etcd_pki=/etc/etcd/pki
etcd_data=/var/lib/etcd

# What needs another comes before it; bring_up says why.
control_plane_units="kube-csr-approver kube-scheduler kube-controller-manager kube-apiserver etcd"

# etcdctl_at ENDPOINTS WORD…: asks any of these members
etcdctl_at() {
    endpoints=$1
    shift
    "$etcd_bin/etcdctl" --endpoints "$endpoints" --cacert "$etcd_pki/ca.crt" --cert "$etcd_pki/server.crt" \
        --key "$etcd_pki/server.key" "$@"
}

own_etcdctl() {
    etcdctl_at "$etcd_own" --command-timeout=300s "$@"
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
    newest_snapshots | tail -n "+$((keep + 1))" | sed "s|^|$folder/|" | xargs -r rm -f --
    exec 6>&-
}

# newest_snapshots [COUNT]: names in $folder, the newest first
newest_snapshots() {
    find "$folder" -maxdepth 1 -type f -name 'etcd-[0-9]*.db' -printf '%f\n' 2>/dev/null | sort -r | head -n "${1:-1000000}"
}

# take_snapshots: one every $hours, for ever; what was taken before a restart counts. The first comes after 10 minutes:
# a cluster that is being built has other things to do.
take_snapshots() {
    [ "$hours" -gt 0 ] || fail "Snapshots need hours=N."
    first=$(($(date +%s) + 600))
    while :; do
        newest=$(newest_snapshots 1)
        due=$first
        [ -z "$newest" ] || due=$(($(stat -c %Y "$folder/$newest") + hours * 3600))
        now=$(date +%s)
        if [ "$due" -gt "$now" ]; then
            sleep $((due - now))
        else
            # A full disk or a lost quorum may be over in a minute.
            attempt snapshots say_snapshot || sleep 60
        fi
    done
}

say_snapshot() {
    take_snapshot
    say "$snapshot"
}

# give_snapshot: a new one: its name, its SHA-256, and its text as base64 of gzip
give_snapshot() {
    take_snapshot
    give_file "$snapshot" "${snapshot##*/}"
}

# give_file PATH NAME
give_file() {
    echo "$2"
    sha256 <"$1"
    gzip -c -1 "$1" | base64 -w 0
}
