# shellcheck shell=sh disable=SC2154
# What a kubelet, its pods, kube-proxy and the pod network leave on a machine, none of which a manifest names.

# Where /var/lib/cni was there before, for podman's networks say, what is below it may still be ours.
runtime_folders="/var/lib/cni/cache /var/lib/cni/flannel /var/lib/cni/networks/flannel /var/lib/cni /run/flannel
    /run/kubernetes /var/log/pods /var/log/containers /var/lib/cri-dockerd /var/lib/dockershim /var/lib/cri-containerd
    /run/cri-containerd /usr/libexec/kubernetes /etc/kubernetes/manifests"

# What kubelet, kube-proxy and docker set by themselves: --protect-kernel-defaults of the kubelet
# (https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/), --iptables-localhost-nodeports and
# --conntrack-* of kube-proxy.
runtime_sysctls="net.ipv4.conf.all.route_localnet net.netfilter.nf_conntrack_max
    net.netfilter.nf_conntrack_tcp_timeout_close_wait net.netfilter.nf_conntrack_tcp_timeout_established
    kernel.keys.root_maxbytes kernel.keys.root_maxkeys kernel.panic kernel.panic_on_oops vm.overcommit_memory
    vm.panic_on_oom"

# What every containerd makes when it starts, for others to put files into.
shared_folders="/etc/cni/net.d /etc/cni"

# note_runtime_folders: those that are there before we come are not ours
note_runtime_folders() {
    for folder in $runtime_folders $shared_folders; do
        [ ! -e "$root$folder" ] || first_time runtime "$folder"
    done
}

# note_runtime_settings: how the kernel was set before daemons of ours changed it
note_runtime_settings() {
    for name in $runtime_sysctls; do
        # Those outside net are a container's host's.
        case $name in net.*) ;; *) ! systemd-detect-virt --container --quiet 2>/dev/null || continue ;; esac
        [ ! -e "$(sysctl_path "$name")" ] || first_time sysctls "$name $(cat "$(sysctl_path "$name")")"
    done
    ! command -v iptables-save >/dev/null ||
        first_time forward "policy $(iptables-save -t filter 2>/dev/null | awk '$1 == ":FORWARD" { print $2 }')"
}

# restore_runtime_settings: those that no entry of a manifest has given back already
restore_runtime_settings() {
    for name in $runtime_sysctls; do
        ! recorded sysctls "$name" >/dev/null || remove_sysctl "$name"
    done
}

# After the units have stopped: pods' containers, mounts, interfaces, packet filter rules, folders.
remove_leftovers() {
    # Pods, interfaces and rules are the machine's: below another root none is ours.
    [ -z "$root" ] || return 0
    for runtime in docker containerd; do
        remove_pods_of "$runtime"
    done
    unmount_below /var/lib/kubelet
    for interface in cni0 flannel.1 kube-ipvs0; do
        ip link delete "$interface" 2>/dev/null || true
    done
    remove_filter_rules 'KUBE-|FLANNEL|CNI-|flanneld'
    remove_control_groups
    remove_runtime_folders
}

# Something that still runs may fill one again: the base looks after them once more, when nothing runs.
remove_runtime_folders() {
    for folder in $runtime_folders; do
        recorded runtime "$folder" >/dev/null || rm -rf "$root$folder" 2>/dev/null || true
    done
    for folder in $shared_folders; do
        recorded runtime "$folder" >/dev/null || rmdir "$root$folder" 2>/dev/null || true
    done
}

# Pods' control groups stay, empty, when the kubelet has gone.
remove_control_groups() {
    systemctl stop kubepods.slice 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
}

# remove_filter_rules EXPRESSION: chains and rules that it matches; those of kube-proxy, kubelet, the CNI plugins and
# flannel, or docker's
remove_filter_rules() {
    for tables in iptables ip6tables; do
        command -v "$tables-save" >/dev/null || continue
        "$tables-save" 2>/dev/null >"$work/rules" || continue
        grep -q -E "$1" "$work/rules" || continue
        grep -v -E "$1" "$work/rules" | "$tables-restore" 2>/dev/null || true
    done
}
