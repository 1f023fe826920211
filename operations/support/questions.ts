import { paths } from "../../components/inventory/paths";
import { kitPath } from "../../components/remote/kit";

/** Lines of each unit's journal. */
const journalLines = 400;

/** Units of ours, and those under them. */
const units = [
    ...["containerd", "docker", "cri-dockerd", "cri-containerd", "kubelet", "kube-proxy", "kubernetes-hosts"],
    ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-csr-approver"],
    ...["etcd-care", "etcd-snapshots", "etcd-copies-folder", "etcd-copies-s3"],
    ...["kube-api-proxy", "kube-api-address"],
];

const ctr = `${paths.containerd}/ctr -a ${paths.containerdSocket} -n k8s.io`;

const step = `${kitPath()}/step`;

/** What is asked of each machine: the file's name in the bundle, and a command of root's that only looks. */
export const questions: Readonly<Record<string, string>> = {
    "machine.txt": [
        "cat /etc/os-release",
        "uname -a",
        "uptime",
        "date -u",
        "nproc",
        "free -m",
        "df -h",
        "mount | grep -vE '/var/lib/docker|/run/cri-containerd' | grep -v /var/lib/kubelet/pods",
        "ls -l /sys/fs/cgroup",
        "ip address",
        "ip route",
        "ss -lntup",
    ].join("; "),
    "packages.txt": "dpkg-query -W | grep -iE 'docker|containerd|runc|systemd|iptables|nftables|kernel|linux-image'",
    "probe.json": `test ! -e ${step} || sh ${step} probe`,
    "files.txt":
        "ls -lR /opt/k8s /opt/etcd /opt/cri-dockerd /opt/containerd /etc/kubernetes /etc/cni /var/lib/slipway 2>/dev/null | head -n 2000",
    "units.txt": `systemctl --no-pager --full status ${units.join(" ")} 2>/dev/null | cut -c 1-400`,
    "containers.txt": [
        ...["info", "ps -a", "images"].map((words) => `docker ${words} 2>/dev/null`),
        ...["containers", "tasks", "images"].map((what) => `${ctr} ${what} list 2>/dev/null`),
    ].join("; "),
    "filter.txt": "iptables-save 2>/dev/null | head -n 2000",
    "kernel.txt": "dmesg 2>/dev/null | tail -n 200",
    ...Object.fromEntries(
        units.map((unit) => [
            `journal-${unit}.txt`,
            `journalctl --no-pager --quiet --output=short-iso --lines=${journalLines} --unit=${unit}`,
        ]),
    ),
};

/** One command for all of them: each answer stands below a line with the file's name. */
export const command = (mark: string): string => {
    const asked = Object.entries(questions).map(([file, words]) => `echo '${mark} ${file}'; (${words}) 2>&1`);
    const script = `${asked.join("\n")}\ntrue\n`;
    return `if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi <<'SUPPORT'\n${script}SUPPORT\n`;
};

/** The answers by file. */
export function answers(output: string, mark: string): Record<string, string> {
    const parts = output.split(new RegExp(`^${mark} (\\S+)\\n`, "m")).slice(1);
    return Object.fromEntries(
        Array.from({ length: parts.length / 2 }, (_, index) => [parts[2 * index], parts[2 * index + 1]]),
    );
}
