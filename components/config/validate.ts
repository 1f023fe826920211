import { z } from "zod";

import { formatCidr, nodeCapacity, nodePrefix, overlaps, parseCidr, sizeOf } from "../inventory/addressing";
import { apiWay } from "../inventory/api";
import { addonProblems, poolProblems } from "./addonProblems";
import { apiPlacesOf, apiProblems } from "./apiProblems";
import { type Machine as PartialNode, placeProblems, wellFormed } from "./claims";
import { imageProblems } from "./images";
import { memoryProblems } from "./memory";
import { packageProblems } from "./packages";
import { pathOf, problemsOf } from "./problems";
import { registryProblems } from "./registries";
import { ClusterSettings, clusterSchema, nodeSchema, Settings, settingsSchema } from "./schema";
import { isSupported, supportedVersions, versionsOf } from "./versions";

export type Validation = { readonly settings: Settings } | { readonly problems: readonly string[] };

/**
 * Checks a configuration as it was written and completes it with the defaults.
 *
 * Every problem is reported at once, each with its path: what stands in the wrong form doesn't hide what doesn't fit
 * together. Pure: nothing is read, nothing is asked.
 */
export function validate(raw: unknown): Validation {
    const given = raw ?? {};
    const problems = [...problemsOf(settingsSchema, given, []), ...contradictions(given)];
    const parsed = settingsSchema.safeParse(given);
    if (!parsed.success || problems.length > 0) {
        return { problems: [...new Set(problems)] };
    }
    const { cluster, nodes, images, addons, workloads, remove, lab } = parsed.data;
    const versions = versionsOf(cluster, [
        ...Object.keys(addons),
        ...Object.keys(workloads),
        ...runtimesOf(cluster.runtime, nodes, lab),
    ]);
    const completed: ClusterSettings = {
        ...cluster,
        domain: cluster.domain ?? `${cluster.name}.k8s.local`,
        kubernetes: { ...cluster.kubernetes, version: versions.kubernetes },
        versions,
        images,
        certificates: { ...cluster.certificates, renewHours: renewHoursOf(cluster.certificates) },
    };
    return { settings: { cluster: completed, nodes, addons, workloads, remove, lab } };
}

/** What nodes run their containers on; a lab's nodes, which it checks itself, may be named for containerd. */
function runtimesOf(shared: string, nodes: Settings["nodes"], lab: unknown): string[] {
    const { containerd } = record(lab);
    const named = Array.isArray(containerd) && containerd.length > 0 ? ["containerd"] : [];
    return [shared, ...nodes.map(({ runtime }) => runtime ?? shared), ...named];
}

/** A quarter of its life before a certificate ends is early enough for whoever runs `up` now and then. */
function renewHoursOf({ hours, renewHours }: z.output<typeof clusterSchema>["certificates"]): number {
    return renewHours ?? Math.floor(hours / 4);
}

function contradictions(raw: unknown): string[] {
    const { cluster, nodes, lab, images, addons, workloads, remove } = record(raw);
    const partial = Array.isArray(nodes) ? nodes.map(partialNode) : [];
    const network = networkOf(record(cluster).network);
    return [
        ...versionProblems(record(record(cluster).kubernetes).version),
        ...certificateProblems(record(cluster).certificates),
        ...trustProblems("cluster.certificates", record(cluster).certificates),
        ...trustProblems("cluster.serviceAccounts", record(cluster).serviceAccounts),
        ...(network ? networkProblems(network) : []),
        ...duplicates(partial, "name"),
        ...duplicates(partial, "address"),
        ...(lab !== undefined && partial.length === 0 ? [] : roleProblems(partial)),
        ...(network ? placementProblems(network, partial) : []),
        ...gateProblems(record(cluster).minimumReady, partial, lab),
        ...externalAddressProblems(workloads, partial),
        ...placeProblems({
            workloads: wellFormed(workloads),
            nodes: partial,
            apiPort: apiPortOf(record(cluster).api),
            way: apiWay(apiPlacesOf(record(cluster).api), controlPlanesOf(partial)),
            addons: Object.keys(record(addons)),
        }),
        ...apiProblems(record(cluster).api, { network, nodes: partial, addons }),
        ...storageProblems(workloads, addons),
        ...imageProblems(images, { cluster, nodes, lab }),
        ...registryProblems({ cluster, nodes }),
        ...memoryProblems(cluster),
        ...packageProblems({ cluster, nodes, lab }),
        ...canaryProblems(wellFormed(workloads).canary),
        ...addonProblems(addons, remove, {
            network,
            kubeProxy: record(cluster).kubeProxy,
            addresses: addressesOf(partial),
        }),
    ];
}

/** The same checks for machines that don't come from the configuration, but from a lab. */
export function nodeProblems(
    { cluster, workloads, addons }: Pick<Settings, "cluster" | "workloads" | "addons">,
    nodes: readonly Required<PartialNode>[],
): string[] {
    return [
        ...duplicates(nodes, "name"),
        ...duplicates(nodes, "address"),
        ...roleProblems(nodes),
        ...placementProblems(cluster.network, nodes),
        ...externalAddressProblems(workloads, nodes),
        ...placeProblems({
            workloads,
            nodes,
            apiPort: cluster.api.port,
            way: apiWay(cluster.api, controlPlanesOf(nodes)),
            addons: Object.keys(addons),
        }),
        ...apiProblems(cluster.api, { nodes, addons }),
        ...(addons.metallb ? poolProblems(addons.metallb, cluster.network, addressesOf(nodes)) : []),
    ];
}

const controlPlanesOf = (nodes: readonly PartialNode[]) =>
    nodes.filter(({ roles }) => roles?.includes("control-plane")).length;

const addressesOf = (nodes: readonly PartialNode[]) => nodes.flatMap(({ address }) => address ?? []);

function versionProblems(version: unknown): string[] {
    const wellFormed = clusterSchema.shape.kubernetes.safeParse({ version });
    return typeof version === "string" && wellFormed.success && !isSupported(version)
        ? [`cluster.kubernetes.version ${version} is not supported; supported are ${supportedVersions.join(", ")}.`]
        : [];
}

function certificateProblems(raw: unknown): string[] {
    const parsed = clusterSchema.shape.certificates.safeParse(raw);
    if (!parsed.success) {
        return [];
    }
    const { hours, authorityHours, operatorHours = hours } = parsed.data;
    const renewHours = renewHoursOf(parsed.data);
    return [
        ...(operatorHours <= hours
            ? []
            : [`cluster.certificates.operatorHours (${operatorHours}) is more than hours (${hours}).`]),
        ...(renewHours < hours
            ? []
            : [
                  `cluster.certificates.renewHours (${renewHours}) must be less than hours (${hours}): every \`up\` would renew.`,
              ]),
        ...(hours <= authorityHours
            ? []
            : [
                  `cluster.certificates.hours (${hours}) is more than the authorities' authorityHours (${authorityHours}).`,
              ]),
    ];
}

/** What signs is trusted without being named among the others. */
function trustProblems(path: string, raw: unknown): string[] {
    const parsed = clusterSchema.shape.serviceAccounts.unwrap().loose().safeParse(raw);
    if (!parsed.success) {
        return [];
    }
    const { generation, trusted } = parsed.data;
    return [
        ...(trusted.includes(generation)
            ? [`${path}.trusted names ${generation}, which is ${path}.generation: name the others only.`]
            : []),
        ...(new Set(trusted).size < trusted.length ? [`${path}.trusted names a generation twice.`] : []),
    ];
}

type Network = Pick<ClusterSettings["network"], "podCidr" | "serviceCidr">;

function networkOf(raw: unknown): Network | undefined {
    // Only the two networks: a mistake beside them must not hide what is wrong with these.
    const { podCidr, serviceCidr } = clusterSchema.shape.network.unwrap().shape;
    const parsed = z.object({ podCidr, serviceCidr }).safeParse(record(raw));
    return parsed.success ? parsed.data : undefined;
}

function networkProblems({ podCidr, serviceCidr }: Network): string[] {
    const misaligned = Object.entries({ podCidr, serviceCidr })
        .filter(([, cidr]) => formatCidr(parseCidr(cidr)) !== cidr)
        .map(
            ([name, cidr]) =>
                `cluster.network.${name} ${cidr} is not a network's first address: ${formatCidr(parseCidr(cidr))} is.`,
        );
    return [
        ...misaligned,
        ...(overlaps(podCidr, serviceCidr)
            ? [`cluster.network.podCidr ${podCidr} and cluster.network.serviceCidr ${serviceCidr} overlap.`]
            : []),
        ...(sizeOf(parseCidr(serviceCidr)) < 32
            ? [`cluster.network.serviceCidr ${serviceCidr} is too small: services need at least a /27.`]
            : []),
        ...(parseCidr(serviceCidr).prefix < 12
            ? [`cluster.network.serviceCidr ${serviceCidr} is too large: the API server takes a /12 at most.`]
            : []),
    ];
}

function duplicates(nodes: readonly PartialNode[], field: "name" | "address"): string[] {
    return nodes.flatMap((node, index) => {
        const first = nodes.findIndex((other) => other[field] === node[field]);
        return node[field] !== undefined && first < index
            ? [`${pathOf(["nodes", index, field])} ${node[field]} is taken by ${pathOf(["nodes", first])} already.`]
            : [];
    });
}

function roleProblems(nodes: readonly PartialNode[]): string[] {
    const count = controlPlanesOf(nodes);
    if (count === 0) {
        return ['nodes has no control plane: give one of them roles: ["control-plane"].'];
    }
    return count % 2 === 0
        ? [`nodes has ${count} control planes: etcd needs an odd number of them, so that more than half can agree.`]
        : [];
}

function placementProblems({ podCidr, serviceCidr }: Network, nodes: readonly PartialNode[]): string[] {
    const inside = nodes.flatMap(({ address }, index) =>
        Object.entries({ podCidr, serviceCidr })
            .filter(([, cidr]) => address !== undefined && overlaps(cidr, `${address}/32`))
            .map(
                ([name, cidr]) =>
                    `${pathOf(["nodes", index, "address"])} ${address} lies in cluster.network.${name} ${cidr}.`,
            ),
    );
    const room = nodeCapacity(podCidr);
    return room >= nodes.length
        ? inside
        : [
              ...inside,
              `cluster.network.podCidr ${podCidr} has room for ${room} nodes (each takes a /${nodePrefix}), ` +
                  `but there are ${nodes.length}.`,
          ];
}

function gateProblems(minimum: unknown, nodes: readonly PartialNode[], lab: unknown): string[] {
    return typeof minimum === "number" && minimum > nodes.length && !(lab !== undefined && nodes.length === 0)
        ? [`cluster.minimumReady is ${minimum}, but there are ${nodes.length} nodes.`]
        : [];
}

function externalAddressProblems(workloads: unknown, nodes: readonly PartialNode[]): string[] {
    return ["hello-kube", "microservices"].flatMap((workload) => {
        const address = record(record(workloads)[workload]).externalAddress;
        return typeof address === "string" && nodes.length > 0 && !nodes.some((node) => node.address === address)
            ? [`workloads.${workload}.externalAddress ${address} is no node's address: nothing would answer there.`]
            : [];
    });
}

/** Pods are whole: their number decides which shares there are. */
function canaryProblems(canary?: { readonly replicas: number; readonly percent: number }): string[] {
    if (!canary || (canary.replicas * canary.percent) % 100 === 0) {
        return [];
    }
    const { replicas, percent } = canary;
    const near = (pods: number) => `${pods} of them are ${Number(((100 * pods) / replicas).toFixed(1))} %`;
    const below = Math.floor((replicas * percent) / 100);
    return [
        `workloads.canary.percent ${percent} can't be had with ${replicas} pods: ${near(below)}, ${near(below + 1)}.`,
    ];
}

function apiPortOf(raw: unknown): number | undefined {
    const { port } = clusterSchema.shape.api.unwrap().shape;
    const parsed = port.safeParse(record(raw).port);
    return parsed.success ? parsed.data : undefined;
}

/** A claim without a class waits for ever where there is no default one. */
function storageProblems(workloads: unknown, addons: unknown): string[] {
    const { storage, storageClass } = record(record(workloads).redis);
    const localPath = record(addons)["local-path"];
    const hasDefault = localPath !== undefined && record(localPath).default !== false;
    return storage !== undefined && storageClass === undefined && !hasDefault
        ? [
              "workloads.redis.storage needs a class of storage: switch on addons.local-path, " +
                  "or name one that the cluster has in workloads.redis.storageClass.",
          ]
        : [];
}

/** The well-formed fields of a machine, whatever the others are. */
function partialNode(raw: unknown): PartialNode {
    const field = <Name extends keyof PartialNode>(name: Name): PartialNode[Name] => {
        const parsed = nodeSchema.shape[name].safeParse(record(raw)[name]);
        return parsed.success ? (parsed.data as PartialNode[Name]) : undefined;
    };
    return { name: field("name"), address: field("address"), roles: field("roles") };
}

function record(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : {};
}
