import type { ClusterSettings } from "../config/schema";
import type { ApiWay } from "./api";
import type { Role } from "./node";

/** Who dials a port. "itself": it is on the loopback device. */
export type Caller = "itself" | "operator" | "control planes" | "every node" | "pods" | "clients";

/** A port that something of the cluster listens on. */
export interface PortUse {
    /** Of a protocol without ports: its number among those of IP. */
    readonly first: number;
    /** Of a range. */
    readonly last?: number;
    readonly protocol: "tcp" | "udp" | "vrrp";
    /** The daemon that listens, or the setting that asks for it. */
    readonly by: string;
    readonly on: "every node" | "control planes" | "workers";
    /** The one address that it listens on, where that isn't the machine's own: another daemon may have the port there. */
    readonly at?: "the virtual address";
    readonly from: readonly Caller[];
    /** What for, in a few words. */
    readonly what: string;
}

/** What the ports depend on. */
export interface PortSettings {
    readonly apiPort: number | undefined;
    readonly backend: ClusterSettings["network"]["backend"];
    readonly way: ApiWay;
    /** Names of the add-ons that are on. */
    readonly addons: readonly string[];
}

/** Node ports: the API server's default range. */
export const nodePortRange = { first: 30000, last: 32767 } as const;

/** Every port of the cluster's own on its machines; what workloads ask for is in their settings. */
export function portUses({ apiPort, backend, way, addons }: PortSettings): PortUse[] {
    const uses: (PortUse | false)[] = [
        tcp(22, "sshd", "every node", ["operator"], "all that Slipway does; another port where `ssh.port` says so"),
        tcp(10250, "the kubelet", "every node", ["control planes", "pods"], "logs, exec, port-forward, metrics"),
        tcp(10248, "the kubelet", "every node", ["itself"], "health"),
        tcp(10256, "kube-proxy", "every node", ["clients"], "health, for a load balancer in front of the nodes"),
        tcp(10249, "kube-proxy", "every node", ["itself"], "metrics"),
        backend === "vxlan" && {
            ...tcp(8472, "flannel", "every node", ["every node"], "the pods' network (VXLAN)"),
            protocol: "udp",
        },
        addons.includes("metallb") && tcp(7472, "addons.metallb", "every node", ["pods"], "metrics"),
        addons.includes("monitoring") && tcp(9100, "addons.monitoring", "every node", ["pods"], "metrics"),
        tcp(2379, "etcd", "control planes", ["control planes"], "the cluster's memory"),
        tcp(2380, "etcd", "control planes", ["control planes"], "members among each other"),
        tcp(2381, "etcd", "control planes", ["itself"], "health and metrics"),
        apiPort !== undefined &&
            tcp(apiPort, "kube-apiserver", "control planes", ["every node", "pods", "operator"], "the API"),
        way === "local" &&
            apiPort !== undefined &&
            tcp(apiPort, "kube-api-proxy", "workers", ["itself"], "the API, passed on to a control plane"),
        way === "virtual" &&
            apiPort !== undefined && {
                ...tcp(apiPort, "kube-api-proxy", "control planes", ["every node", "operator"], "the API, passed on"),
                at: "the virtual address",
            },
        way === "virtual" && {
            ...tcp(112, "kube-api-address", "control planes", ["control planes"], "who holds the virtual address"),
            protocol: "vrrp",
        },
        tcp(10257, "kube-controller-manager", "control planes", ["itself"], "health and metrics"),
        tcp(10259, "kube-scheduler", "control planes", ["itself"], "health and metrics"),
        { ...nodePortRange, ...nodePorts("tcp") },
        { ...nodePortRange, ...nodePorts("udp") },
    ];
    return uses.filter((use) => use !== false);
}

function tcp(first: number, by: string, on: PortUse["on"], from: readonly Caller[], what: string): PortUse {
    return { first, protocol: "tcp", by, on, from, what };
}

const nodePorts = (protocol: PortUse["protocol"]) =>
    ({ protocol, by: "kube-proxy", on: "every node", from: ["clients"], what: "services of type NodePort" }) as const;

/** Those of a machine with these roles. */
export function portsOn(uses: readonly PortUse[], roles: readonly Role[] | undefined): PortUse[] {
    const own = roles && (roles.includes("control-plane") ? "control planes" : "workers");
    return uses.filter(({ on }) => on === "every node" || on === own);
}

/**
 * Ports on which nothing may listen before a machine becomes a node: those of its daemons that others dial, and the one
 * by which all that runs on it finds the API.
 */
export function portsToBeFree(apiPort: number, way: ApiWay, roles: readonly Role[]): number[] {
    return portsOn(portUses({ apiPort, way, backend: "none", addons: [] }), roles)
        .filter(({ by, last, at, protocol }) => by !== "sshd" && !last && !at && protocol === "tcp")
        .filter(({ from, on }) => !from.includes("itself") || on === "workers")
        .map(({ first }) => first);
}

/** "8472/udp", "30000-32767/tcp"; of a protocol without ports "VRRP (IP protocol 112)". */
export const portName = ({ first, last, protocol }: PortUse): string =>
    protocol === "vrrp" ? `VRRP (IP protocol ${first})` : `${first}${last === undefined ? "" : `-${last}`}/${protocol}`;
