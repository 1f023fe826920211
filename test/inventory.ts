/**
 * What working on a machine leaves in any case, and what lives by itself: each with its reason. Everything else is
 * compared.
 */
const notCompared = [
    "/dev", // the kernel's: what of it counts are modules and interfaces
    "/proc", // the same
    "/sys", // the same
    "/run", // memory; what ran there shows as unit, socket and mount. Folders of ours there are asked for below
    "/mnt", // the mirror, which only a lab has
    "/var/cache", // apt's archives, debconf's and ldconfig's caches
    "/var/lib/apt", // apt's lists, and when it was run last
    "/var/lib/dpkg", // dpkg's database, which is asked for packages instead
    "/var/lib/systemd", // when timers ran, random seeds
    "/var/lib/docker", // data of an engine that stays: containers, images, networks and volumes are asked for instead
    "/var/lib/containerd", // the same
    "/var/lib/ucf/hashfile.[0-9]*", // the registry of ucf(1) as it was before each of its last changes
    "/var/log", // logs
    "/etc/passwd-", // useradd's and userdel's own backups
    "/etc/group-",
    "/etc/shadow-",
    "/etc/gshadow-",
    "/etc/subuid-",
    "/etc/subgid-",
    "/var/backups/*.[0-9]*", // what dpkg-db-backup.timer keeps each night; snapshots of etcd have other names
];

/**
 * Where docker was before, it goes on, and keeps the network of its first container; systemd's folders end at random, and
 * so do the ports of the names' server in a lab's network.
 */
const own = /^(mount|unit): .*run[/-]docker[/-]netns|\/tmp\/systemd-private-|127\.0\.0\.11[:/]/;

const pruned = notCompared.map((path) => `-path '${path}'`).join(" -o ");

/** One section a kind of thing, each printing lines that stay the same as long as the thing does. */
const questions: Readonly<Record<string, string>> = {
    path: `find / \\( ${pruned} \\) -prune -o -printf '%p %y %m %u:%g %l\\n'`,
    content: `find / \\( ${pruned} \\) -prune -o -type f -exec sha256sum {} +`,
    // The folders themselves, where what is in them isn't compared.
    folder: "ls -d1 /run/*/ /var/lib/docker /var/lib/containerd /var/log/pods /var/log/containers 2>/dev/null",
    package: "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'; apt-mark showhold",
    "unit file": "systemctl list-unit-files --no-legend --plain --no-pager | awk '{ print $1, $2 }'",
    // Scopes are logins, devices and slices come with what uses them.
    unit: "systemctl list-units --all --no-legend --plain --no-pager --type service,socket,mount,timer,target | awk '$4 != \"elapsed\" { print $1, $2, $3, $4 }'",
    interface: "ip -o link | awk '{ print $2, $3 }' | sed 's/@[^:]*//'",
    address: "ip -o addr | awk '{ print $2, $3, $4 }'",
    route: "ip route show table all; ip -6 route show table all | sed 's/ expires [^ ]*//'; ip rule",
    // An empty table does nothing, and iptables can't remove one.
    rule:
        "for save in iptables-save ip6tables-save; do $save 2>/dev/null | awk -v save=$save " +
        `'/^\\*/ { table = $1 } /^-/ || (/^:/ && $2 != "ACCEPT") { sub(/ \\[[0-9:]*\\]/, ""); print save, table, $0 }'; done; ` +
        "nft list ruleset 2>/dev/null",
    mount: "awk '{ print $5, $(NF - 2) }' /proc/self/mountinfo",
    // Of the namespace; the others are shared by all nodes of this machine. Counters say nothing.
    sysctl: "sysctl -a 2>/dev/null | grep '^net[.]' | grep -v -e conntrack_count -e '[.]neigh[.]'",
    listener: "ss -H -ltnu 2>/dev/null | awk '{ print $1, $5 }'",
    "control group": "find /sys/fs/cgroup -maxdepth 3 -type d -name '*kube*'",
    container: "docker ps -a --format '{{.Names}}' 2>/dev/null",
    image: "docker images -a --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' 2>/dev/null",
    volume: "docker volume ls -q 2>/dev/null; docker network ls --format 'network {{.Name}}' 2>/dev/null",
    module: "cat /etc/modules-load.d/* /etc/modules 2>/dev/null",
};

/** Everything that a machine has, as lines "KIND: …". */
export type Inventory = ReadonlySet<string>;

/**
 * Asks a node what it has: files with type, mode, owner and digest, packages, units, interfaces, rules and so on. Takes
 * some 3 seconds.
 *
 * @param asRoot runs a command in the node's shell and gives what it printed
 */
export async function inventoryOf(asRoot: (command: string) => Promise<string>): Promise<Inventory> {
    const sections = Object.entries(questions).map(([kind, ask]) => `{ ${ask}; } | sed 's/^/${kind}: /'`);
    const lines = (await asRoot(`export LC_ALL=C; ${sections.join("; ")}`)).split("\n");
    return new Set(lines.filter((line) => line !== "" && !own.test(line)));
}

/** Each thing that is there on one side only: "left: …" for what came, "missing: …" for what went. Sorted. */
export function differences(before: Inventory, after: Inventory): string[] {
    const left = [...after].filter((line) => !before.has(line)).map((line) => `left: ${line}`);
    const missing = [...before].filter((line) => !after.has(line)).map((line) => `missing: ${line}`);
    return [...left, ...missing].sort();
}
