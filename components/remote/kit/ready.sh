# shellcheck shell=sh disable=SC2154
# The gate before workloads: enough nodes for them to be spread, and no waiting for one that is dead.

# await_nodes: waits until all $nodes are Ready and on the pod network; after $patience seconds $minimum
# of them are enough, and without those it fails after $patience more.
await_nodes() {
    all=$nodes
    start=$(date +%s)
    while :; do
        ready=$(ready_nodes)
        waited=$(($(date +%s) - start))
        if [ "$ready" -ge "$all" ] || { [ "$waited" -ge "$patience" ] && [ "$ready" -ge "$minimum" ]; }; then
            say "$ready of $all nodes are Ready"
            return
        fi
        [ "$waited" -lt $((patience * 2)) ] || fail "Only $ready of $all nodes were Ready after $waited s, and $minimum" \
            "are needed: 'kubectl get nodes' on $(uname -n) names them, 'journalctl -u kubelet' there says why."
        sleep 0.5
    done
}

# ready_nodes: how many. Where flannel makes the pod network, a node is on it when flanneld has said its address.
ready_nodes() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=10s --kubeconfig "$admin" get nodes --no-headers \
        -o 'custom-columns=R:.status.conditions[?(@.type=="Ready")].status,F:.metadata.annotations.flannel\.alpha\.coreos\.com/public-ip' \
        2>/dev/null | awk -v network="$network" '$1 == "True" && (network != "flannel" || $2 != "<none>") { n++ } END { print n + 0 }'
}
