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
    "hostname",
    "image",
    "labels",
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

/** How it is removed is no property of a container: a change of these is stored, nothing more. */
const stored = ["destroyGraceSeconds", "removeVolumes", "stopTimeout"];

/** Containers that run from creation to deletion. */
export function containerHandler(docker: Docker): ResourceHandler {
    return {
        check: (args, { name, type }) => onlyKnown(named(args, name), inputs, type),
        replaceOn: inputs.filter((property) => !stored.includes(property)),
        async create({ inputs: wanted }, { preview }) {
            if (preview) {
                return { id: "", outputs: { ...wanted } };
            }
            const container = await docker.createContainer(creation(wanted));
            try {
                await upload(container, wanted.uploads ?? []);
                await container.start();
                return { id: container.id, outputs: await outputs(container, wanted) };
            } catch (error) {
                await container.remove({ force: true, v: true });
                throw error;
            }
        },
        async update({ inputs: wanted, oldOutputs }) {
            return { outputs: { ...oldOutputs, ...wanted } };
        },
        async read({ id, inputs: known }) {
            const container = docker.getContainer(id);
            if (await missing(container)) {
                return { id: "", inputs: known, outputs: {} };
            }
            return { id, inputs: known, outputs: await outputs(container, known) };
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

function creation(wanted: Values): Docker.ContainerCreateOptions {
    const volumes: Value[] = wanted.volumes ?? [];
    const ports: Value[] = wanted.ports ?? [];
    const networks: Value[] = wanted.networksAdvanced ?? [];
    const key = (port: Value) => `${port.internal}/${port.protocol ?? "tcp"}`;
    return {
        name: wanted.name,
        Image: wanted.image,
        Cmd: wanted.command,
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
            RestartPolicy: { Name: wanted.restart ?? "no" },
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

/** Files that are in the container before its first process starts. */
async function upload(container: Docker.Container, files: Value[]): Promise<void> {
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

async function outputs(container: Docker.Container, wanted: Values): Promise<Values> {
    const info = await container.inspect();
    return {
        ...wanted,
        hostname: info.Config.Hostname,
        networkDatas: Object.entries(info.NetworkSettings.Networks).map(([networkName, network]) => ({
            networkName,
            ipAddress: network.IPAddress,
            ipPrefixLength: network.IPPrefixLen,
            gateway: network.Gateway,
            macAddress: network.MacAddress,
        })),
    };
}
