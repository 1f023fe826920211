# shellcheck shell=sh disable=SC2034,SC2154
# A node makes itself free of pods, and takes them again, by its kubelet's own credential. That one may cordon its node,
# list and evict its pods, and nothing else: so no DaemonSet is asked for, and what has gone is seen by listing.

own_kubectl() {
    kubectl --kubeconfig /var/lib/kubelet/kubeconfig "$@"
}

# drain_node WHY: cordons, evicts, waits until only pods of DaemonSets and files are left; $seconds at most
drain_node() {
    say "draining $node $1"
    cordon_node || fail "The API doesn't answer $(uname -n), so $node was not drained $1 and goes on as it was:" \
        "bring a control plane back, then run this again."
    until=$(($(date +%s) + seconds))
    while :; do
        if evictable_pods >"$work/pods" 2>"$work/drain"; then
            [ -s "$work/pods" ] || return 0
            evict_pods
        fi
        [ "$(date +%s)" -lt "$until" ] || refuse_to_drain "$1"
        sleep 0.5
    done
}

cordon_node() {
    is=$(own_kubectl get node "$node" -o 'jsonpath={.spec.unschedulable}') || return 1
    [ "$is" != true ] || return 0
    # Before it is done, so that it is undone after a kill, too; what somebody else cordoned stays so.
    : >"$state/cordoned"
    own_kubectl patch node "$node" -p '{"spec":{"unschedulable":true}}' >/dev/null
}

# A node that was cordoned here takes pods again.
uncordon_node() {
    [ -f "$state/cordoned" ] || return 0
    own_kubectl patch node "$node" -p '{"spec":{"unschedulable":null}}' >/dev/null || return 1
    rm "$state/cordoned"
}

# evictable_pods: lines "NAMESPACE NAME [going]"; what has ended needs no room, and a DaemonSet's pod would come back
evictable_pods() {
    own_kubectl get pods -A --field-selector "spec.nodeName=$node" -o 'go-template={{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{.status.phase}} {{range .metadata.ownerReferences}}{{.kind}},{{end}}. {{with .metadata.deletionTimestamp}}going{{end}}{{"\n"}}{{end}}' |
        awk '$3 != "Succeeded" && $3 != "Failed" && $4 !~ /DaemonSet,|Node,/ { print $1, $2, $5 }'
}

# evict_pods: asks once for each that doesn't go yet; answers of refusal to $work/held, "NAMESPACE/NAME TEXT"
evict_pods() {
    : >"$work/held"
    server=$(api_server /var/lib/kubelet/kubeconfig)
    while read -r namespace pod going <&6; do
        [ -z "$going" ] || continue
        printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"%s","name":"%s"}}' \
            "$namespace" "$pod" >"$work/eviction"
        # Not by kubectl, which keeps the budget's name to itself.
        code=$(curl -sS --noproxy '*' --max-time 10 -o "$work/answer" -w '%{http_code}' \
            --cacert /etc/kubernetes/pki/ca.crt --cert "$client_certificate" --key "$client_certificate" \
            -H 'Content-Type: application/json' -d "@$work/eviction" \
            "$server/api/v1/namespaces/$namespace/pods/$pod/eviction" 2>/dev/null) || true
        [ "$code" != 429 ] || printf '%s/%s %s\n' "$namespace" "$pod" \
            "$(grep -o 'The disruption budget [^"]*' "$work/answer" | head -n 1)" >>"$work/held"
    done 6<"$work/pods"
}

# refuse_to_drain WHY: the node takes pods again, since nothing was stopped yet
refuse_to_drain() {
    uncordon_node || true
    if [ -s "$work/held" ]; then
        sed 's/^\([^ ]*\) \(.*\)$/  \1: \2/' "$work/held" >&2
        fail "$node was not drained $1 within $seconds s: a PodDisruptionBudget keeps the pods above. Give them another" \
            "replica or another node, or relax the budget, then run this again; until then $node goes on as it was."
    fi
    tail -n 3 "$work/drain" >&2
    fail "$node was not drained $1 within $seconds s:" \
        "$(awk '{ printf "%s%s/%s", sep, $1, $2; sep = ", " }' "$work/pods") did not end. Run this again, or give it" \
        "more time by cluster.drainSeconds; until then $node goes on as it was."
}

# note_readiness: sets $was_ready on a node whose kubelet restarts in this run and that is Ready: it has to be that again
note_readiness() {
    was_ready=''
    if [ -e "$root$client_certificate" ] && cut -f 4 "$work/differences" | grep -q '^unit kubelet\.service: '; then
        case $(own_node '{.status.conditions[?(@.type=="Ready")].status}') in True) was_ready=yes ;; esac
    fi
}

own_node() {
    own_kubectl get node "$node" -o "jsonpath=$1" 2>/dev/null || true
}

# await_own_node WANTED: until the API says that the node is Ready with this runtime ("containerd", "docker"), said by the
# kubelet that runs now
await_own_node() {
    started=$(date -u -d "$(systemctl show -P ActiveEnterTimestamp kubelet.service)" +%Y-%m-%dT%H:%M:%SZ)
    await 120 own_node_is_ready "$1" "$started" || {
        journalctl --no-pager -q -n 20 -o cat -u kubelet.service | without_secrets >&2 || true
        fail "$node is not Ready with $1 after 120 s (the last lines of its kubelet are above)." \
            "Look at 'journalctl -u kubelet' on $(uname -n), mend the cause and run this again."
    }
}

# own_node_is_ready RUNTIME SINCE
own_node_is_ready() {
    own_node '{.status.nodeInfo.containerRuntimeVersion} {.status.nodeInfo.kubeletVersion} {range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}' |
        awk -v runtime="$1://" -v since="$2" -v version="$(wanted_version /opt/k8s/kubernetes)" '
            { well = index($1, runtime) == 1 && (version == "" || $2 == "v" version) && $3 == "True" && $4 >= since }
            END { exit !well }'
}
