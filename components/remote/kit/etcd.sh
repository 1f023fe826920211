# shellcheck shell=sh disable=SC2154
# How a control plane comes into etcd's cluster, and how it leaves. Only the first one of a new cluster founds it; whoever
# else has no data joins those that have: as a learner, which votes on nothing until it knows everything
# (https://etcd.io/docs/v3.6/learning/design-learner/). A machine that was set up anew under its old name is one of them.

# In the state's folder:
#   etcd-initial.conf   what the first start of a member reads: https://etcd.io/docs/v3.6/op-guide/clustering/
#   etcd-founder        the first control plane may found a cluster as long as this is there
#   etcd-joining        from the moment when the others were told until this member votes
#   etcd-peers          addresses of the other control planes

# etcd_at ENDPOINTS WORD…: asks members, at most 10 s
etcd_at() {
    etcdctl_at "$@" --command-timeout=10s 2>"$work/etcd"
}

etcd_own=https://127.0.0.1:2379

# etcd_urls IP,IP…: where clients ask these members
etcd_urls() {
    echo "$1" | sed 's,[^\,][^\,]*,https://&:2379,g'
}

# list_members ENDPOINTS: to $work/etcd-members, "ID started|unstarted NAME|- PEER-URL LEARNER", words separated by tabs
list_members() {
    etcd_at "$1" member list >"$work/etcd-list" || return 1
    awk -F ', ' -v OFS='\t' '{ print $1, $2, ($3 == "" ? "-" : $3), $4, $6 }' "$work/etcd-list" >"$work/etcd-members"
}

# found_etcd: lets this machine found the cluster, unless it is in one already
found_etcd() {
    [ -e "$etcd_data/member" ] || : >"$state/etcd-founder"
}

# enter_etcd: before etcd's first start on this machine
enter_etcd() {
    grep -q "${tab}unit${tab}etcd.service${tab}" "$work/index" || return 0
    [ -z "$peers" ] || write_state etcd-peers "$peers"
    uproot_etcd
    if [ -e "$etcd_data/member" ]; then
        rm -f "$state/etcd-founder"
        [ -f "$state/etcd-sown" ] || rm -f "$state/seed.db"
    elif [ -z "$peers" ]; then
        start_cluster
    elif list_members "$(etcd_urls "$peers")"; then
        join_cluster
    elif [ -f "$state/etcd-founder" ]; then
        start_cluster
    else
        tail -n 3 "$work/etcd" >&2
        fail "$node has no data of etcd, and none of the other control planes ($peers) answers on port 2379, so it can't join" \
            "them. It founds no second cluster beside them: bring one of them back, then run this again; where all of them" \
            "are gone for good, see docs/recovering.md."
    fi
}

start_cluster() {
    initial_settings new "$node=$(peer_url)"
    [ ! -f "$state/seed.db" ] || sow_etcd
    say "$node founds the cluster's etcd"
}

# initial_settings new|existing NAME=URL,…
initial_settings() {
    owner_of_node=$(cat "$state/owner")
    printf 'ETCD_INITIAL_CLUSTER_STATE="%s"\nETCD_INITIAL_CLUSTER="%s"\nETCD_INITIAL_CLUSTER_TOKEN="%s"\n' \
        "$1" "$2" "${owner_of_node%%:*}" >"$state/etcd-initial.conf.new"
    mv "$state/etcd-initial.conf.new" "$state/etcd-initial.conf"
}

# peer_url: by which the other members know this one
peer_url() {
    sed -n 's/^ETCD_INITIAL_ADVERTISE_PEER_URLS="\(.*\)"$/\1/p' "$root/etc/kubernetes/etcd.conf"
}

# join_cluster: the list is that of the living members
join_cluster() {
    rm -f "$state/etcd-founder" "$state/seed.db" "$state/etcd-sown"
    : >"$state/etcd-joining"
    self=$(peer_url)
    others=$(etcd_urls "$peers")
    # It was one of them, and its data is gone: what it was must leave before it comes again.
    awk -F '\t' -v name="$node" -v url="$self" '$2 == "started" && ($3 == name || $4 == url) { print $1 }' \
        "$work/etcd-members" >"$work/former"
    while read -r member <&4; do
        await 30 take_vote "$others" "$member" || refuse_member "can't take the place of what it was before"
    done 4<"$work/former"
    await 60 add_member || refuse_member "can't join"
    # One that is joining has no name yet.
    initial_settings existing "$(awk -F '\t' -v url="$self" -v name="$node" \
        '{ printf "%s%s=%s", sep, ($4 == url ? name : $3 == "-" ? $1 : $3), $4; sep = "," }' "$work/etcd-members")"
    say "$node joins the cluster's etcd"
}

# take_vote ENDPOINTS ID: of a member, also where it was the one that answered, and its answer was lost
take_vote() {
    etcd_at "$1" member remove "$2" >/dev/null || { list_members "$1" && ! grep -q "^$2$tab" "$work/etcd-members"; }
}

# add_member: as a learner, unless an earlier run has told the others; one of them at a time
add_member() {
    list_members "$others" || return 1
    ! grep -q "$tab$self$tab" "$work/etcd-members" || return 0
    etcd_at "$others" member add "$node" --learner --peer-urls "$self" >/dev/null && list_members "$others"
}

refuse_member() {
    tail -n 3 "$work/etcd" >&2
    fail "$node $1 in etcd's cluster of $peers (etcd's last words are above): more than half of its members must be well." \
        "Bring them back, or take out one that is gone for good (\`slipway forget\`), then run this again."
}

# promote_member: when it has everything it votes. Until then it answers nobody, so that no API server can stand on it.
promote_member() {
    [ -f "$state/etcd-joining" ] || return 0
    await 300 is_voter || {
        tail -n 3 "$work/etcd" >&2
        fail "etcd on $node has not come up to date with the others in 300 s (its last words are above):" \
            "look at 'journalctl -u etcd' there, then run this again."
    }
    rm -f "$state/etcd-joining"
    changed "$node votes in etcd"
}

is_voter() {
    others=$(etcd_urls "$(cat "$state/etcd-peers")")
    list_members "$others" || return 1
    member=$(awk -F '\t' -v url="$(peer_url)" '$4 == url { print $1, $5 }' "$work/etcd-members")
    case $member in
        *' false') return 0 ;;
        *' true') etcd_at "$others" member promote "${member% *}" >/dev/null ;;
        *) return 1 ;;
    esac
}

# keep_quorum: before a member or an API server of several is stopped, so that its turn takes nothing from anybody. Of two
# members each is needed, and what isn't well isn't missed.
keep_quorum() {
    stops=$(cut -f 4 "$work/differences" | sed -n 's/^unit \(etcd\|kube-apiserver\)\.service: .*/\1/p')
    if [ -z "$peers" ] || [ -z "$stops" ] || ! etcd_at "$etcd_own" endpoint health >/dev/null || ! list_members "$etcd_own"; then
        return 0
    fi
    [ "$(voters)" -gt 2 ] || return 0
    look_at_others
    # shellcheck disable=SC2086
    [ "$(count $well)" -gt $(($(voters) / 2)) ] || fail "$node was not touched: without its etcd $(count $well) of $(voters)" \
        "members would be well${well:+ (}${well# }${well:+)}, and more than half are needed. Bring the others back, or take out" \
        "one that is gone for good (\`slipway forget\`), then run this again."
    [ -n "$ready" ] || fail "$node was not touched: no other API server is ready (asked: $addresses). Look at" \
        "'journalctl -u kube-apiserver' there, then run this again."
}

voters() {
    awk -F '\t' '$5 == "false"' "$work/etcd-members" | wc -l
}

count() {
    echo $#
}

# look_at_others: which of the other voters are $well, and whose API servers are $ready. By the members' own addresses:
# one that is about to leave isn't among the peers any more, and counts as long as it votes.
look_at_others() {
    addresses=$(awk -F '\t' -v name="$node" '$5 == "false" && $3 != name { split($4, part, /\/\/|:[0-9]*$/); print part[2] }' \
        "$work/etcd-members" | paste -s -d ' ')
    well='' ready=''
    for other in $addresses; do
        ! etcd_at "$(etcd_urls "$other")" endpoint health >/dev/null || well="$well $other"
        ! api_answers "$other" || ready="$ready $other"
    done
}

# api_answers IP: whether the API server of that control plane says that it is ready; of the one that the API's name
# leads to here, where no address is given
api_answers() {
    server=$(api_server "$admin")
    host=${server#https://}
    curl -fsS --noproxy '*' --max-time 5 -o /dev/null --cacert "$root/etc/kubernetes/pki/ca.crt" \
        ${1:+--resolve} ${1:+"${host%:*}:${host##*:}:$1"} "$server/readyz" 2>/dev/null
}

# leave_etcd: with its step a control plane gives up its vote, after what stands on it here; the last one takes the data
# with it
leave_etcd() {
    [ -e "$etcd_data/member" ] && [ -x "$etcd_bin/etcdctl" ] || return 0
    others=$(etcd_urls "$(cat "$state/etcd-peers" 2>/dev/null || true)")
    if ! list_members "${others:-$etcd_own}"; then
        say "no other member of etcd answers, so that this one leaves without a word"
        return 0
    fi
    has_vote || return 0
    look_at_others
    rest=$(($(voters) - 1))
    # shellcheck disable=SC2086
    [ "$(count $well)" -gt $((rest / 2)) ] || refuse_leaving
    stop_above_etcd
    expel_member "$others"
}

stop_above_etcd() {
    for unit in ${control_plane_units% etcd}; do
        timeout "$start_limit" systemctl stop "$unit" 2>/dev/null || true
    done
}

# give_up_port: a control plane that shall be a worker is one until its control-plane step is removed, and its API server
# has the port that the worker's proxy is to have. It stops now, with all that would start it again, and doesn't come back
# at boot; etcd votes on.
give_up_port() {
    if [ -n "$(known_manifest control-plane)" ] && grep -q "${tab}unit${tab}kube-api-proxy.service${tab}" "$work/index"; then
        stop_above_etcd
        # shellcheck disable=SC2086
        systemctl --no-reload --quiet disable ${control_plane_units% etcd} 2>/dev/null || true
    fi
}

# expel_member ENDPOINTS: takes $node out of etcd's cluster, if it is in there and not alone; and what its API server said
# of itself, which goes by itself within an hour where a new leader of etcd takes its time
expel_member() {
    has_vote || return 0
    await 30 take_vote "$1" "$member" || {
        tail -n 3 "$work/etcd" >&2
        refuse_leaving
    }
    changed "$node is out of etcd's cluster"
    look_for_api
    await 15 admin_kubectl -n kube-system delete leases --selector \
        "apiserver.kubernetes.io/identity=kube-apiserver,kubernetes.io/hostname=$node" >/dev/null || true
}

# has_vote: whether $node is a $member and not the only one
has_vote() {
    member=$(awk -F '\t' -v name="$node" '$3 == name { print $1 }' "$work/etcd-members")
    [ -n "$member" ] && [ "$(wc -l <"$work/etcd-members")" -gt 1 ]
}

refuse_leaving() {
    fail "$node can't leave etcd's cluster: without it more than half of the members must be well (these are:${well:- none})." \
        "Bring the others back, or take out one that is gone for good (\`slipway forget\`), then run this again."
}
