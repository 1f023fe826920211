# shellcheck shell=sh disable=SC2086,SC2154
# The gate before workloads: enough nodes for them to be spread, and no waiting for one that is dead.

# await_nodes: waits until all $nodes are Ready and on the pod network; after $patience seconds $minimum
# of them are enough, and without those it fails after $patience more.
await_nodes() {
    mkfifo "$work/nodes"
    watch_nodes "$nodes" "$patience"
    [ "$ready" -ge "$minimum" ] || watch_nodes "$minimum" "$patience"
    [ "$ready" -ge "$minimum" ] || fail "Only $ready of $nodes nodes were Ready after $((patience * 2)) s, and $minimum" \
        "are needed: 'kubectl get nodes' on $(uname -n) names them, 'journalctl -u kubelet' there says why."
    say "$ready of $nodes nodes are Ready"
}

# watch_nodes COUNT SECONDS: until so many are, or the time has passed; sets $ready. Where flannel makes the pod network, a
# node is on it when flanneld has said its address.
watch_nodes() {
    until=$(($(date +%s) + $2))
    ready=0
    while [ "$ready" -lt "$1" ] && left=$((until - $(date +%s))) && [ "$left" -gt 0 ]; do
        timeout "$left" /opt/k8s/kubernetes/kubectl --kubeconfig "$admin" get nodes --watch --no-headers \
            -o 'custom-columns=N:.metadata.name,R:.status.conditions[?(@.type=="Ready")].status,F:.metadata.annotations.flannel\.alpha\.coreos\.com/public-ip' \
            </dev/null >"$work/nodes" 2>/dev/null &
        count_nodes "$1" <"$work/nodes"
        kill $! 2>/dev/null || true
        # The API may be away.
        wait $! || [ "$ready" -ge "$1" ] || sleep 0.5
    done
}

# count_nodes COUNT: of lines "NAME READY ADDRESS" on standard input, one for each change, until so many are
count_nodes() {
    up=' '
    while [ "$ready" -lt "$1" ] && read -r name is_ready address; do
        case $up in *" $name "*) up="${up%% "$name" *} ${up#* "$name" }" ;; esac
        if [ "$is_ready" = True ] && { [ "$network" != flannel ] || [ "$address" != '<none>' ]; }; then
            up="$up$name "
        fi
        ready=$(set -- $up && echo $#)
    done
}
