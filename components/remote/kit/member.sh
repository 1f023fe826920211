# shellcheck shell=sh disable=SC2016,SC2034,SC2086,SC2154
# Membership: what the API knows of a node that only an administrator may say or take back. It runs on a control plane, so
# that a machine which is gone can still be taken out.
#
# Standard input of apply, one line each:
#   address IP              by which the node may ask for serving certificates
#   label KEY=VALUE
#   taint KEY[=VALUE]:EFFECT
#
# What was applied is kept in the ConfigMap kube-system/slipway-members, one key for each node: every control plane's
# approver reads it, and a label that vanishes from the manifest is known by it.

members="-n kube-system configmap slipway-members"

# Kubelets register with it, so that no pod comes before the node has its own taints.
uninitialized=slipway.build/uninitialized:NoSchedule

# As the manifests have it: "NODE address IP", "NODE label KEY=VALUE", "NODE taint KEY=VALUE:EFFECT".
members_template='{{range $name, $text := .data}}{{$name}}{{"\n"}}{{$text}}{{"\f\n"}}{{end}}'
nodes_template='{{range .items}}{{$n := .metadata.name}}{{$n}} node{{"\n"}}{{range $k, $v := .metadata.labels}}{{$n}} label {{$k}}={{$v}}{{"\n"}}{{end}}{{range .spec.taints}}{{$n}} taint {{.key}}{{with .value}}={{.}}{{end}}:{{.effect}}{{"\n"}}{{end}}{{end}}'

admin_kubectl() {
    kubectl --kubeconfig "$admin" $elsewhere "$@"
}

elsewhere=''

# look_for_api: where this control plane's API server isn't ready (its etcd may just have been taken out), another one is
# spoken to from here on
look_for_api() {
    elsewhere=''
    if [ ! -f "$state/etcd-peers" ] || api_answers ''; then
        return 0
    fi
    for peer in $(tr , ' ' <"$state/etcd-peers"); do
        if api_answers "$peer"; then
            elsewhere="--server https://$peer:${host##*:} --tls-server-name ${host%:*}"
            return
        fi
    done
}

# ask_members NODES RECORDS: the Node objects as they are and the manifests that were applied, in the same form
ask_members() {
    admin_kubectl get nodes -o "go-template=$nodes_template" >"$1" &
    admin_kubectl get $members --ignore-not-found -o "go-template=$members_template" >"$work/members" || return 1
    wait $! || return 1
    awk 'name == "" { name = $0; next } $0 == "\f" { name = ""; next } $0 != "" { sub(/\f$/, ""); print name, $0 }' \
        "$work/members" >"$2"
}

# member_differences LIVE APPLIED [WANTED]: lines "NODE<tab>SENTENCE<tab>WHAT<tab>WORD" for what differs on Node objects
# from WANTED (by default what was applied). WHAT is label or taint; WORD is kubectl's for mending it.
member_differences() {
    awk -v uninitialized="$uninitialized" '
        function key(text) { return $2 == "label" ? substr(text, 1, index(text, "=") - 1) : bare(text) }
        function bare(taint,    k) { k = taint; sub(/[=:].*/, "", k); return k taint_effect(taint) }
        function taint_effect(taint) { return substr(taint, index(taint, ":")) }
        function report(node, sentence, what, word) { print node "\t" sentence "\t" what "\t" word }
        pass == 1 && $2 == "node" { known[$1] = 1; next }
        pass == 1 { live[$1, $2, key($3)] = $3; if ($3 == uninitialized) fresh[$1] = 1; next }
        pass == 2 { if ($2 == "label" || $2 == "taint") applied[$1, $2, key($3)] = $3; next }
        { nodes[$1] = 1 }
        $2 != "label" && $2 != "taint" { next }
        { wanted[$1, $2, key($3)] = 1 }
        !($1 in known) { next }
        !(($1, $2, key($3)) in live) { report($1, $2 " " key($3) " is missing", $2, $3); next }
        live[$1, $2, key($3)] != $3 { report($1, $2 " " key($3) " is " live[$1, $2, key($3)] " instead of " $3, $2, $3) }
        END {
            for (node in nodes) if (!(node in known)) report(node, "the API has no Node object " node, "node", "-")
            for (node in fresh) if (node in nodes) report(node, "taint " uninitialized " is still there", "taint", uninitialized "-")
            for (one in applied) {
                split(one, part, SUBSEP)
                if ((part[1] in nodes) && !(one in wanted) && (one in live))
                    report(part[1], part[2] " " part[3] " is there and was taken out", part[2], part[3] "-")
            }
        }' pass=1 "$1" pass=2 "$2" pass=3 "${3:-$2}"
}

apply_membership() {
    sed "s/^/$node /" >"$work/wanted"
    if [ -n "$lost" ]; then
        expel_known_member
        say "$node is lost: nothing was asked of it"
        return
    fi
    await "$join_limit" know_member || fail "The API knows no node $node, or doesn't answer $(uname -n):" \
        "look at 'journalctl -u kubelet' on $node."
    awk -v node="$node" '$1 == node' "$work/applied" >"$work/before"
    member_differences "$work/live" "$work/before" "$work/wanted" >"$work/differences"
    # Written down before the first change: after a kill, what vanished is still known.
    remember_member "$work/before" "$work/wanted"
    say_of_node label &
    await_network
    say_of_node taint
    wait $!
    remember_member "$work/wanted"
    mkdir -p "$state/generations" "$state/members"
    sort -u "$work/wanted" >"$state/members/$node"
    [ -z "$generation" ] || printf '%s\n' "$generation" >"$state/generations/member.$node"
    cut -f 2 "$work/differences" | while read -r sentence; do changed "$sentence"; done
}

know_member() {
    ask_members "$work/live" "$work/applied" 2>/dev/null && grep -q -x "$node node" "$work/live"
}

# await_network: pods that come to a node before the pod network does fail to start, again and again. So the taint with
# which it registered stays until flanneld has said the node's address; or for 20 s where it doesn't.
await_network() {
    [ "$network" = flannel ] && grep -q -x -F "$node taint $uninitialized" "$work/live" || return 0
    admin_kubectl wait node "$node" --for 'jsonpath={.metadata.annotations.flannel\.alpha\.coreos\.com/public-ip}' \
        --request-timeout 30s --timeout 20s >/dev/null 2>&1 || true
}

# say_of_node label|taint: keys, values and effects hold no white space
say_of_node() {
    words=$(awk -F '\t' -v what="$1" '$3 == what { print $4 }' "$work/differences")
    [ -z "$words" ] || admin_kubectl "$1" node "$node" --overwrite $words >/dev/null
}

# remember_member FILE…: the record of $node; without one it is forgotten
remember_member() {
    text=null
    [ $# = 0 ] || text=\"$(cat "$@" | cut -d ' ' -f 2- | sort -u | awk '{ printf "%s\\n", $0 }')\"
    printf '{"data":{"%s":%s}}' "$node" "$text" >"$work/patch.new"
    ! cmp -s "$work/patch.new" "$work/patch" || return 0
    mv "$work/patch.new" "$work/patch"
    patch="patch $members --type merge --patch-file $work/patch"
    admin_kubectl $patch >/dev/null 2>&1 && return
    # It is there from the first member on; another one may be quicker.
    admin_kubectl create $members >/dev/null 2>&1 || true
    admin_kubectl $patch >/dev/null
}

# remember_address: before a kubelet asks for its serving certificate
remember_address() {
    [ -n "$address" ] || return 0
    printf '%s address %s\n' "$node" "$address" >"$work/address"
    address_of "$node" | grep -q -x -F "$address" || remember_member "$work/address"
}

# address_of NODE: by which it may ask for certificates
address_of() {
    admin_kubectl get $members --ignore-not-found -o "go-template={{if .data}}{{with index .data \"$1\"}}{{.}}{{end}}{{end}}" |
        sed -n 's/^address //p'
}

remove_membership() {
    cat >/dev/null
    look_for_api
    name=$(admin_kubectl get node "$node" --ignore-not-found -o name) ||
        fail "The API doesn't answer on $(uname -n), so $node is still a member: bring it back, then run this again."
    if [ -n "$name" ]; then
        [ -n "$lost" ] || drain
        look_for_api
        admin_kubectl delete node "$node" --ignore-not-found --wait=false >/dev/null
        changed "node $node is out of the cluster"
    fi
    forget_requests
    admin_kubectl -n kube-node-lease delete lease "$node" --ignore-not-found >/dev/null
    [ -z "$(address_of "$node")" ] || remember_member
    [ -z "$lost" ] || expel_known_member
    rm -f "$state/generations/member.$node" "$state/members/$node"
}

# expel_known_member: the vote of a control plane that is lost; one that is there gives it up by itself, when its API
# server has ended its work
expel_known_member() {
    others=$etcd_own
    [ ! -f "$state/etcd-peers" ] || others=$others,$(etcd_urls "$(cat "$state/etcd-peers")")
    if [ -x "$etcd_bin/etcdctl" ] && list_members "$others"; then
        expel_member "$others"
    fi
}

# A kubelet that says nothing can't end its pods; what is left of the machine is cleaned without it.
drain() {
    if [ "$(admin_kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = Unknown ]; then
        admin_kubectl cordon "$node" >/dev/null
        say "the kubelet of $node gives no sign of life: its pods were not drained"
        return
    fi
    # Pods without a controller and the content of their empty directories end with the machine.
    admin_kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data --force --timeout "${seconds}s" \
        >"$work/drain" 2>&1 && return
    held=$(sed -n 's/^error when evicting pods\/"\([^"]*\)" -n "\([^"]*\)".*disruption budget.*/\2\/\1/p' "$work/drain" |
        sort -u | paste -s -d ' ')
    [ -z "$held" ] || fail "$node was not drained within $seconds s: a PodDisruptionBudget keeps $held" \
        "('kubectl get pdb -A' shows which). Give it another replica, or relax the budget, then run this again;" \
        "until then $node stays in the cluster and takes no new pods ('kubectl uncordon $node' undoes that)."
    tail -n 5 "$work/drain" >&2
    fail "$node was not drained within $seconds s (the last lines are above). It stays in the cluster and takes no new pods:" \
        "run this again, or give it more time by cluster.drainSeconds."
}

# Certificate requests and bootstrap tokens, which nobody needs any more.
forget_requests() {
    requests=$(admin_kubectl get csr -o 'go-template={{range .items}}{{.metadata.name}} {{.spec.username}} {{.spec.request}}{{"\n"}}{{end}}' |
        while read -r name user request; do
            case $user in
                "system:node:$node") echo "$name" ;;
                system:bootstrap:*)
                    echo "$request" | base64 -d | openssl req -noout -subject -nameopt RFC2253 2>/dev/null |
                        grep -q -x -F "subject=CN=system:node:$node,O=system:nodes" && echo "$name"
                    ;;
            esac || true
        done)
    [ -z "$requests" ] || admin_kubectl delete csr --ignore-not-found $requests >/dev/null
    description=$(printf 'for the node %s' "$node" | base64 -w 0)
    tokens=$(admin_kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token \
        -o "go-template={{range \$one := .items}}{{with .data.description}}{{if eq . \"$description\"}}{{\$one.metadata.name}} {{end}}{{end}}{{end}}")
    [ -z "$tokens" ] || admin_kubectl -n kube-system delete secret --ignore-not-found $tokens >/dev/null
}

# probe_members: a member's generation is the step's as this machine knows it, plus one where the API differs.
probe_members() {
    [ -f "$root$admin" ] || return 0
    set -- "$state"/generations/member.*
    [ -f "$1" ] || return 0
    {
        for file; do
            known_generation "${file##*/member.}" "$file"
        done
        if ask_members "$work/live" "$work/applied" 2>/dev/null; then
            member_differences "$work/live" "$work/applied" | awk -F '\t' -v OFS='\t' '{ print "differs", $1, $2 }'
            records_of_another_time
        fi
    } | report_drift
}

# records_of_another_time: a snapshot that was put back holds what was said at its time.
records_of_another_time() {
    set -- "$state"/members/*
    [ -f "$1" ] || return 0
    awk -v OFS='\t' '
        function node_of(file) { sub(/.*\//, "", file); return file }
        pass == 1 { if (!($0 in applied)) records[$1]++; applied[$0] = 1; next }
        { records[node_of(FILENAME)] += ($0 in applied) ? -1 : 1 }
        END {
            for (i = 3; i < ARGC; i++)
                if (ARGV[i] ~ /\// && records[node_of(ARGV[i])]) print "differs", node_of(ARGV[i]), "the API\047s record of the node is of another time"
        }' pass=1 "$work/applied" pass=2 "$@"
}
