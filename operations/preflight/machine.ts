import type { ClusterSettings } from "../../components/config/schema";
import { type Finding, type FindingCode, type Known, refuse, warn } from "./finding";
import { folderOf, sourcesOf } from "./questions";

/**
 * Memory in MiB. Below the first a machine is refused, below the second it is warned of. kubeadm refuses control planes
 * below 1700 MB; a board that is sold with 1 GB has some 900 MiB of it.
 */
const memoryFloors = { controlPlane: [960, 1700], worker: [480, 850] } as const;

/** kubeadm asks for as many on a control plane. */
const controlPlaneCpus = 2;

/** etcd.io/docs/v3.6/faq: a disk should take a write within 10 ms. */
const slowWrite = 10;

/** The first minor version whose kubelet refuses control groups of version 1. */
const withoutCgroup1 = 35;

/** What stands against one machine, whatever the others are. */
export function machineFindings(known: Known, cluster: ClusterSettings): Finding[] {
    const { findings } = known.fitness;
    return [
        ...findings.map(({ code, text, remedy }) => refuse(code as FindingCode, text, remedy)),
        ...hardware(known, cluster),
        ...disk(known),
        ...kernel(known, cluster),
        ...packages(known),
        ...addresses(known),
        ...names(known, cluster),
        ...source(known, cluster),
    ];
}

function hardware({ node, fitness }: Known, cluster: ClusterSettings): Finding[] {
    const controlPlane = node.roles.includes("control-plane");
    const [least, wanted] = memoryFloors[controlPlane ? "controlPlane" : "worker"];
    const memory = Math.floor(fitness.memory / 2 ** 20);
    const what = controlPlane ? "a control plane" : "a worker";
    const { architecture } = fitness;
    const filled: readonly string[] = cluster.architectures;
    return [
        ...(memory < least
            ? [refuse("memory", `${memory} MiB of memory are too few for ${what}`, `give it ${wanted} MiB`)]
            : memory < wanted
              ? [
                    warn(
                        "memory",
                        `${memory} MiB of memory are few for ${what}`,
                        `${wanted} MiB leave room for pods; keep heavy ones away by a taint`,
                    ),
                ]
              : []),
        ...(controlPlane && fitness.cpus < controlPlaneCpus
            ? [
                  warn(
                      "cpus",
                      `${fitness.cpus} CPU is few for a control plane`,
                      `${controlPlaneCpus} are what it needs under load`,
                  ),
              ]
            : []),
        ...(["amd64", "arm64"].includes(architecture) && !filled.includes(architecture)
            ? [
                  refuse(
                      "architecture",
                      `the machine is ${architecture}, for which the mirror is not filled`,
                      `add ${architecture} to cluster.architectures`,
                  ),
              ]
            : []),
    ];
}

function disk({ node, fitness }: Known): Finding[] {
    const { drive, rotational, writeMilliseconds: takes } = fitness;
    const card = drive?.startsWith("mmcblk") ?? false;
    const late = takes > slowWrite && node.roles.includes("control-plane");
    if (node.disk === "slow" || (!late && !card)) return [];
    const kind = card ? ` on ${drive}, a memory card or eMMC` : rotational ? ` on ${drive}, a rotating disk` : "";
    if (!late) {
        const text = `/var/lib lies${kind}, where a write takes ${takes} ms`;
        return [warn("slow-disk", text, "set nodes[].disk to slow: its journal stays in memory then")];
    }
    return [
        warn(
            "slow-disk",
            `a write takes ${takes} ms until it is on the disk${kind}, and etcd wants at most ${slowWrite}`,
            "set nodes[].disk to slow, or put /var/lib on a faster disk",
        ),
    ];
}

function kernel({ node, fitness }: Known, cluster: ClusterSettings): Finding[] {
    const kubelet = { ...cluster.kubelet, ...node.kubelet };
    const minor = Number(cluster.kubernetes.version.split(".")[1]);
    const missing = fitness.missingModules;
    return [
        ...(fitness.cgroup === 1 && minor >= withoutCgroup1 && kubelet.failCgroupV1 !== false
            ? [
                  refuse(
                      "cgroup",
                      `the machine has control groups of version 1, which the kubelet of ${cluster.kubernetes.version} refuses`,
                      "boot with systemd.unified_cgroup_hierarchy=1, or set kubelet: { failCgroupV1: false }",
                  ),
              ]
            : []),
        ...(missing.includes("all")
            ? [
                  refuse(
                      "kernel",
                      `the modules of the running kernel ${fitness.kernel} are gone: it was updated`,
                      "reboot",
                  ),
              ]
            : missing.length > 0
              ? [
                    refuse(
                        "kernel",
                        `the kernel ${fitness.kernel} has no ${missing.join(", ")}`,
                        "install the distribution's full kernel package (Raspberry Pi OS on Ubuntu: linux-modules-extra-raspi)",
                    ),
                ]
              : []),
        ...(fitness.swap
            ? [warn("swap", "swap is on", "nothing: `up` switches it off, now and at boot; `down` gives it back")]
            : []),
    ];
}

function packages({ fitness }: Known): Finding[] {
    const { conflicts, otherPackages, owner } = fitness;
    return [
        ...(conflicts.length > 0
            ? [
                  warn(
                      "packages",
                      `${conflicts.join(", ")} will be removed, for the distribution's own take their place`,
                      "save what their containers hold",
                  ),
              ]
            : []),
        ...(otherPackages.length > 0 && owner === undefined
            ? [
                  refuse(
                      "other-kubernetes",
                      `another Kubernetes is installed (the packages ${otherPackages.join(", ")})`,
                      `apt-get purge ${otherPackages.join(" ")}`,
                  ),
              ]
            : []),
    ];
}

function addresses({ node, fitness }: Known): Finding[] {
    const { addresses: own } = fitness;
    if (own.length === 0 || own.includes(node.address)) return [];
    return [
        refuse(
            "address",
            `its address ${node.address} is none of the machine's, which are ${own.join(", ")}`,
            "correct nodes[].address, or the machine's network",
        ),
    ];
}

/** systemd-resolved's own, which the kubelet passes by. */
const stub = "127.0.0.53";

function names({ node, fitness }: Known, cluster: ClusterSettings): Finding[] {
    const { nameservers } = fitness;
    const chosen = { ...cluster.kubelet, ...node.kubelet }.resolvConf !== undefined;
    const loopback = nameservers.filter((address) => /^(127\.|::1$)/.test(address) && address !== stub);
    return [
        ...(nameservers.length === 0
            ? [warn("names", "/etc/resolv.conf names no nameserver", "name one: packages are fetched by name")]
            : []),
        ...(loopback.length > 0 && !chosen
            ? [
                  warn(
                      "names",
                      `/etc/resolv.conf names ${loopback.join(", ")}, which pods can't ask, and where CoreDNS finds a loop`,
                      "set kubelet: { resolvConf: FILE } to a file with servers that the network has",
                  ),
              ]
            : []),
    ];
}

function source({ node, fitness }: Known, cluster: ClusterSettings): Finding[] {
    const folder = folderOf(node);
    const closed = sourcesOf(node, cluster).flatMap((place) => {
        const echo = fitness.reach[place];
        return echo === undefined || echo === "open" ? [] : [`${place.replace(/\/tcp$/, "")} (${echoes[echo]})`];
    });
    return [
        ...(closed.length > 0
            ? [
                  refuse(
                      "source",
                      `it can't reach ${closed.join(", ")}, where it would fetch binaries and images`,
                      "serve the mirror (docs/mirror.md), or open the way",
                  ),
              ]
            : []),
        ...(folder !== undefined && fitness.folder === false
            ? [warn("source", `the folder ${folder} is not there`, "mount the mirror before `up` stages binaries")]
            : []),
    ];
}

const echoes = {
    refused: "nobody listens",
    silent: "no answer",
    dropped: "no answer",
    unreachable: "no way there",
    unknown: "no such name",
} as const;
