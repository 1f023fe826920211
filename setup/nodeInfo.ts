import type { V1Node } from "@kubernetes/client-node";
import type { NodeReport } from "../components/remote/probe";
import { table, type Outputs } from "./outputs";

/** What a machine says of itself. */
type Facts = Pick<NodeReport, "architecture" | "system" | "kernel" | "cpus" | "memory" | "disk">;

/** Everything that is known of a node: by the stack, by the machine itself, and by the API. */
export interface NodeInfo extends Facts {
    readonly name: string;
    readonly address: string;
    readonly roles: readonly string[];
    /** What the API says: Ready or NotReady; missing: it knows no such node; unknown: it gave no answer. */
    readonly state: "Ready" | "NotReady" | "missing" | "unknown";
    /** It takes no new pods. */
    readonly cordoned: boolean;
    /** Whether the machine answered over SSH. Absent: it was not asked. */
    readonly reachable?: boolean;
    /** What keeps the machine from answering, in a sentence. */
    readonly problem?: string;
    /** Of kubelet, docker, containerd, runc, cri-dockerd, etcd: those that are there. */
    readonly versions: Readonly<Record<string, string>>;
    /** systemd's active state of each unit of Slipway's. */
    readonly units: Readonly<Record<string, string>>;
    /** What is wrong there for longer, in sentences. */
    readonly notices: readonly string[];
}

export interface Sources {
    readonly outputs: Outputs;
    /** The machines as the configuration names them. */
    readonly machines: readonly {
        readonly name: string;
        readonly address: string;
        readonly roles: readonly string[];
    }[];
    /** What they say of themselves; empty where they were not asked. */
    readonly reports: Readonly<Record<string, NodeReport>>;
    /** Node objects, or why there are none. */
    readonly live: readonly V1Node[] | string;
}

/** Joins what the stack, the machines and the API say. Nodes that only one of them knows are in it, too. */
export function joinNodes({ outputs, machines, reports, live }: Sources): NodeInfo[] {
    const answered = typeof live !== "string";
    const objects = new Map(answered ? live.map((node) => [node.metadata?.name ?? "", node]) : []);
    const known = new Map([...machines, ...(outputs.nodes ?? [])].map((node) => [node.name, node]));
    const names = new Set([...(outputs.nodes ?? []), ...machines].map(({ name }) => name).concat(...objects.keys()));
    return [...names].map((name) => {
        const object = objects.get(name);
        const report = reports[name];
        const { nodeInfo, addresses } = object?.status ?? {};
        return {
            name,
            address:
                known.get(name)?.address ?? addresses?.find(({ type }) => type === "InternalIP")?.address ?? "unknown",
            roles: rolesOf(object) ?? known.get(name)?.roles ?? [],
            state: answered ? stateOf(object) : "unknown",
            cordoned: object?.spec?.unschedulable ?? false,
            ...(report && { reachable: report.reachable }),
            ...(report?.problem && { problem: report.problem }),
            architecture: report?.architecture ?? nodeInfo?.architecture,
            system: report?.system ?? nodeInfo?.osImage,
            kernel: report?.kernel ?? nodeInfo?.kernelVersion,
            cpus: report?.cpus,
            memory: report?.memory,
            disk: report?.disk,
            versions: versionsOf(report, object),
            units: report?.units ?? {},
            notices: report?.notices ?? [],
        };
    });
}

function stateOf(node: V1Node | undefined): NodeInfo["state"] {
    if (!node) return "missing";
    const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
    return ready?.status === "True" ? "Ready" : "NotReady";
}

const rolePrefix = "node-role.kubernetes.io/";

/** The roles as kubectl shows them; undefined where the API has none for it. */
function rolesOf(node: V1Node | undefined): string[] | undefined {
    const labels = Object.keys(node?.metadata?.labels ?? {}).filter((label) => label.startsWith(rolePrefix));
    return labels.length > 0 ? labels.map((label) => label.slice(rolePrefix.length)).sort() : undefined;
}

function versionsOf(report: NodeReport | undefined, node: V1Node | undefined): Record<string, string> {
    const { kubernetes, ...others } = report?.versions ?? {};
    const kubelet = kubernetes ?? node?.status?.nodeInfo?.kubeletVersion.replace(/^v/, "");
    const [runtime, version] = node?.status?.nodeInfo?.containerRuntimeVersion.split("://") ?? [];
    return { ...(kubelet && { kubelet }), ...(runtime && version && { [runtime]: version }), ...others };
}

/** The nodes as tables for people, 120 columns wide at most with names of the usual length. */
export function describeNodes(nodes: readonly NodeInfo[]): string {
    const state = (node: NodeInfo) =>
        [node.state, ...(node.cordoned ? ["cordoned"] : []), ...(node.reachable === false ? ["unreachable"] : [])].join(
            ", ",
        );
    const cells = (...columns: ((node: NodeInfo) => string | number | undefined)[]) =>
        nodes.map((node) => [node.name, ...columns.map((column) => String(column(node) ?? "-"))]);
    const version = (name: string) => (node: NodeInfo) => upstreamVersion(node.versions[name]);
    const programs = ["kubelet", "docker", "containerd", "runc", "cri-dockerd", "etcd"];
    const problems = nodes.flatMap(({ name, problem, units, notices }) => [
        ...(problem ? [problem] : []),
        ...notices.map((notice) => `⚠ ${name}: ${notice}`),
        ...Object.entries(units)
            .filter(([, active]) => active !== "active")
            .map(([unit, active]) => `${name}: ${unit} is ${active}`),
    ]);
    return [
        "Nodes",
        table([
            ["NAME", "ROLES", "ADDRESS", "STATE"],
            ...cells(
                ({ roles }) => roles.join(", "),
                ({ address }) => address,
                state,
            ),
        ]),
        "",
        "Machines",
        table([
            ["NAME", "ARCH", "CPUS", "MEMORY", "DISK FREE", "SYSTEM", "KERNEL"],
            ...cells(
                ({ architecture }) => architecture,
                ({ cpus }) => cpus,
                ({ memory }) => gibibytes(memory),
                ({ disk }) => gibibytes(disk),
                ({ system }) => system,
                ({ kernel }) => kernel,
            ),
        ]),
        "",
        "Versions",
        table([["NAME", ...programs.map((name) => name.toUpperCase())], ...cells(...programs.map(version))]),
        ...(problems.length > 0 ? ["", ...problems] : []),
    ].join("\n");
}

const gibibytes = (bytes: number | undefined) => bytes && `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** A package's version without the distribution's part: "5:27.3.1-1~debian.12~bookworm" is 27.3.1. */
const upstreamVersion = (text: string | undefined) => text && (/^(?:\d+:)?([\d.]*\d)/.exec(text)?.[1] ?? text);
