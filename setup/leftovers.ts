import { createRequire } from "node:module";
import type Docker from "dockerode";
import { Failure } from "./failure";
import type { StateResource } from "./stack";

/** A container, network or volume that Pulumi was making or had made. */
export interface DockerObject {
    readonly kind: "container" | "network" | "volume";
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
}

const kinds: Readonly<Record<string, DockerObject["kind"]>> = {
    "docker:index/container:Container": "container",
    "docker:index/network:Network": "network",
    "docker:index/volume:Volume": "volume",
};

/** Containers first: networks and volumes can't go while one uses them. */
const order: readonly DockerObject["kind"][] = ["container", "network", "volume"];

/** The Docker objects among resources of the state, in the order in which they can be removed. */
export function dockerObjects(resources: readonly StateResource[]): DockerObject[] {
    const objects = resources.flatMap(({ type, inputs }) => {
        const kind = kinds[type];
        const name = inputs?.name;
        if (!kind || typeof name !== "string") return [];
        const list = Array.isArray(inputs?.labels) ? (inputs.labels as { label: string; value: string }[]) : [];
        return [{ kind, name, labels: Object.fromEntries(list.map(({ label, value }) => [label, value])) }];
    });
    return objects.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Whether what the engine has under that name was made by us: it carries every label, and there is one. */
export function isOurs(wanted: DockerObject, found: Readonly<Record<string, string>> | null | undefined): boolean {
    const labels = Object.entries(wanted.labels);
    return labels.length > 0 && labels.every(([label, value]) => found?.[label] === value);
}

/**
 * Removes Docker objects that a killed run left behind, with anonymous volumes. One of the same name with other labels
 * is someone else's and stays.
 *
 * @returns what was removed, as "container dev-1".
 */
export async function removeObjects(objects: readonly DockerObject[], host: string): Promise<string[]> {
    const docker = connect(host);
    const removed: string[] = [];
    for (const object of objects) {
        const labels = await labelsOf(docker, object);
        if (labels && isOurs(object, labels) && (await remove(docker, object))) removed.push(describe(object));
    }
    return removed;
}

/** The labels by which these objects are ours, as Docker's filters want them: "slipway.lab=dev". */
export function labelsOfAll(objects: readonly DockerObject[]): string[] {
    return [
        ...new Set(objects.flatMap(({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`))),
    ];
}

/** Removes everything that carries one of the labels, whether any state knows it or not. */
export async function removeLabelled(labels: readonly string[], host: string): Promise<string[]> {
    const docker = connect(host);
    const removed: string[] = [];
    for (const label of labels) {
        const filters = { label: [label] };
        const containers = await docker.listContainers({ all: true, filters });
        const networks = await docker.listNetworks({ filters });
        const { Volumes: volumes } = await docker.listVolumes({ filters });
        const found = [
            ...containers.map(
                ({ Id, Names }) => ({ kind: "container", id: Id, name: (Names[0] ?? Id).slice(1) }) as const,
            ),
            ...networks.map(({ Id, Name }) => ({ kind: "network", id: Id, name: Name }) as const),
            ...(volumes ?? []).map(({ Name }) => ({ kind: "volume", id: Name, name: Name }) as const),
        ];
        for (const object of found) {
            if (await remove(docker, object)) removed.push(describe(object));
        }
    }
    return removed;
}

const describe = ({ kind, name }: Pick<DockerObject, "kind" | "name">) => `${kind} ${name}`;

/** Undefined: there is no such thing. */
async function labelsOf(docker: Docker, { kind, name }: DockerObject): Promise<Record<string, string> | undefined> {
    const ask = {
        container: async () => (await docker.getContainer(name).inspect()).Config.Labels,
        network: async () => ((await docker.getNetwork(name).inspect()) as { Labels?: Record<string, string> }).Labels,
        volume: async () => (await docker.getVolume(name).inspect()).Labels,
    };
    return unlessGone(async () => (await ask[kind]()) ?? {});
}

/** Whether there was something to remove. */
async function remove(docker: Docker, object: { kind: DockerObject["kind"]; id?: string; name: string }) {
    const { kind, name, id = name } = object;
    const removal = {
        container: () => docker.getContainer(id).remove({ force: true, v: true }),
        network: () => docker.getNetwork(id).remove(),
        volume: () => docker.getVolume(id).remove(),
    };
    try {
        return (await unlessGone(async () => (await removal[kind](), true))) ?? false;
    } catch (error) {
        throw new Failure(`Docker can't remove ${describe(object)}: ${(error as Error).message.trim()}`);
    }
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
        return await work();
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined;
        throw error;
    }
}

function connect(host: string): Docker {
    // Loaded when it is wanted, which is seldom.
    const Client = createRequire(__filename)("dockerode") as typeof Docker;
    const url = new URL(host);
    if (url.protocol === "unix:") return new Client({ socketPath: decodeURIComponent(url.pathname) });
    // ssh:// and TLS: dockerode reads DOCKER_HOST and friends by itself.
    if (url.protocol !== "tcp:" || process.env.DOCKER_TLS_VERIFY) return new Client();
    return new Client({ host: url.hostname, port: Number(url.port || 2375), protocol: "http" });
}
