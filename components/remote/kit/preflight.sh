# shellcheck shell=sh disable=SC2154
# Why a machine can't be a node, before anything is changed. What depends on other machines, on roles or on settings is
# decided by operations/preflight, from the facts of fitness.sh.

# Free space a node needs below /var/lib for binaries, images and logs, in MiB.
disk_floor=2048

# refuse_unfit: the last guard, for every machine on which a base step runs
refuse_unfit() {
    look_for_findings
    [ -z "$findings" ] || fail "The machine $(uname -n) can't be a node, so nothing was changed:
$(printf '%s' "$findings" | awk -F '\t' '{ print "  - " $2 ": " $3 "." }')"
}

# look_for_findings: writes $findings, a line for each: a name for programs, what is wrong, what to do; between tabs
look_for_findings() {
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
}

# finding NAME TEXT REMEDY
finding() {
    findings="$findings$1$tab$2$tab$3
"
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
                finding system "$(field PRETTY_NAME) starts its services with upstart and is out of support" "install 22.04 or newer"
                return
            elif [ "${version%%.*}" -lt 20 ]; then
                finding system "$(field PRETTY_NAME) is out of support" "install 22.04 or newer"
            fi
            ;;
        debian | raspbian)
            # Testing and unstable have no version.
            [ "${version:-99}" -ge 11 ] || finding system "$(field PRETTY_NAME) is out of support" "install Debian 12 or newer"
            ;;
        *) finding system "'$(field PRETTY_NAME)' is not known here" "install Debian 12 or newer, or Ubuntu 22.04 or newer" ;;
    esac
    [ -d "$root/run/systemd/system" ] || finding systemd "systemd is not the first process, and services here are systemd units" \
        "boot with systemd"
}

expect_architecture() {
    case $(architecture) in
        amd64 | arm64) ;;
        *) finding architecture "the architecture $(architecture) has no artifacts" \
            "install a 64-bit system on amd64 or arm64" ;;
    esac
}

expect_disk() {
    free=$(df -Pm "$root/var/lib" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$disk_floor" ] || finding disk "/var/lib has $free MiB free and needs $disk_floor" "make room"
}

# Raspberry Pi OS boots without it.
expect_memory_control() {
    controllers=$root/sys/fs/cgroup/cgroup.controllers
    if awk '$1 == "memory" && $4 == 0 { off = 1 } END { exit !off }' "$root/proc/cgroups" 2>/dev/null ||
        { [ -f "$controllers" ] && ! grep -qw memory "$controllers"; }; then
        finding memory-cgroup "the kernel's memory cgroup is off" \
            "add cgroup_enable=memory to the one line of $(boot_line), and reboot"
    fi
}

# boot_line: where the kernel's arguments stand; Raspberry Pi OS has moved it in Debian 12
boot_line() {
    for file in /boot/firmware/cmdline.txt /boot/cmdline.txt; do
        if [ -f "$root$file" ]; then
            echo "$file"
            return
        fi
    done
    echo "/boot/firmware/cmdline.txt (a Raspberry Pi; elsewhere GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
}

expect_no_other_kubernetes() {
    for sign in /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service /etc/rancher/rke2 \
        /var/snap/microk8s /var/lib/k0s /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf; do
        [ ! -e "$root$sign" ] || finding other-kubernetes "another Kubernetes is installed ($sign)" "remove it first"
    done
    processes=$(cat "$root"/proc/[0-9]*/comm 2>/dev/null | sort -u)
    for name in $processes; do
        case $name in
            kubelet | k3s* | kubelite | rke2)
                finding other-kubernetes "another Kubernetes runs here (the process $name)" "remove it first"
                ;;
        esac
    done
}

expect_free_ports() {
    [ -n "$ports" ] || return 0
    listening_ports >"$work/listening"
    for port in $(echo "$ports" | tr , ' '); do
        ! grep -qx "$port" "$work/listening" || finding port "port $port, which Kubernetes needs, is taken" \
            "see 'ss -ltnp sport = :$port', and stop what listens there"
    done
}

# listening_ports: of TCP, one on each line
listening_ports() {
    cat "$root/proc/net/tcp" "$root/proc/net/tcp6" 2>/dev/null |
        awk '$4 == "0A" { print "0x" substr($2, length($2) - 3) }' | sort -u | while read -r hex; do
        printf '%d\n' "$hex"
    done
}
