import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { askEach } from "./atOnce";
import { kitPath, seedFile } from "./kit";
import { StepKind } from "./nodeStep";
import { run } from "./ssh";

/** What a node says about one of its steps. */
export interface KindReport {
    /** What the step was last given, plus one when the node differs from what was applied: feed it back as `generation`. */
    readonly generation: number;
    /** How many entries differ. */
    readonly differences: number;
    /** The first of them as sentences. */
    readonly entries: readonly string[];
}

/** A certificate of a kubelet. */
export interface KubeletCertificate {
    /** Of the authority that signed it; 0: of none of ours. */
    readonly generation: number;
    /** Seconds since 1970. */
    readonly begins: number;
    readonly ends: number;
}

/** What a control plane knows of service accounts' tokens. */
export interface AccountKeys {
    /** Of the key that it signs them with, and since when it may: seconds since 1970. */
    readonly signs: number;
    readonly since: number;
    /** Of the keys whose tokens it takes. */
    readonly verifies: readonly number[];
}

/** What a probe found. */
export interface NodeReport {
    readonly reachable: boolean;
    /** Why a node can't be reached or understood: one sentence. */
    readonly problem?: string;
    /** False on a machine that carries nothing of Slipway: never contacted, reset or re-flashed. */
    readonly known: boolean;
    /** `CLUSTER:FINGERPRINT` of the cluster the node belongs to. */
    readonly owner?: string;
    /** The name the machine was built under. */
    readonly node?: string;
    /** What it was built with and can't be changed: see fixedSettings of components/node/living.ts. */
    readonly fixed?: Readonly<Record<string, string>>;
    /** When the machine was first contacted, in seconds since 1970. Another one is a machine set up anew. */
    readonly since?: number;
    readonly joined: boolean;
    /** Its kubelet's client certificate has ended, for the machine was off too long: it has to join anew. */
    readonly ended?: boolean;
    /** Generations of the cluster's authority that the machine trusts. */
    readonly trusts?: readonly number[];
    /** Its kubelet's certificates, which the kubelet renews by itself. */
    readonly kubelet?: { readonly client?: KubeletCertificate; readonly server?: KubeletCertificate };
    /** On a control plane. */
    readonly accounts?: AccountKeys;
    /** On a control plane: the generations that it trusted when its units were last brought up. */
    readonly applied?: readonly number[];
    /** On a control plane: what the keys for secrets at rest are derived from, `cluster.encryption.root`. */
    readonly encryption?: number;
    /** On a control plane: the generation of the key that writes secrets, `cluster.encryption.generation`. */
    readonly writes?: number;
    readonly architecture?: string;
    readonly system?: string;
    readonly kernel?: string;
    readonly cpus?: number;
    /** Bytes. */
    readonly memory?: number;
    /** Free bytes below /var/lib. */
    readonly disk?: number;
    /** Active versions as the links on the node say: kubernetes, etcd, cri-dockerd; packages' of docker, containerd, runc. */
    readonly versions: Readonly<Record<string, string>>;
    /** systemd's active state of each unit. */
    readonly units: Readonly<Record<string, string>>;
    /** A snapshot lies there for its etcd to begin with. */
    readonly seeded?: boolean;
    /** What is wrong there for longer, in sentences: alarms of etcd, snapshots that fail, copies that don't arrive. */
    readonly notices?: readonly string[];
    readonly kinds: Readonly<Partial<Record<StepKind, KindReport>>>;
    /** On a control plane: the same for the membership of each node, by its name. */
    readonly members: Readonly<Record<string, KindReport>>;
}

export interface ProbeOptions {
    /** Milliseconds for each node. Default 20,000: a small board that is busy takes its time. Dialling has 5 s of it at most. */
    readonly timeout?: number;
    /** Called once every node works on its answer, or can't be asked. */
    readonly onAsked?: () => void;
}

const current = `${kitPath()}/step`;

/** A node without the kit isn't an error: it answers that there is nothing, but for a snapshot that waits there. */
const bare = `test -e ${seedFile} && echo '{"seeded":true}' || echo '{}'`;
const command = `test ! -e ${current} && { ${bare}; } || sh ${current} probe`;

const nothing = { known: false, joined: false, versions: {}, units: {}, kinds: {}, members: {} };

/**
 * Asks the nodes what they are and what drifted, side by side. Never throws; a node that can't be reached is a report
 * too, and one that the configuration calls lost isn't asked.
 */
export async function probeNodes(
    nodes: readonly NodeSpec[],
    options: ProbeOptions = {},
): Promise<Record<string, NodeReport>> {
    const { timeout, onAsked } = options;
    const unasked = new Set(nodes);
    const isAsked = (node: NodeSpec) => {
        if (unasked.delete(node) && unasked.size === 0) onAsked?.();
    };
    const reports = await askEach(nodes, async (node) => {
        const report = await probeNode(node, { timeout, onAsked: () => isAsked(node) });
        isAsked(node);
        return [node.name, report] as const;
    });
    return Object.fromEntries(reports);
}

/** One node's report; see `probeNodes`. */
export async function probeNode(node: NodeSpec, options: ProbeOptions = {}): Promise<NodeReport> {
    if (node.lost) {
        return { reachable: false, ...nothing };
    }
    try {
        const { timeout = 20_000, onAsked } = options;
        const limits = { timeout, dialTimeout: Math.min(timeout, 5000), onStarted: onAsked };
        const { code, stdout, stderr } = await run(node.ssh, command, limits);
        if (code !== 0) {
            const said = stderr.trim().split("\n").pop();
            return { reachable: true, ...nothing, problem: `${node.name}: the probe failed: ${said}` };
        }
        return { reachable: true, ...nothing, ...(JSON.parse(stdout) as Partial<NodeReport>) };
    } catch (error) {
        return { reachable: false, ...nothing, problem: `${node.name}: ${(error as Error).message}` };
    }
}

/** Tells of what is wrong on machines for longer, whoever looks. */
export function warnOfNotices(reports: Readonly<Record<string, NodeReport>>): void {
    for (const [name, { notices = [] }] of Object.entries(reports)) {
        notices.forEach((notice) => void pulumi.log.warn(`${name}: ${notice}`));
    }
}

/** Tells of nodes that didn't answer. */
export function warnOfUnreachable(reports: Readonly<Record<string, NodeReport>>): void {
    unreachableWarnings(reports).forEach((warning) => void pulumi.log.warn(warning));
}

/**
 * A sentence for each node that didn't answer. None where every one of them refuses to be dialled, as the ports of a lab
 * do that isn't there yet; machines too busy to answer in time are there, and what was wanted of them isn't done.
 */
export function unreachableWarnings(reports: Readonly<Record<string, NodeReport>>): string[] {
    const all = Object.values(reports);
    const notThere = all.every(
        ({ reachable, problem }) => !reachable && (!problem || problem.includes("ECONNREFUSED")),
    );
    return notThere
        ? []
        : all.flatMap(({ problem }) =>
              problem === undefined
                  ? []
                  : [`${problem.replace(/\.?$/, ".")} What was built there is left as it is in this run.`],
          );
}
