import { execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";

import { artifacts, defaultVersions } from "../../mirror/catalogue";
import { suitePrograms } from "../../setup/commands/conformance";
import { hostArchitecture } from "../../setup/plan";

const run = promisify(execFile);
const root = path.resolve(__dirname, "..", "..");

/** This machine's, which its lab nodes have too. */
export const architecture = hostArchitecture();

/** Whether Kubernetes' own tests are run. Building them takes minutes of a run that is long enough: who wants it sets the variable. */
export const conformanceIsWanted =
    process.env.SLIPWAY_TEST_CONFORMANCE !== undefined ||
    (["upstream", "build"] as const).some((source) =>
        fs.existsSync(suitePrograms(defaultVersions.kubernetes, source, architecture).tests),
    );

/**
 * The lab of the end-to-end tests. e2e-2 takes its artifacts over HTTP; e2e-3 starts without docker and with a package
 * in its way.
 */
export const lab = {
    domain: "e2e.k8s.local",
    nodes: ["e2e-1", "e2e-2", "e2e-3"],
    addresses: ["172.31.232.11", "172.31.232.12", "172.31.232.13"],
    config: {
        // Its nodes have the images that those tests run.
        cluster: { name: "e2e", ...(conformanceIsWanted ? { conformance: "short" } : {}) } as Record<string, unknown>,
        lab: {
            name: "e2e",
            subnet: "172.31.232.0/24",
            controlPlanes: 1,
            workers: 2,
            sshPort: 2241,
            apiPort: 7443,
            overHttp: ["e2e-2"],
            conflicting: ["e2e-3"],
        },
        workloads: { "my-nginx": {}, "hello-kube": {} } as Record<string, unknown>,
    },
};

/** What one command left: its exit status and everything that it printed. */
export interface Outcome {
    readonly status: number | null;
    readonly stdout: string;
    readonly output: string;
}

/**
 * A stack of its own beside the user's `dev`: own state, own lab, own ports.
 *
 * Its folder has a fixed place, so that a run finds and clears what an interrupted one left behind.
 */
export class TestStack {
    readonly home: string;
    readonly configFile: string;
    readonly env: NodeJS.ProcessEnv;

    constructor(readonly name = "e2e") {
        this.home = path.join(os.tmpdir(), `slipway-${name}`);
        this.configFile = path.join(this.home, `Pulumi.${name}.yaml`);
        this.env = { ...process.env, SLIPWAY_HOME: this.home, CI: "true", NO_COLOR: "1" };
    }

    /** Writes `slipway:` keys into the stack's config file; keys that are not named stay (also the stack's salt). */
    configure(keys: Record<string, unknown>): void {
        fs.mkdirSync(this.home, { recursive: true, mode: 0o700 });
        const old = fs.existsSync(this.configFile) ? fs.readFileSync(this.configFile, "utf8") : "";
        const salt = /^encryptionsalt: .*$/m.exec(old)?.[0];
        const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`slipway:${key}`, value]));
        fs.writeFileSync(this.configFile, [...(salt ? [salt] : []), stringify({ config })].join("\n"));
    }

    /** What `configure` was given last. */
    configuration(): Record<string, Record<string, unknown>> {
        const { config } = parse(fs.readFileSync(this.configFile, "utf8")) as {
            config: Record<string, Record<string, unknown>>;
        };
        const keys = Object.entries(config).map(([key, value]) => [key.replace(/^slipway:/, ""), value]);
        return Object.fromEntries(keys) as Record<string, Record<string, unknown>>;
    }

    /** Runs `slipway COMMAND` on this stack to its end; what it prints is shown as it comes when `show` is set. */
    slipway(
        args: string[],
        options: { show?: boolean; killAfter?: (output: string) => boolean; env?: NodeJS.ProcessEnv } = {},
    ): Promise<Outcome> {
        // Before the arguments: what stands behind "--" isn't ours.
        const [command, ...rest] = args;
        const words = [command, "--stack", this.name, "--config-file", this.configFile, ...rest];
        const child = spawn(process.execPath, ["bin/slipway.mjs", ...words], {
            cwd: root,
            env: { ...this.env, ...options.env },
            stdio: ["ignore", "pipe", "pipe"],
            detached: options.killAfter !== undefined,
        });
        let stdout = "";
        let output = "";
        let killed = false;
        const hear = (chunk: Buffer, out: boolean) => {
            if (out) stdout += chunk;
            output += chunk;
            if (options.show) process.stdout.write(chunk);
            // The whole process group at once: wrapper, engine, program and plugins, as a power cut would.
            if (child.pid && !killed && options.killAfter?.(output)) {
                killed = true;
                process.kill(-child.pid, "SIGKILL");
            }
        };
        child.stdout.on("data", (chunk) => hear(chunk, true));
        child.stderr.on("data", (chunk) => hear(chunk, false));
        return new Promise((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (status) => resolve({ status, stdout, output }));
        });
    }

    /** The same, but a failure is an error that shows the last lines. */
    async must(args: string[], options: { show?: boolean; env?: NodeJS.ProcessEnv } = {}): Promise<Outcome> {
        const outcome = await this.slipway(args, options);
        if (outcome.status === 0) return outcome;
        const tail = outcome.output.split("\n").slice(-60).join("\n");
        throw new Error(`slipway ${args.join(" ")} ended with status ${outcome.status}:\n${tail}`);
    }

    /** The state as the file backend stores it. */
    state(): string {
        return fs.readFileSync(path.join(this.home, "state/.pulumi/stacks/slipway", `${this.name}.json`), "utf8");
    }

    kubeconfig(): string {
        return path.join(this.home, `kubeconfig-${this.name}`);
    }

    /** The folder of the stack's mirror, once it was filled. */
    mirror(): string {
        return JSON.parse(fs.readFileSync(path.join(this.home, "stacks", `${this.name}.json`), "utf8")).mirror;
    }

    /** The command line of kubectl, of the cluster's version, for this cluster. */
    kubectlWords(...args: string[]): string[] {
        const { kubernetes } = this.configuration().cluster as { kubernetes?: { version?: string } };
        const version = kubernetes?.version ?? defaultVersions.kubernetes;
        return [
            path.join(this.mirror(), artifacts({ ...defaultVersions, kubernetes: version }).kubectl.path(architecture)),
            "--kubeconfig",
            this.kubeconfig(),
            ...args,
        ];
    }

    async kubectl(...args: string[]): Promise<string> {
        const [command, ...words] = this.kubectlWords(...args);
        const { stdout } = await run(command, words, {
            maxBuffer: 64 << 20,
            timeout: 120_000,
        });
        return stdout;
    }

    async kubectlJson<T>(...args: string[]): Promise<T> {
        return JSON.parse(await this.kubectl(...args, "-o", "json")) as T;
    }
}

/** Runs a command in a lab node, as root, and gives what it printed. */
export async function onNode(node: string, command: string): Promise<string> {
    const { stdout } = await docker("exec", node, "sh", "-c", command);
    return stdout;
}

export function docker(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return run("docker", args, { maxBuffer: 64 << 20 });
}

/** Removes the containers, with their volumes, and then the networks that have a label: "label=KEY=VALUE". */
export async function removeLabelled(label: string): Promise<void> {
    const listed = async (...list: string[]) =>
        (await docker(...list, "-q", "--filter", label)).stdout.split("\n").filter(Boolean);
    const containers = await listed("ps", "-a");
    if (containers.length > 0) await docker("rm", "-fv", ...containers);
    const networks = await listed("network", "ls");
    if (networks.length > 0) await docker("network", "rm", ...networks);
}

const units =
    "docker cri-dockerd cri-containerd kubelet kube-proxy kubernetes-hosts " +
    "etcd kube-apiserver kube-controller-manager kube-scheduler kube-csr-approver kube-api-proxy kube-api-address";

/** When each unit of ours last started, by "NODE/UNIT": equal before and after means nothing was restarted. */
export async function startTimes(nodes: readonly string[]): Promise<Record<string, string>> {
    const ask = `for unit in ${units}; do echo "$unit $(systemctl show -P ActiveEnterTimestampMonotonic $unit)"; done`;
    const all = await Promise.all(
        nodes.map(async (node) => {
            const lines = (await onNode(node, ask)).trim().split("\n");
            return lines.map((line) => line.split(" ")).map(([unit, time]) => [`${node}/${unit}`, time]);
        }),
    );
    return Object.fromEntries(all.flat());
}

export function restarted(before: Record<string, string>, after: Record<string, string>): string[] {
    return Object.keys(after).filter((key) => before[key] !== after[key]);
}

/** What of a cluster is on a node: folders, interfaces, packet filter rules, units. None is left on a clean one. */
export async function traces(node: string): Promise<string[]> {
    const folders = [
        ...["k8s", "etcd", "cri-dockerd", "cni"].map((name) => `/opt/${name}`),
        // Where docker was before, containerd has made /etc/cni/net.d for itself.
        ...["kubernetes", "etcd", "cni/net.d/*"].map((name) => `/etc/${name}`),
        ...["slipway", "kubelet", "kube-proxy", "etcd", "cni"].map((name) => `/var/lib/${name}`),
        "/usr/local/bin/kubectl",
        ...["flannel", "kube-api-proxy", "kube-api-address"].map((name) => `/run/${name}`),
    ];
    const rest = "ip -o link; iptables-save; ls /etc/systemd/system; systemctl list-units --all --plain";
    const found = await onNode(
        node,
        `ls -d ${folders.join(" ")} 2>/dev/null; { ${rest}; } | grep -E 'cni0|flannel|KUBE-|SLIPWAY-|kube|etcd|cri-dockerd'; true`,
    );
    return found.split("\n").filter((line) => line !== "");
}

/** Waits for a condition by asking for it, every 0.3 s; after `seconds` the last answer or error is the message. */
export async function eventually<T>(
    what: string,
    seconds: number,
    ask: () => Promise<T | undefined | false>,
): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    let last: unknown = "no answer";
    while (Date.now() < deadline) {
        try {
            const answer = await ask();
            if (answer) return answer;
            last = answer;
        } catch (error) {
            last = error instanceof Error ? error.message : error;
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
    }
    throw new Error(`${what}: not within ${seconds} s (last: ${String(last)})`);
}
