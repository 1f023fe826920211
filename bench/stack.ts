/** A stack of the benchmarks' own, beside the user's: own state, own lab, own ports. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { stringify } from "yaml";

import { prepare, Progress, type Prepared } from "../setup";
import { parallelism } from "../setup/commands/up";
import { artifacts } from "../mirror/catalogue";
import { stopOwnDaemon } from "../setup/docker";
import { hostArchitecture } from "../setup/plan";
import { mirrorFolder } from "../setup/stackRecord";
import { stateFile } from "../setup/stack";

export const root = path.resolve(__dirname, "..");
export const nodes = ["bench-1", "bench-2", "bench-3"];

const name = "bench";
const subnet = "172.31.238.0/24";
const lab = { name, subnet, controlPlanes: 1, workers: 2, sshPort: 2251, apiPort: 8443 };

export class BenchStack {
    readonly name = name;
    readonly home = path.join(os.tmpdir(), "slipway-bench");
    private readonly configFile = path.join(this.home, `Pulumi.${name}.yaml`);

    /**
     * @param workloads `slipway:workloads` of the configuration.
     * @param cluster what stands under `slipway:cluster` beside the name.
     */
    constructor(workloads: Record<string, unknown>, cluster: Record<string, unknown> = {}) {
        process.env.SLIPWAY_HOME = this.home;
        fs.mkdirSync(this.home, { recursive: true, mode: 0o700 });
        this.configure(workloads, cluster);
    }

    /** Writes the configuration anew; the stack's salt stays. */
    configure(workloads: Record<string, unknown>, cluster: Record<string, unknown> = {}): void {
        const old = fs.existsSync(this.configFile) ? fs.readFileSync(this.configFile, "utf8") : "";
        const salt = /^encryptionsalt: .*$/m.exec(old)?.[0];
        const config = { "slipway:cluster": { name, ...cluster }, "slipway:lab": lab, "slipway:workloads": workloads };
        fs.writeFileSync(this.configFile, [...(salt ? [salt] : []), stringify({ config })].join("\n"));
    }

    /** kubectl's words for this cluster, with the one of the stack's mirror. */
    kubectlWords(...args: string[]): [command: string, ...words: string[]] {
        const file = artifacts().kubectl.path(hostArchitecture());
        return [path.join(mirrorFolder(name), file), "--kubeconfig", this.kubeconfig, ...args];
    }

    kubectl(...args: string[]): Promise<string> {
        const [command, ...words] = this.kubectlWords(...args);
        return run(command, words, { cwd: root, env: process.env });
    }

    /** Gives the API objects, as `kubectl apply` takes them. */
    async apply(objects: readonly object[]): Promise<void> {
        const file = path.join(this.home, "objects.json");
        fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
        await this.kubectl("apply", "--server-side", "-f", file);
    }

    get kubeconfig(): string {
        return path.join(this.home, `kubeconfig-${name}`);
    }

    /** The state, as it stands in the file backend. */
    get stateFile(): string {
        return stateFile({ root, name, project: "slipway", configFile: this.configFile, config: {}, ownBackend: true });
    }

    /** Everything that Pulumi needs, up to the stack and the running stand-ins. Close it afterwards. */
    open(): Promise<Prepared> {
        const progress = new Progress({
            stream: fs.createWriteStream(path.join(this.home, "setup.log"), { flags: "a" }),
        });
        return prepare({ stack: name, configFile: this.configFile, root, progress });
    }

    /** Runs `pulumi up` or `pulumi preview` on the stack, as `slipway` does; `cwd` is another program's folder. */
    pulumi(prepared: Prepared, command: "up" | "preview", options: { args?: string[]; cwd?: string } = {}) {
        const { pulumi, env, configFile } = prepared;
        const always = ["--stack", name, "--non-interactive", "--parallel", `${parallelism(nodes.length)}`];
        const own = command === "up" ? ["--yes", "--skip-preview", "--suppress-outputs"] : [];
        const config = configFile ? ["--config-file", configFile] : [];
        const words = [command, ...always, ...own, ...config, ...(options.args ?? [])];
        return run(pulumi, words, { cwd: options.cwd ?? root, env });
    }

    /** Runs `slipway COMMAND` on the stack; what it prints. */
    slipway(...args: string[]): Promise<string> {
        const words = ["bin/slipway.mjs", ...args, "--stack", name, "--config-file", this.configFile];
        return run(process.execPath, words, { cwd: root, env: { ...process.env, CI: "true", NO_COLOR: "1" } });
    }

    /** Removes the containers, the network and the state: quicker than a destroy, and all there is is in the lab. */
    async clear(): Promise<void> {
        const docker = new Docker();
        const filters = { label: [`slipway.lab=${name}`] };
        const containers = await docker.listContainers({ all: true, filters });
        await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
        const networks = await docker.listNetworks({ filters });
        await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
        for (const part of ["state", "stacks"]) {
            fs.rmSync(path.join(this.home, part), { recursive: true, force: true });
        }
    }

    /** Everything there is of it, and the engine when it was started for it. */
    async remove(): Promise<void> {
        await this.clear();
        await stopOwnDaemon();
        fs.rmSync(this.home, { recursive: true, force: true });
    }
}

/** Runs a command and returns what it printed. A failure is an error with its last lines. */
export function run(
    command: string,
    args: readonly string[],
    options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        let output = "";
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => (output += data));
        child.on("error", reject);
        child.on("close", (code) =>
            code === 0
                ? resolve(output)
                : reject(new Error(`${command} ${args.join(" ")} ended with status ${code}:\n${output.slice(-4000)}`)),
        );
    });
}
