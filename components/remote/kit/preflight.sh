# shellcheck shell=sh disable=SC2154
# Whether a machine can be a node: all findings at once, before anything is changed.

# Free space a node needs below /var/lib for binaries, images and logs, in MiB.
disk_floor=2048

preflight() {
    findings=''
    expect_system
    expect_architecture
    expect_disk
    expect_memory_control
    # On a node that is ours already, what runs there is ours too.
    if [ ! -f "$state/owner" ]; then
        expect_no_other_kubernetes
        expect_free_ports
    fi
    [ -z "$findings" ] || fail "The machine $(uname -n) can't be a node, so nothing was changed:$findings"
}

finding() {
    findings="$findings
  - $*"
}

# field NAME: of os-release
field() {
    sed -n "s/^$1=//p" "$root/etc/os-release" 2>/dev/null | tr -d '"'
}

expect_system() {
    version=$(field VERSION_ID)
    case $(field ID) in
        ubuntu)
            if [ "${version%%.*}" -lt 15 ]; then
                finding "$(field PRETTY_NAME) starts its services with upstart and is out of support: install 22.04 or newer."
                return
            elif [ "${version%%.*}" -lt 20 ]; then
                finding "$(field PRETTY_NAME) is out of support: install 22.04 or newer."
            fi
            ;;
        debian | raspbian)
            # Testing and unstable have no version.
            [ "${version:-99}" -ge 11 ] || finding "$(field PRETTY_NAME) is out of support: install Debian 12 or newer."
            ;;
        *) finding "'$(field PRETTY_NAME)' is not known here: Debian 11 or newer and Ubuntu 20.04 or newer are." ;;
    esac
    [ -d "$root/run/systemd/system" ] || finding "systemd is not the first process: services here are systemd units."
}

expect_architecture() {
    case $(architecture) in
        amd64 | arm64) ;;
        *) finding "the architecture $(architecture) has no artifacts: amd64 and arm64 have." ;;
    esac
}

expect_disk() {
    free=$(df -Pm "$root/var/lib" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$disk_floor" ] || finding "/var/lib has $free MiB free and needs $disk_floor: make room."
}

# Raspberry Pi OS boots without it.
expect_memory_control() {
    if awk '$1 == "memory" && $4 == 0 { off = 1 } END { exit !off }' "$root/proc/cgroups" 2>/dev/null; then
        finding "the kernel's memory cgroup is off: add cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot."
    fi
}

expect_no_other_kubernetes() {
    for sign in /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service /etc/rancher/rke2 \
        /var/snap/microk8s /var/lib/k0s /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf; do
        [ ! -e "$root$sign" ] || finding "another Kubernetes is installed ($sign): remove it first."
    done
    for process in "$root"/proc/[0-9]*/comm; do
        name=$(cat "$process" 2>/dev/null) || continue
        case $name in
            kubelet | k3s* | kubelite | rke2) finding "another Kubernetes runs here (the process $name): remove it first." ;;
        esac
    done
}

expect_free_ports() {
    for port in $(echo "$ports" | tr , ' '); do
        hex=$(printf ':%04X' "$port")
        if cat "$root/proc/net/tcp" "$root/proc/net/tcp6" 2>/dev/null |
            awk -v hex="$hex" '$4 == "0A" && substr($2, length($2) - 4) == hex { found = 1 } END { exit !found }'; then
            finding "port $port, which Kubernetes needs, is taken: see 'ss -ltnp sport = :$port'."
        fi
    done
}
