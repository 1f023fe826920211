import { ClusterSettings, NodeSettings, SshSettings } from "../config/schema";
import { ApiWay, apiWay, sharedHost } from "./api";
import { NodeSpec, SshTarget } from "./node";

export * from "./addressing";
export * from "./api";
export * from "./node";
export * from "./paths";
export * from "./ports";

/** The account that is tried where the configuration names none. */
const defaultUser = "root";

/** Completes the configured nodes with the cluster's defaults. Plain data in, plain data out. */
export function nodesOf(cluster: ClusterSettings, nodes: readonly NodeSettings[]): NodeSpec[] {
    return nodes.map((node) => ({
        name: node.name,
        address: node.address,
        roles: node.roles,
        ssh: sshTarget(cluster.ssh, node),
        labels: node.labels,
        taints: node.taints,
        source: node.source ?? cluster.source,
        disk: node.disk,
        lost: node.lost,
        sysctls: node.sysctls,
        runtime: node.runtime ?? cluster.runtime,
        docker: node.docker,
        containerd: node.containerd,
        kubelet: node.kubelet,
        kubeProxy: node.kubeProxy,
    }));
}

function sshTarget(shared: SshSettings, node: NodeSettings): SshTarget {
    const { host, port, user, privateKey, hostKey, proxy } = { ...shared, ...node.ssh };
    return {
        host: host ?? node.address,
        port: port ?? 22,
        user: user ?? defaultUser,
        ...(privateKey && { privateKey }),
        ...(hostKey && { hostKey }),
        ...(proxy && { proxy: bastion(proxy) }),
    };
}

function bastion({ host, port, user, privateKey, hostKey }: NonNullable<SshSettings["proxy"]>): SshTarget {
    return { host, port, user, ...(privateKey && { privateKey }), ...(hostKey && { hostKey }) };
}

export const isControlPlane = (node: NodeSpec): boolean => node.roles.includes("control-plane");
export const isWorker = (node: NodeSpec): boolean => node.roles.includes("worker");
/** A control plane that can be asked. */
export const firstControlPlane = (nodes: readonly NodeSpec[]): NodeSpec =>
    controlPlanes(nodes).find(({ lost }) => !lost) ?? controlPlanes(nodes)[0];
/** The first machine that is a worker only; where there is none, the first machine. */
export const firstWorker = (nodes: readonly NodeSpec[]): NodeSpec =>
    nodes.find((node) => !isControlPlane(node)) ?? nodes[0];
/** The node of this name; without one, the first worker. The configuration's check has refused names of nobody. */
export const nodeNamed = (nodes: readonly NodeSpec[], name?: string): NodeSpec =>
    (name !== undefined && nodes.find((node) => node.name === name)) || firstWorker(nodes);
export const controlPlanes = (nodes: readonly NodeSpec[]): NodeSpec[] => nodes.filter(isControlPlane);

/** How the nodes of this cluster that are not control planes find the API. */
export const wayToApi = ({ api }: ClusterSettings, nodes: readonly NodeSpec[]): ApiWay =>
    apiWay(api, controlPlanes(nodes).length);

/** Where somebody finds the API. */
export interface Endpoint {
    readonly host: string;
    readonly port: number;
    readonly url: string;
}

function endpoint(host: string, port: number): Endpoint {
    return { host, port, url: `https://${host}:${port}` };
}

/** The API by its name, which every certificate has: api.<domain>. Each node's /etc/hosts says whom it means there. */
export function clusterEndpoint(cluster: ClusterSettings): Endpoint {
    return endpoint(`api.${cluster.domain}`, cluster.api.port);
}

/** The API server of this one control plane. */
export function ownEndpoint({ address }: NodeSpec, { api }: ClusterSettings): Endpoint {
    return endpoint(address, api.port);
}

/**
 * The API by an address that the operator's machine can reach; the certificate is checked against the name. Where the
 * configuration names none: what stands for all control planes, or one of them.
 *
 * @param through that one
 */
export function operatorEndpoint(
    { api }: ClusterSettings,
    nodes: readonly NodeSpec[],
    through: NodeSpec = firstControlPlane(nodes),
): Endpoint {
    const { host, port } = api.operator;
    if (host !== undefined) return endpoint(host, port ?? api.port);
    // A lab's virtual address is behind the engine, as its machines' own are.
    const asked = through.api ?? { host: sharedHost(api) ?? through.address, port: api.port };
    return endpoint(asked.host, port ?? asked.port);
}

/** How many nodes must be Ready before add-ons are deployed. */
export function minimumReady(cluster: ClusterSettings, nodes: readonly NodeSpec[]): number {
    return Math.min(nodes.length, cluster.minimumReady ?? Math.ceil(nodes.length / 2));
}
