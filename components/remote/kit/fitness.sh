# shellcheck shell=sh disable=SC2016,SC2154
# What a machine says of itself and its surroundings before it is a node, as one line of JSON. Nothing is changed, but
# for a file of 64 KiB below /var/lib that measures the disk and is gone again.

report_fitness() {
    began=$(date +%s.%N)
    look_for_findings
    {
        member findings "[$(printf '%s' "$findings" | finding_members | paste -s -d ,)]"
        [ ! -f "$state/owner" ] || member owner "$(json_text "$(cat "$state/owner")")"
        member hostname "$(json_text "$(uname -n)")"
        member machineId "$(json_text "$(cat "$root/etc/machine-id" 2>/dev/null)")"
        member macs "$(macs | json_list)"
        member addresses "$(addresses | json_list)"
        member system "$(json_text "$(field PRETTY_NAME)")"
        member kernel "$(json_text "$(uname -r)")"
        member architecture "$(json_text "$(architecture)")"
        member cpus "$(nproc)"
        member memory "$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
        member disk "$(df -P -B1 "$root/var/lib" | awk 'NR == 2 { print $4 }')"
        drive_members
        member writeMilliseconds "$(write_time)"
        member cgroup "$(cgroup_version)"
        member missingModules "$(missing_modules | json_list)"
        member swap "$(yes_or_no swap_is_on)"
        member conflicts "$(installed "$conflicts" | json_list)"
        member otherPackages "$(installed kubelet,kubeadm | json_list)"
        member firewalls "$(firewalls | json_list)"
        member nameservers "$(awk '$1 == "nameserver" { print $2 }' "$root/etc/resolv.conf" 2>/dev/null | json_list)"
        [ -z "$folder" ] || member folder "$(yes_or_no test -d "$root$folder")"
        member listening "[$(listeners | paste -s -d ,)]"
        member reach "{$(ask_all "$reach" | paste -s -d ,)}"
        member began "$began"
        member ended "$(date +%s.%N)"
    } | paste -s -d , | sed 's/^/{/; s/$/}/'
}

finding_members() {
    while IFS=$tab read -r name what remedy; do
        printf '{"code":%s,"text":%s,"remedy":%s}\n' "$(json_text "$name")" "$(json_text "$what")" "$(json_text "$remedy")"
    done
}

yes_or_no() {
    if "$@"; then echo true; else echo false; fi
}

# Of devices that are hardware: bridges and tunnels have made-up addresses.
macs() {
    for device in "$root"/sys/class/net/*/device; do
        [ ! -e "$device" ] || cat "${device%/device}/address"
    done | sort -u
}

# addresses: IPv4, as the kernel's routing table has them
addresses() {
    awk '/32 host LOCAL/ { print last } { last = $2 }' "$root/proc/net/fib_trie" 2>/dev/null | sort -u
}

# The drive that /var/lib lies on, where it is one: a container's layers and btrfs have no device of their own.
drive_members() {
    number=$(stat -c %d "$root/var/lib")
    place=$(readlink -f "$root/sys/dev/block/$(((number >> 8) & 4095)):$(((number & 255) | ((number >> 12) & 1048320)))") ||
        return 0
    [ -e "$place/queue" ] || place=${place%/*}
    [ -e "$place/queue/rotational" ] || return 0
    member drive "$(json_text "${place##*/}")"
    member rotational "$([ "$(cat "$place/queue/rotational")" = 1 ] && echo true || echo false)"
}

# write_time: milliseconds until 4 KiB are on the disk, the mean of 16 writes as etcd does them; 5 s at most for all
write_time() {
    draft=$(mktemp "$root/var/lib/.slipway-XXXXXX")
    from=$(date +%s%N)
    timeout 5 dd if=/dev/zero of="$draft" bs=4k count=16 oflag=dsync 2>/dev/null || true
    to=$(date +%s%N)
    rm -f "$draft"
    echo "$((to - from))" | awk '{ printf "%.1f", $1 / 16000000 }'
}

cgroup_version() {
    if [ -f "$root/sys/fs/cgroup/cgroup.controllers" ]; then echo 2; else echo 1; fi
}

# missing_modules: those of $modules that this kernel can't load; "all" where it has lost its folder of modules. A kernel
# without /proc/modules can't load any: what it has is built in.
missing_modules() {
    [ -e "$root/proc/modules" ] && [ -n "$modules" ] || return 0
    home=$root/lib/modules/$(uname -r)
    if [ ! -d "$home" ]; then
        echo all
        return
    fi
    for module in $(echo "$modules" | tr , ' '); do
        pattern=$(echo "$module" | sed 's/[-_]/[-_]/g')
        grep -q "^$pattern " "$root/proc/modules" || [ -d "$root/sys/module/$module" ] ||
            grep -qs "/$pattern\.ko" "$home/modules.builtin" "$home/modules.dep" || echo "$module"
    done
}

# installed NAME,NAME…: which of these packages are
installed() {
    for package in $(echo "$1" | tr , ' '); do
        dpkg-query --admindir="$root/var/lib/dpkg" -W -f='${db:Status-Status} ${Package}\n' "$package" 2>/dev/null || true
    done | sed -n 's/^installed //p'
}

# firewalls: those that may drop what comes in
firewalls() {
    if grep -qs '^ENABLED=yes' "$root/etc/ufw/ufw.conf"; then
        echo ufw
    elif cat "$root"/proc/[0-9]*/comm 2>/dev/null | grep -qx firewalld; then
        echo firewalld
    elif command -v nft >/dev/null; then
        ! nft list ruleset 2>/dev/null | drops_by_default || echo nftables
    elif command -v iptables >/dev/null; then
        ! iptables -S INPUT 2>/dev/null | grep -q -e '^-P INPUT DROP' -e '^-A INPUT -j \(DROP\|REJECT\)' || echo iptables
    fi
}

# drops_by_default: the rules on standard input have a chain that drops or rejects whatever no rule lets in
drops_by_default() {
    awk '/hook input/ { input = 1; if (/policy drop/) found = 1 }
        /^\t}/ { input = 0 }
        input && /^[ \t]*(counter packets [0-9]+ bytes [0-9]+ )?(drop|reject)/ { found = 1 }
        END { exit !found }'
}

# listeners: [PORT,"PROCESS"] for each TCP port that something outside of pods listens on
listeners() {
    if [ -n "$root" ] || ! command -v ss >/dev/null; then
        listening_ports | sed 's/.*/[&,""]/'
        return
    fi
    ss -H -ltnp | while read -r _ _ _ place _ users; do
        process=$(echo "$users" | sed -n 's/^[^"]*"\([^"]*\)".*/\1/p')
        number=$(echo "$users" | sed -n 's/^[^=]*pid=\([0-9]*\).*/\1/p')
        [ -n "$number" ] && grep -qs kubepods "/proc/$number/cgroup" || echo "[${place##*:},$(json_text "$process")]"
    done | sort -u
}

# ask_all HOST:PORT/PROTOCOL,…: side by side, what answers there
ask_all() {
    for place in $(echo "$1" | tr , ' '); do
        member "$place" "\"$(ask "$place")\"" &
    done
    wait
}

# ask HOST:PORT/PROTOCOL: one of
#   open         somebody listens
#   refused      the machine answered that nobody does: the way is open
#   silent       of UDP: somebody listens, or something dropped it
#   dropped      of TCP: no answer within 3 s
#   unreachable  a machine on the way says that there is no way
#   unknown      there is no such name
# It is bash that dials, which every Debian and Ubuntu has.
ask() {
    place=${1%/*}
    case $1 in
        */udp) script='exec 3>"/dev/udp/$0/$1"; for i in 1 2 3 4 5; do echo >&3 || exit 1; sleep 0.1; done' ;;
        *) script='exec 3<>"/dev/tcp/$0/$1"' ;;
    esac
    if said=$(timeout 3 bash -c "$script" "${place%:*}" "${place##*:}" 2>&1); then
        case $1 in */udp) echo silent ;; *) echo open ;; esac
        return
    fi
    case $said in
        *refused*) echo refused ;;
        *'ame or service'* | *'name resolution'* | *'associated with hostname'*) echo unknown ;;
        *unreachable* | *'No route'* | *prohibited*) echo unreachable ;;
        *) echo dropped ;;
    esac
}
