import type { Settings } from "../../components/config/schema";
import { wayToApi } from "../../components/inventory";
import type { NodeSpec } from "../../components/inventory/node";
import { type PortUse, portsOn, portsToBeFree, portUses } from "../../components/inventory/ports";
import { base } from "../../components/render/base";

export type PreflightSettings = Pick<Settings, "cluster" | "addons" | "workloads">;

/** Between any two machines a way is asked for from each to this many others: what is dropped is dropped for most. */
const neighbours = 12;

/** The ports of this cluster. */
export function clusterPorts(
    { cluster, addons }: Pick<PreflightSettings, "cluster" | "addons">,
    nodes: readonly NodeSpec[],
): PortUse[] {
    return portUses({
        apiPort: cluster.api.port,
        backend: cluster.network.backend,
        way: wayToApi(cluster, nodes),
        addons: Object.keys(addons),
    });
}

/** What `step preflight` is asked on a machine, as "key=value". */
export function questionsFor(node: NodeSpec, nodes: readonly NodeSpec[], settings: PreflightSettings): string[] {
    const { cluster } = settings;
    const entries = base(node, cluster, { files: {} }, nodes).flat();
    const named = (kind: "module" | "conflict") => entries.flatMap((entry) => (entry.kind === kind ? entry.name : []));
    const places = [
        ...waysFrom(node, nodes, settings).map(({ place }) => place),
        ...sourcesOf(node, cluster),
        ...virtualPlaceOf(node, cluster),
    ];
    const folder = folderOf(node);
    return [
        `ports=${portsToBeFree(cluster.api.port, wayToApi(cluster, nodes), node.roles).join(",")}`,
        `modules=${named("module").join(",")}`,
        `conflicts=${named("conflict").join(",")}`,
        `reach=${places.join(",")}`,
        ...(folder === undefined ? [] : [`folder=${folder}`]),
    ];
}

/** Where nobody may answer before the cluster is there, as control planes dial it. */
export function virtualPlaceOf(node: NodeSpec, { api }: Pick<PreflightSettings["cluster"], "api">): string[] {
    return api.virtualAddress !== undefined && node.roles.includes("control-plane")
        ? [`${api.virtualAddress}:${api.port}/tcp`]
        : [];
}

/** A way that must be open. */
export interface Way {
    readonly to: NodeSpec;
    readonly use: PortUse;
    /** "HOST:PORT/PROTOCOL", as the kit dials it. */
    readonly place: string;
}

/** The ways that must be open from a machine to the others. */
export function waysFrom(node: NodeSpec, nodes: readonly NodeSpec[], settings: PreflightSettings): Way[] {
    const at = nodes.findIndex(({ name }) => name === node.name);
    const others = [...nodes.slice(at + 1), ...nodes.slice(0, at)].filter(({ lost }) => !lost);
    const callers = node.roles.includes("control-plane") ? ["every node", "control planes"] : ["every node"];
    // Nobody has the virtual address yet, and what has no port can't be dialled.
    const uses = clusterPorts(settings, nodes).filter(
        ({ from, at, protocol }) =>
            from.some((caller) => callers.includes(caller)) && at === undefined && protocol !== "vrrp",
    );
    return others.flatMap((to, index) =>
        portsOn(uses, to.roles)
            .filter(({ on }) => on === "control planes" || index < neighbours)
            .map((use) => ({ to, use, place: `${to.address}:${use.first}/${use.protocol}` })),
    );
}

/** What upstream is, where nodes fetch from it: the hosts of binaries and of images. */
const upstream = ["dl.k8s.io:443", "github.com:443", "registry.k8s.io:443"];

/**
 * Where a machine fetches artifacts over the network, "HOST:PORT/tcp": upstream, or the proxy on the way there; or the
 * mirror, which is asked directly.
 */
export function sourcesOf(
    { source }: Pick<NodeSpec, "source">,
    { proxies }: Pick<PreflightSettings["cluster"], "proxies">,
): string[] {
    if (source === "https://") return proxies.https ? [dialled(proxies.https)] : upstream.map((host) => `${host}/tcp`);
    return /^https?:\/\/[^/]/.test(source) ? [dialled(source)] : [];
}

function dialled(url: string): string {
    const { hostname, port, protocol } = new URL(url);
    return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}/tcp`;
}

/** The mounted folder that a machine takes artifacts from. */
export const folderOf = ({ source }: Pick<NodeSpec, "source">): string | undefined =>
    source.startsWith("/") ? source : undefined;
