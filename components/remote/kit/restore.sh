# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# Putting a snapshot back is four verbs, so that the operator's machine can keep several control planes in step: take the
# file on all of them, stop all, put all, start all. Until `done`, `back` undoes it. `recover` shares the last ones.

restore_take() {
    [ -x "$etcd_bin/etcdutl" ] || fail "$(uname -n) has no etcd yet: build the cluster first."
    base64 -d | gunzip >"$state/restore.db.new" 2>/dev/null && "$etcd_bin/etcdutl" snapshot status "$state/restore.db.new" >"$work/status" 2>&1 || {
        rm -f "$state/restore.db.new"
        fail "What came to $(uname -n) is no whole snapshot of etcd. Nothing was changed."
    }
    mv "$state/restore.db.new" "$state/restore.db"
    # What an earlier restore has kept is of use only while its data isn't at work.
    [ "$(systemctl is-active etcd)" != active ] || rm -rf "$etcd_data/.before"
    unpack_data "$state/restore.db" --name "$node" --initial-cluster "$peers" \
        --initial-advertise-peer-urls "https://$address:2380" || {
        rm -f "$state/restore.db"
        fail "The snapshot can't be unpacked on $(uname -n) (the last lines are above). Nothing was changed."
    }
    rm -f "$state/restore.db"
}

# unpack_data FILE WORD…: makes $etcd_data/.restored of it: beside the member's folder, for the data may lie on a disk of
# its own. Revisions go on from the milliseconds in $token, so that whoever watches notices that time went back. Nobody
# writes a thousand times a second for long: they are beyond all that anybody has seen, also of a snapshot that was put back
# before this one. Whoever has seen more would wait until they are reached, and be deaf until then.
unpack_data() {
    rm -rf "$etcd_data/.restored"
    ahead=$((${token##*-} - $(revision_of "$1")))
    [ "$ahead" -gt 0 ] || ahead=1000000000
    "$etcd_bin/etcdutl" snapshot restore "$@" --initial-cluster-token "$token" --bump-revision "$ahead" --mark-compacted \
        --data-dir "$etcd_data/.restored" >"$work/restored" 2>&1 || {
        tail -n 5 "$work/restored" >&2
        rm -rf "$etcd_data/.restored"
        return 1
    }
    chown -R etcd:etcd "$etcd_data/.restored"
}

revision_of() {
    found=$(timeout 60 "$etcd_bin/etcdutl" snapshot status "$1" -w fields 2>/dev/null | sed -n 's/^"Revision" : //p')
    echo "${found:-0}"
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
    require_readable_secrets
}

require_readable_secrets() {
    command /opt/k8s/kubernetes/kubectl --kubeconfig "$admin" --request-timeout=60s get secrets -A -o name \
        >/dev/null 2>"$work/secrets" || {
        tail -n 3 "$work/secrets" >&2
        fail "The secrets of this snapshot can't be read on $(uname -n): it is of another cluster, or of a time with" \
            "another encryption key."
    }
}

# done: whatever it was before, the member votes now
restore_done() {
    rm -rf "$etcd_data/.before" "$state/recovering" "$state/etcd-joining"
}

# A machine whose etcd has never run has nothing to stop: what `restore` leaves there is what etcd begins with on the control
# plane that founds the cluster (etcd.sh); those that join it get their data from it. The snapshot stays until it has proved
# itself: until then another one may take its place, and no `up` takes the machine for an empty one.

# In the state's folder:
#   seed.db      the snapshot
#   etcd-sown    the digest of the one that the data here was made of, until it has proved itself

# look: "yes" where etcd has data, "no" where it has none, or none that must be kept
restore_look() {
    if [ ! -f "$state/etcd-sown" ] && { [ -d "$etcd_data/member" ] || [ -d "$etcd_data/.before" ]; }; then
        echo yes
    else
        echo no
    fi
}

# sow_etcd: before the first start. The cluster gets an identity of its own: members of the old one find nobody they know.
sow_etcd() {
    self=$(peer_url)
    token=${owner_of_node%%:*}-$(date +%s)000
    unpack_data "$state/seed.db" --name "$node" --initial-cluster "$node=$self" --initial-advertise-peer-urls "$self" ||
        fail "The snapshot that was left on $node can't be unpacked (the last lines are above), and etcd was not started:" \
            "run \`restore\` with another one, then this again."
    sha256 <"$state/seed.db" >"$state/etcd-sown"
    mv "$etcd_data/.restored/member" "$etcd_data/member"
    rm -rf "$etcd_data/.restored"
    changed "etcd begins with the snapshot that was left here"
}

# uproot_etcd: what was made of a snapshot that didn't prove itself goes when another one waits
uproot_etcd() {
    if [ ! -f "$state/etcd-sown" ] || [ ! -f "$state/seed.db" ] ||
        [ "$(sha256 <"$state/seed.db")" = "$(cat "$state/etcd-sown")" ]; then
        return 0
    fi
    restore_stop
    rm -rf "$etcd_data/member"
    : >"$state/etcd-founder"
    rm -f "$state/etcd-sown"
}

# trust_seed: an API that knows another cluster's things, or can't read its own, must not be asked by anybody
trust_seed() {
    (await_api && require_readable_secrets) || {
        restore_stop
        fail "The snapshot that was left on $node is of no use there (see above), so the control plane was stopped: run" \
            "\`restore\` with another one, then this again."
    }
    rm -f "$state/seed.db" "$state/etcd-sown"
}
