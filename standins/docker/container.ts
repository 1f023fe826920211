import type Docker from "dockerode";
import { pack } from "tar-stream";
import type { ResourceHandler } from "../provider";
import type { Value, Values } from "../values";
import { labelMap, missing, named, onlyKnown } from "./shared";

const inputs = [
    "capabilities",
    "cgroupnsMode",
    "command",
    "destroyGraceSeconds",
    "deviceCgroupRules",
    "entrypoints",
    "hostname",
    "image",
    "labels",
    "mustRun",
    "name",
    "networksAdvanced",
    "ports",
    "privileged",
    "removeVolumes",
    "restart",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "tmpfs",
    "uploads",
    "volumes",
];

/** What a living container can take: how it is removed, whether it runs, and when it is started again. */
const kept = ["destroyGraceSeconds", "mustRun", "removeVolumes", "restart"];

/** How long a container must go on running to count as started, in milliseconds; as in the genuine plugin. */
const settling = 100;

/** Containers that run from creation to deletion, unless `mustRun` is false. */
export function containerHandler(docker: Docker): ResourceHandler {
    return {
        check: (args, { name, type }) => onlyKnown(named(args, name), inputs, type),
        replaceOn: inputs.filter((property) => !kept.includes(property)),
        async create({ inputs: wanted }, { preview }) {
            if (preview) {
                return { id: "", outputs: { mustRun: true, ...wanted } };
            }
            const container = await docker.createContainer(creation(wanted));
            try {
                await upload(container, wanted.uploads ?? []);
                await start(container, wanted);
                return { id: container.id, outputs: await outputs(container, wanted) };
            } catch (error) {
                await container.remove({ force: true, v: true });
                throw error;
            }
        },
        async update({ id, inputs: wanted, oldOutputs }, { preview }) {
            if (preview) {
                return { outputs: { ...oldOutputs, mustRun: true, ...wanted } };
            }
            const container = docker.getContainer(id);
            const { HostConfig, State } = await container.inspect();
            const policy = restartPolicy(wanted);
            if (HostConfig.RestartPolicy?.Name !== policy.Name) {
                await container.update({ RestartPolicy: policy });
            }
            if (!State.Running && wanted.mustRun !== false) {
                await start(container, wanted);
            }
            return { outputs: await outputs(container, wanted) };
        },
        async read({ id, inputs: known }) {
            const container = docker.getContainer(id);
            if (await missing(container)) {
                return { id: "", inputs: known, outputs: {} };
            }
            const found = await outputs(container, known);
            // What a refresh shows of one that was stopped by hand; the next update starts it.
            return { id, inputs: found.mustRun ? known : { ...known, mustRun: false }, outputs: found };
        },
        async delete({ id, inputs: known }) {
            const container = docker.getContainer(id);
            if (await missing(container)) {
                return;
            }
            if (known.destroyGraceSeconds) {
                // 304: it had stopped by itself.
                await container.stop({ t: known.destroyGraceSeconds }).catch((error: { statusCode?: number }) => {
                    if (error.statusCode !== 304) {
                        throw error;
                    }
                });
            }
            await container.remove({ force: true, v: known.removeVolumes ?? true });
        },
    };
}

/** What the engine is asked for. */
export function creation(wanted: Values): Docker.ContainerCreateOptions {
    const volumes: Value[] = wanted.volumes ?? [];
    const ports: Value[] = wanted.ports ?? [];
    const networks: Value[] = wanted.networksAdvanced ?? [];
    const key = (port: Value) => `${port.internal}/${port.protocol ?? "tcp"}`;
    return {
        name: wanted.name,
        Image: wanted.image,
        Cmd: wanted.command,
        Entrypoint: wanted.entrypoints,
        Hostname: wanted.hostname,
        Labels: labelMap(wanted.labels),
        StopSignal: wanted.stopSignal,
        StopTimeout: wanted.stopTimeout,
        ExposedPorts: Object.fromEntries(ports.map((port) => [key(port), {}])),
        Volumes: Object.fromEntries(
            volumes.filter(({ hostPath }) => !hostPath).map(({ containerPath }) => [containerPath, {}]),
        ),
        HostConfig: {
            Binds: volumes
                .filter(({ hostPath }) => hostPath)
                .map(({ hostPath, containerPath, readOnly }) => `${hostPath}:${containerPath}${readOnly ? ":ro" : ""}`),
            CapAdd: wanted.capabilities?.adds,
            CapDrop: wanted.capabilities?.drops,
            CgroupnsMode: wanted.cgroupnsMode,
            DeviceCgroupRules: wanted.deviceCgroupRules,
            NetworkMode: networks[0]?.name,
            PortBindings: Object.fromEntries(
                ports.map((port) => [
                    key(port),
                    [{ HostIp: port.ip ?? "0.0.0.0", HostPort: String(port.external ?? "") }],
                ]),
            ),
            Privileged: wanted.privileged,
            RestartPolicy: restartPolicy(wanted),
            SecurityOpt: wanted.securityOpts,
            Tmpfs: wanted.tmpfs,
        } as Docker.HostConfig,
        NetworkingConfig: {
            EndpointsConfig: Object.fromEntries(
                networks.map(({ name, ipv4Address }) => [
                    name,
                    ipv4Address ? { IPAMConfig: { IPv4Address: ipv4Address } } : {},
                ]),
            ),
        },
    };
}

const restartPolicy = ({ restart }: Values) => ({ Name: restart ?? "no" });

/** Files that are in the container before its first process starts. */
export async function upload(container: Docker.Container, files: Value[]): Promise<void> {
    if (files.length === 0) {
        return;
    }
    const archive = pack();
    for (const { file, content, contentBase64, permissions, executable } of files) {
        const mode = permissions ? Number.parseInt(permissions, 8) : executable ? 0o744 : 0o644;
        const data = contentBase64 ? Buffer.from(contentBase64, "base64") : Buffer.from(content ?? "");
        archive.entry({ name: file.replace(/^\/+/, ""), mode, uid: 0, gid: 0 }, data);
    }
    archive.finalize();
    await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
}

/** Starts a container and sees to it that it goes on running. */
async function start(container: Docker.Container, { name, mustRun }: Values): Promise<void> {
    await container.start();
    if (mustRun === false) {
        return;
    }
    await new Promise((resolve) => setTimeout(resolve, settling));
    const { Running, Restarting, ExitCode } = (await container.inspect()).State;
    if (!Running || Restarting) {
        const last = await container.logs({ stdout: true, stderr: true, tail: 10 });
        throw new Error(
            `The container ${name} ended at once, with status ${ExitCode}. Its last lines:\n${printable(last)}`,
        );
    }
}

/** The engine's log has a header of eight bytes before each line, unless the container has a terminal. */
const printable = (log: Buffer): string =>
    log
        .toString("utf8")
        .replace(/^[\0-\x02]\0{3}[^]{4}/gm, "")
        .trim();

async function outputs(container: Docker.Container, wanted: Values): Promise<Values> {
    const info = await container.inspect();
    return {
        ...wanted,
        hostname: info.Config.Hostname,
        mustRun: wanted.mustRun === false ? false : info.State.Running,
        networkDatas: Object.entries(info.NetworkSettings.Networks).map(([networkName, network]) => ({
            networkName,
            ipAddress: network.IPAddress,
            ipPrefixLength: network.IPPrefixLen,
            gateway: network.Gateway,
            macAddress: network.MacAddress,
        })),
    };
}
