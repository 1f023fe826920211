# shellcheck shell=sh disable=SC2154
# What a kubelet, its pods, kube-proxy and the pod network leave on a machine, none of which a manifest names.

runtime_folders="/var/lib/cni /run/flannel /var/log/pods /var/log/containers /var/lib/cri-dockerd /var/lib/dockershim
    /usr/libexec/kubernetes /etc/kubernetes/manifests"

# note_runtime_folders: those that are there before we come are not ours
note_runtime_folders() {
    for folder in $runtime_folders; do
        [ ! -e "$root$folder" ] || first_time runtime "$folder"
    done
}

# After the units have stopped: pods' containers, mounts, interfaces, packet filter rules, folders.
remove_leftovers() {
    # Pods, interfaces and rules are the machine's: below another root none is ours.
    [ -z "$root" ] || return 0
    remove_pods
    unmount_below /var/lib/kubelet
    for interface in cni0 flannel.1 kube-ipvs0; do
        ip link delete "$interface" 2>/dev/null || true
    done
    remove_filter_rules iptables
    remove_filter_rules ip6tables
    remove_runtime_folders
}

# Something that still runs may fill one again: the base looks after them once more, when nothing runs.
remove_runtime_folders() {
    for folder in $runtime_folders; do
        recorded runtime "$folder" >/dev/null || rm -rf "$root$folder" 2>/dev/null || true
    done
}

remove_pods() {
    command -v docker >/dev/null || return 0
    pods=$(docker ps -aq --filter label=io.kubernetes.pod.uid 2>/dev/null || true)
    # shellcheck disable=SC2086
    [ -z "$pods" ] || docker rm -f $pods >/dev/null 2>&1 || true
}

# remove_filter_rules iptables|ip6tables: chains and rules of kube-proxy, kubelet, the CNI plugins and flannel
remove_filter_rules() {
    command -v "$1-save" >/dev/null || return 0
    "$1-save" 2>/dev/null >"$work/rules" || return 0
    grep -q -E 'KUBE-|FLANNEL|CNI-' "$work/rules" || return 0
    grep -v -E 'KUBE-|FLANNEL|CNI-|flanneld' "$work/rules" | "$1-restore" 2>/dev/null || true
}
