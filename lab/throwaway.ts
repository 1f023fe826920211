import Docker from "dockerode";
import { randomBytes } from "node:crypto";
import * as path from "node:path";
import { PassThrough } from "node:stream";

import type { SshTarget } from "../components/inventory/node";
import { cacheFolder } from "../setup/paths";
import { creation, upload } from "../standins/docker/container";
import type { Flavour } from "./config";
import { probeEngine } from "./engine";
import type { EngineFacts, LabKeys } from "./facts";
import { prepareImages } from "./images";
import { makeKeyPair } from "./keys";
import { machine } from "./machine";

export interface ThrowAwayOptions {
    /** Default: "node", with docker. */
    readonly flavour?: Flavour;
    /** A folder of this machine that the node sees, read-only, as /mnt/mirror. */
    readonly mirror?: string;
    readonly progress?: (text: string) => void;
    /** Default: a name that no other node has. */
    readonly name?: string;
    /** The account that SSH logs in as. Default: "slipway". */
    readonly user?: string;
    /** Default: made for this node alone. */
    readonly keys?: LabKeys;
    /** A network of the engine's that is there, and the node's address in it. Default: the engine's own network. */
    readonly network?: { readonly name: string; readonly address: string };
    /** Ports of 127.0.0.1 that the node's ports answer on. Default: SSH on a free one. Without SSH its address is dialled. */
    readonly ports?: readonly { readonly internal: number; readonly external: number }[];
    /** Whose node it is: the value of the label slipway.test. Default: "true". */
    readonly label?: string;
}

export interface Outcome {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** A lab node that belongs to nobody's lab: for tests. */
export interface ThrowAwayNode {
    readonly name: string;
    /** Its address on the engine's network. */
    readonly address: string;
    readonly ssh: SshTarget;
    readonly container: Docker.Container;
    readonly engine: EngineFacts;
    /** Runs a command as root, with `input` on its stdin. A command that fails is a result, not an error. */
    exec(command: readonly string[] | string, input?: string): Promise<Outcome>;
    /** Puts a file there. */
    put(file: string, content: string | Buffer, permissions?: string): Promise<void>;
    /** As when its power is cut. */
    powerOff(): Promise<void>;
    /** Boots it again. */
    powerOn(): Promise<void>;
    /** Off and on again. */
    restart(): Promise<void>;
    remove(): Promise<void>;
}

/** Names what a killed test left: `docker ps --filter label=slipway.test`. */
export const throwAwayLabel = "slipway.test";

/** Starts a node of its own, exactly as the lab's are, and waits until systemd says that it runs. */
export async function throwAwayNode(options: ThrowAwayOptions = {}): Promise<ThrowAwayNode> {
    const { flavour = "node", mirror, progress = () => undefined, network, label = "true" } = options;
    const { name = `slipway-test-${randomBytes(4).toString("hex")}`, user = "slipway", keys = makeKeys() } = options;
    const docker = new Docker();
    const images = await prepareImages(docker, {
        cacheFolder: path.join(cacheFolder(), "lab"),
        flavours: [flavour],
        progress,
    });
    const image = images[flavour]!;
    const engine = await probeOnce(docker, image);
    const made = machine({ name, image, engine, keys, user, mirrorRoot: mirror });
    const container = await docker.createContainer(
        creation({
            ...made,
            restart: "no",
            networksAdvanced: network && [{ name: network.name, ipv4Address: network.address }],
            ports: (options.ports ?? [{ internal: 22 }]).map((port) => ({ ip: "127.0.0.1", ...port })),
            labels: [{ label: throwAwayLabel, value: label }],
        }),
    );
    const node = new Node(container, { name, engine, user, keys });
    try {
        await upload(container, [...made.uploads]);
        await container.start();
        await node.ready();
        return node;
    } catch (error) {
        await node.remove();
        throw error;
    }
}

let probed: Promise<EngineFacts> | undefined;
const probeOnce = (docker: Docker, image: string) => (probed ??= probeEngine(docker, image));

const makeKeys = (): LabKeys => ({ user: makeKeyPair(), host: makeKeyPair() });

interface Details {
    readonly name: string;
    readonly engine: EngineFacts;
    readonly user: string;
    readonly keys: LabKeys;
}

class Node implements ThrowAwayNode {
    readonly name: string;
    readonly engine: EngineFacts;
    address = "";
    private port = 0;

    constructor(
        readonly container: Docker.Container,
        private readonly details: Details,
    ) {
        this.name = details.name;
        this.engine = details.engine;
    }

    get ssh(): SshTarget {
        const { user, keys } = this.details;
        const { private: privateKey } = keys.user;
        return {
            host: this.port ? "127.0.0.1" : this.address,
            port: this.port || 22,
            user,
            privateKey,
            hostKey: keys.host.public,
        };
    }

    async exec(command: readonly string[] | string, input = ""): Promise<Outcome> {
        const Cmd = typeof command === "string" ? ["sh", "-c", command] : [...command];
        const exec = await this.container.exec({ Cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true });
        const stream = await exec.start({ hijack: true, stdin: true });
        const [stdout, stderr] = [new PassThrough(), new PassThrough()];
        const printed = [text(stdout), text(stderr)] as const;
        this.container.modem.demuxStream(stream, stdout, stderr);
        stream.end(input);
        await new Promise<void>((resolve, reject) => {
            stream.once("error", reject).once("end", resolve).once("close", resolve);
        });
        stdout.end();
        stderr.end();
        const { ExitCode } = await exec.inspect();
        return { code: ExitCode ?? -1, stdout: await printed[0], stderr: await printed[1] };
    }

    async put(file: string, content: string | Buffer, permissions = "0644"): Promise<void> {
        await upload(this.container, [{ file, contentBase64: Buffer.from(content).toString("base64"), permissions }]);
    }

    async powerOff(): Promise<void> {
        await this.container.kill();
    }

    async powerOn(): Promise<void> {
        await this.container.start();
        await this.ready();
    }

    async restart(): Promise<void> {
        await this.powerOff();
        await this.powerOn();
    }

    async remove(): Promise<void> {
        await this.container.remove({ force: true, v: true });
    }

    /** Waits until everything that belongs to the boot has started. */
    async ready(): Promise<void> {
        const { NetworkSettings } = await this.container.inspect();
        this.address = Object.values(NetworkSettings.Networks)[0].IPAddress;
        this.port = Number(NetworkSettings.Ports["22/tcp"]?.[0].HostPort ?? 0);
        const deadline = Date.now() + 60_000;
        for (;;) {
            const { stdout, stderr } = await this.exec("systemctl is-system-running");
            if (stdout.trim() === "running") {
                return;
            }
            if (stdout.trim() === "degraded" || Date.now() > deadline) {
                const { stdout: failed } = await this.exec(
                    "systemctl list-units --failed --plain; systemctl list-jobs",
                );
                throw new Error(`Node ${this.name} did not boot (${stdout.trim() || stderr.trim()}):\n${failed}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
        chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString("utf8");
}
