import type { z } from "zod";

import type { ApiWay } from "../inventory/api";
import type { Role } from "../inventory/node";
import { nodePortRange, portsOn, portUses } from "../inventory/ports";
import { suggestion } from "./problems";
import { workloadsSchema, type WorkloadsConfig } from "./workloads";

/** What can be said of a machine before all of it is right. */
export interface Machine {
    readonly name?: string;
    readonly address?: string;
    readonly roles?: readonly Role[];
}

/** A port that something takes: of one node, or with a node port of each. */
export interface Claim {
    readonly node: Machine | "every node";
    readonly port: number;
    /** Who takes it: a setting's path, or a daemon's name. */
    readonly by: string;
}

/** The workloads as far as each is well formed: what isn't, is a problem of its own. */
export function wellFormed(raw: unknown): Partial<WorkloadsConfig> {
    const given = typeof raw === "object" && raw !== null ? Object.entries(raw) : [];
    const shape: Record<string, z.ZodType> = workloadsSchema.shape;
    const parsed = given.map(([name, value]) => [name, shape[name]?.safeParse(value).data]);
    return Object.fromEntries(parsed.filter(([, value]) => value !== undefined));
}

export interface Places {
    readonly workloads: Partial<WorkloadsConfig>;
    readonly nodes: readonly Machine[];
    /** The API's, where it is well formed. */
    readonly apiPort: number | undefined;
    readonly way: ApiWay;
    /** Names of the add-ons that are on. */
    readonly addons: readonly string[];
}

/** Everything in which workloads don't fit the nodes: nodes that aren't there, ports taken twice. */
export function placeProblems({ workloads, nodes, ...others }: Places): string[] {
    if (nodes.length === 0) {
        return [];
    }
    const wanted = claims(workloads, nodes);
    return [
        ...strangers(workloads, nodes),
        ...amongNodePorts(wanted),
        ...collisions([...daemons(nodes, others), ...wanted]),
    ];
}

const onOneNode = ["redis", "static-pod"] as const;

function strangers(workloads: Partial<WorkloadsConfig>, nodes: readonly Machine[]): string[] {
    const names = nodes.flatMap(({ name }) => name ?? []);
    return onOneNode.flatMap((workload) => {
        const node = workloads[workload]?.node;
        return node === undefined || names.includes(node)
            ? []
            : [`workloads.${workload}.node ${node} is no node${suggestion(node, names)}`];
    });
}

function claims(workloads: Partial<WorkloadsConfig>, nodes: readonly Machine[]): Claim[] {
    const firstWorker = nodes.find(({ roles }) => !roles?.includes("control-plane")) ?? nodes[0];
    const onNode = onOneNode.flatMap((workload) => {
        const settings = workloads[workload];
        const node = settings?.node === undefined ? firstWorker : nodes.find(({ name }) => name === settings.node);
        return settings && node ? [{ node, port: settings.port, by: `workloads.${workload}.port` }] : [];
    });
    const outside = (["hello-kube", "microservices"] as const).flatMap((workload) => {
        const settings = workloads[workload];
        const external = settings?.externalAddress;
        const node = external === undefined ? firstWorker : nodes.find(({ address }) => address === external);
        return settings && node ? [{ node, port: settings.port, by: `workloads.${workload}.port` }] : [];
    });
    return [...onNode, ...outside, ...everywhere(workloads)];
}

const onEveryNode = ["classics", "secure-monolith", "blue-green", "canary"] as const;

function everywhere(workloads: Partial<WorkloadsConfig>): Claim[] {
    return onEveryNode.flatMap((workload) => {
        const port = workloads[workload]?.nodePort;
        return port === undefined ? [] : [{ node: "every node", port, by: `workloads.${workload}.nodePort` }];
    });
}

/** What runs on the nodes anyway. */
function daemons(nodes: readonly Machine[], others: Pick<Places, "apiPort" | "way" | "addons">): Claim[] {
    const uses = portUses({ ...others, backend: "none" });
    return nodes.flatMap((node) =>
        portsOn(uses, node.roles)
            .filter(({ protocol, last, at }) => protocol === "tcp" && last === undefined && at === undefined)
            .map(({ first, by }) => ({ node, port: first, by })),
    );
}

/** The ports that workloads take on machines; "every node" stands for all of them. */
export const workloadPorts = (workloads: Partial<WorkloadsConfig>, nodes: readonly Machine[]): Claim[] =>
    nodes.length === 0 ? [] : claims(workloads, nodes);

function amongNodePorts(all: readonly Claim[]): string[] {
    const { first, last } = nodePortRange;
    return all
        .filter(({ node, port }) => node !== "every node" && port >= first && port <= last)
        .map(({ by, port }) => `${by} ${port} lies in the range of node ports, ${first} to ${last}.`);
}

function collisions(all: readonly Claim[]): string[] {
    return all.flatMap(({ node, port, by }, index) => {
        const first = all.slice(0, index).find((other) => other.port === port && other.node === node);
        const where = node === "every node" ? node : node.name;
        return first ? [`${by} ${port} is taken on ${where} by ${first.by} already.`] : [];
    });
}
