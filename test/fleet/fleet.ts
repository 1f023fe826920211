/** A cluster of simulated machines, built by the real program through the real command, on a stack of its own. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { paths } from "../../components/inventory/paths";
import { artifacts, images } from "../../mirror/catalogue";
import { recordFiles } from "../../mirror/digests";
import { choosePulumi, obtainPulumi, pulumiProbes } from "../../setup/pulumi";
import { names as standIns } from "../../standins/registry";
import { TestStack } from "../e2e/harness";
import { SimulatedApi } from "./api";
import { Machines } from "./machines";

export interface NodeSettings {
    readonly name: string;
    readonly labels?: Record<string, string>;
}

/** What one run of the engine did to resources: operation by resource name, those left as they were not among them. */
export type Touched = Record<string, string>;

const clusterName = "fleet";

/** The control plane's name. */
export const controlPlane = "node-1";

/** Names of a control plane and workers, in order. */
export function nodeNames(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `node-${index + 1}`);
}

export class Fleet {
    private runs = 0;

    private constructor(
        readonly machines: Machines,
        readonly api: SimulatedApi,
        readonly stack: TestStack,
    ) {}

    /** @param name of the stack: two of one name would be in each other's way */
    static async start(name = clusterName): Promise<Fleet> {
        const api = await SimulatedApi.start();
        const machines = await Machines.start(({ kind, manifest }) => {
            if (kind === "credentials" && manifest.includes(apiserverKey)) api.use(servingPair(manifest));
        });
        const choice = await choosePulumi(pulumiProbes(async () => false));
        const pulumi = await obtainPulumi(choice, "", () => undefined);
        const stack = new TestStack(name);
        fs.rmSync(stack.home, { recursive: true, force: true });
        Object.assign(stack.env, {
            PATH: [path.dirname(pulumi), process.env.PATH].join(path.delimiter),
            // Nothing of this user's: the stand-ins know this API, the genuine plugins would want more of it.
            SLIPWAY_CACHE: path.join(stack.home, "cache"),
            PULUMI_HOME: path.join(stack.home, "pulumi"),
            PULUMI_DEBUG_COMMANDS: "true",
        });
        fs.mkdirSync(path.join(stack.home, "stacks"), { recursive: true, mode: 0o700 });
        fillMirror(path.join(stack.home, "mirror"));
        const plugins = Object.fromEntries(standIns.map((name) => [name, "stand-in"]));
        fs.writeFileSync(path.join(stack.home, "stacks", `${name}.json`), JSON.stringify({ plugins }));
        return new Fleet(machines, api, stack);
    }

    /** Writes the configuration: the first node is the control plane. */
    configure(nodes: readonly NodeSettings[], cluster: Record<string, unknown> = {}): void {
        const { hostKey, privateKey, port } = this.machines;
        this.stack.configure({
            cluster: {
                name: clusterName,
                source: `${path.join(this.stack.home, "mirror")}/`,
                // Room for some thousands of nodes.
                network: { podCidr: "10.128.0.0/9" },
                api: { operator: { host: "127.0.0.1", port: this.api.port } },
                ssh: { host: "127.0.0.1", port, hostKey, privateKey },
                ...cluster,
            },
            nodes: nodes.map(({ name, labels = {} }) => ({
                name,
                address: addressOf(name),
                roles: name === controlPlane ? ["control-plane", "worker"] : ["worker"],
                ssh: { user: name },
                labels,
            })),
            workloads: { "my-nginx": {}, "hello-kube": {} },
        });
    }

    /** How many resources of each type the state holds. */
    resources(): Record<string, number> {
        const counts: Record<string, number> = {};
        for (const { type } of this.state()) counts[type] = (counts[type] ?? 0) + 1;
        return counts;
    }

    /** Bytes of a machine's steps in the state, as JSON without white space. */
    stateBytes(name: string): number {
        const its = this.state().filter(({ urn }) => urn.split("::").at(-1)!.startsWith(`${name}-`));
        return Buffer.byteLength(its.map((resource) => JSON.stringify(resource)).join());
    }

    /** Names of what the resource of this name and type waits for. */
    awaited(name: string, type = "command:remote:Command"): string[] {
        const found = this.state().find(({ urn }) => urn.endsWith(`${type}::${name}`));
        return (found?.dependencies ?? []).map((urn) => urn.split("::").at(-1)!);
    }

    private state(): { type: string; urn: string; dependencies?: string[] }[] {
        return JSON.parse(this.stack.state()).checkpoint.latest.resources;
    }

    /** Runs `slipway up` or `slipway preview`, and gives back what the engine did or would do. */
    async run(command: "up" | "preview"): Promise<Touched> {
        this.machines.takeAsked();
        const log = path.join(this.stack.home, `events-${++this.runs}.json`);
        await this.stack.must([command, "--", "--event-log", log]);
        return touched(log);
    }

    async close(): Promise<void> {
        await Promise.all([this.machines.close(), this.api.close()]);
        fs.rmSync(this.stack.home, { recursive: true, force: true });
    }
}

/** An address of its own for each number. */
function addressOf(name: string): string {
    const number = Number(name.split("-")[1]);
    return `192.168.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

/** An operator's own mirror for both architectures. What is in its files doesn't matter: nobody unpacks them. */
function fillMirror(folder: string): void {
    const items = [...Object.values(artifacts()), ...Object.values(images())];
    const files = items.flatMap((item) => [item.path("amd64"), item.path("arm64")]);
    const records = files.map((file) => {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), file);
        const sha256 = createHash("sha256").update(file).digest("hex");
        return [file, { sha256, size: Buffer.byteLength(file), origin: "upstream" }] as const;
    });
    recordFiles(folder, "upstream", Object.fromEntries(records));
}

const apiserverCertificate = `${paths.pki}/apiserver.crt`;
const apiserverKey = `${paths.pki}/apiserver.key`;

/** The API server's certificate and key, out of a control plane's credentials. */
function servingPair(manifest: string) {
    const lines = manifest.split("\n");
    const content = (file: string) => {
        const [, ...after] = lines.slice(
            lines.findIndex((line) => line.startsWith("file ") && line.endsWith(` ${file}`)),
        );
        const end = after.findIndex((line) => !line.startsWith("|"));
        return after
            .slice(0, end)
            .map((line) => line.slice(2))
            .join("\n");
    };
    return { certificate: content(apiserverCertificate), key: content(apiserverKey) };
}

interface EngineEvent {
    readonly resOutputsEvent?: { readonly metadata: { readonly op: string; readonly urn: string } };
}

/** Reads the engine's own log of events. Outputs and components aren't resources that anybody made. */
function touched(log: string): Touched {
    const events = fs.readFileSync(log, "utf8").trim().split("\n");
    const found: Touched = {};
    for (const line of events) {
        const { metadata } = (JSON.parse(line) as EngineEvent).resOutputsEvent ?? {};
        if (metadata && metadata.op !== "same") found[nameOf(metadata.urn)] = metadata.op;
    }
    return found;
}

/** "TYPE NAME", without the types of what it is a part of. */
function nameOf(urn: string): string {
    const [, , types, ...name] = urn.split("::");
    return `${types.split("$").at(-1)} ${name.join("::")}`;
}
