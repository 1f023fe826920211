# shellcheck shell=sh disable=SC2034,SC2154
# From one container runtime to another, in the node's turn. Everything that the new one needs is there and runs already;
# nothing of the old one has gone yet, for both steps that name it must have let go of it, and this one is the last.

# leaves RUNTIME: this step has run its pods with it, and shall no longer. Only a step that ended well forgets: killed at
# any point, the next run goes through all of it again.
leaves() {
    unit=$(cri_unit "$1")
    known_manifest activate | grep -q "${tab}unit${tab}$unit${tab}" && ! grep -q "${tab}unit${tab}$unit${tab}" "$work/index"
}

# leave_runtimes: to $left those whose pods are gone now
leave_runtimes() {
    left=''
    for runtime in docker containerd; do
        ! leaves "$runtime" || leave_runtime "$runtime"
    done
}

# leave_runtime RUNTIME: as long as the kubelet runs its pods there, they are moved away first
leave_runtime() {
    # Pods and their data go with it.
    undo=''
    if [ -e "$root$client_certificate" ] && systemctl -q is-active "$(cri_unit "$1")" && systemctl -q is-active kubelet.service; then
        drain_node "to leave $1"
    fi
    systemctl stop kubelet.service 2>/dev/null || true
    remove_pods_of "$1"
    forget_pod_addresses
    left="$left $1"
    changed "the pods have left $1"
}

# Nobody told the CNI plugins that these pods ended: their addresses are free, and their host ports lead nowhere.
forget_pod_addresses() {
    rm -rf /var/lib/cni/networks/flannel /var/lib/cni/flannel /var/lib/cni/results/flannel-*
    iptables -t nat -F CNI-HOSTPORT-DNAT 2>/dev/null || return 0
    for chain in $(iptables -t nat -S | sed -n 's/^-N \(CNI-DN-.*\)/\1/p'); do
        iptables -t nat -F "$chain"
        iptables -t nat -X "$chain"
    done
}

# finish_leaving: the old one's data, and its executables, which other steps keep as long as a link names them
finish_leaving() {
    for runtime in $left; do
        remove_data_of "$runtime"
        for folder in "/opt/$runtime" "/opt/cri-${runtime}d"; do
            cat "$state"/manifests/base "$state"/manifests/stage 2>/dev/null |
                awk -F '\t' -v below="$folder/" '$2 == "retired" && index($3, below) == 1 { print $3 }' |
                while read -r file; do
                    remove_path "$file"
                done
        done
    done
}

# return_to_work: once the node is Ready, with the runtime and the kubelet that it has now, it takes pods again
return_to_work() {
    [ -n "$left" ] || [ -n "$was_ready" ] || [ -f "$state/cordoned" ] || return 0
    for runtime in docker containerd; do
        if grep -q "${tab}unit${tab}$(cri_unit "$runtime")${tab}" "$work/index"; then
            await_own_node "$runtime"
        fi
    done
    await "$join_limit" uncordon_node ||
        fail "The API doesn't answer $(uname -n), so $node still takes no new pods: run this again."
}
