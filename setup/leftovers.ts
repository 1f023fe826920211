import { createRequire } from "node:module";
import type Docker from "dockerode";
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
        if (await remove(docker, object)) removed.push(`${object.kind} ${object.name}`);
    }
    return removed;
}

async function remove(docker: Docker, object: DockerObject): Promise<boolean> {
    try {
        if (object.kind === "container") {
            const container = docker.getContainer(object.name);
            if (!isOurs(object, (await container.inspect()).Config.Labels)) return false;
            await container.remove({ force: true, v: true });
        } else if (object.kind === "network") {
            const network = docker.getNetwork(object.name);
            if (!isOurs(object, ((await network.inspect()) as { Labels?: Record<string, string> }).Labels))
                return false;
            await network.remove();
        } else {
            const volume = docker.getVolume(object.name);
            if (!isOurs(object, (await volume.inspect()).Labels)) return false;
            await volume.remove();
        }
        return true;
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return false;
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
