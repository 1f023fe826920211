import type Docker from "dockerode";
import * as net from "node:net";

import type { EngineFacts } from "./facts";
import { confinement } from "./machine";

const label = { "slipway.lab": "probe" };

/** How long a container's address may take to answer, in milliseconds. */
const patience = 2000;

/** Which engine this is. */
export async function identify(docker: Docker): Promise<Pick<EngineFacts, "id" | "version" | "cgroupVersion">> {
    const info = (await docker.info()) as { ID: string; ServerVersion: string; CgroupVersion?: string };
    return { id: info.ID, version: info.ServerVersion, cgroupVersion: info.CgroupVersion === "2" ? "2" : "1" };
}

/** Finds out what an engine can do, by trying it with a container of `image`, which lasts a second or two. */
export async function probeEngine(docker: Docker, image: string): Promise<EngineFacts> {
    const engine = await identify(docker);
    const privileged = (await refusal(docker, image, { privileged: true })) === undefined;
    if (!privileged) {
        const reason = await refusal(docker, image, { privileged: false });
        if (reason) {
            throw new Error(
                `The Docker engine ${engine.version} can't give a container what a lab node needs, neither by ` +
                    `--privileged nor one capability at a time: ${reason} Use an engine that isn't rootless, on this ` +
                    "machine or in a virtual one (DOCKER_HOST).",
            );
        }
    }
    const [kernelModules, reachable] = [await hasKernelModules(docker, image), await answers(docker, image)];
    return { ...engine, privileged, kernelModules, reachable };
}

/** Why the engine can't start a container that is confined so; undefined: it can. */
async function refusal(docker: Docker, image: string, how: { privileged: boolean }): Promise<string | undefined> {
    const { capabilities, securityOpts, deviceCgroupRules } = confinement(how) as Record<string, never> & {
        capabilities?: { adds: string[] };
        securityOpts?: string[];
        deviceCgroupRules?: string[];
    };
    return attempt(docker, image, {
        Privileged: how.privileged,
        CapAdd: capabilities?.adds,
        SecurityOpt: securityOpts,
        DeviceCgroupRules: deviceCgroupRules,
        NetworkMode: "none",
    });
}

async function hasKernelModules(docker: Docker, image: string): Promise<boolean> {
    // Unlike a volume, a mount of a folder that isn't there is refused, and makes none.
    const modules = { Type: "bind", Source: "/lib/modules", Target: "/lib/modules", ReadOnly: true } as const;
    return (await attempt(docker, image, { Mounts: [modules], NetworkMode: "none" })) === undefined;
}

async function attempt(docker: Docker, image: string, HostConfig: Docker.HostConfig): Promise<string | undefined> {
    try {
        await withContainer(docker, { Image: image, Entrypoint: ["true"], HostConfig }, (container) =>
            container.start(),
        );
        return undefined;
    } catch (error) {
        return (error as Error).message;
    }
}

/** Whether something in a container answers on the container's address. */
async function answers(docker: Docker, image: string): Promise<boolean> {
    const options = { Image: image, Entrypoint: ["busybox", "httpd", "-f", "-p", "80"] };
    return withContainer(docker, options, async (container) => {
        await container.start();
        const { NetworkSettings } = await container.inspect();
        return connects(Object.values(NetworkSettings.Networks)[0].IPAddress, 80);
    });
}

async function connects(host: string, port: number): Promise<boolean> {
    const end = Date.now() + patience;
    const once = () =>
        new Promise<boolean>((resolve) => {
            const socket = net.connect({ host, port, timeout: Math.max(1, end - Date.now()) });
            const done = (connected: boolean) => {
                socket.destroy();
                resolve(connected);
            };
            socket.once("connect", () => done(true));
            socket.once("timeout", () => done(false));
            socket.once("error", () => done(false));
        });
    while (Date.now() < end) {
        if (await once()) {
            return true;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
}

async function withContainer<T>(
    docker: Docker,
    options: Docker.ContainerCreateOptions,
    use: (container: Docker.Container) => Promise<T>,
): Promise<T> {
    const container = await docker.createContainer({ ...options, Labels: label });
    try {
        return await use(container);
    } finally {
        await container.remove({ force: true, v: true });
    }
}
