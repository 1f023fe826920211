/** A bare program with some commands for each of N simulated nodes: what the engine needs for as many resources. */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { choosePulumi, obtainPulumi, pulumiProbes } from "../../setup/pulumi";
import { debugProviders, type Ports } from "../../standins/serve";
import type { Point } from "../curve";
import { wireTo } from "./latency";
import { watchMemory, type Peaks } from "./memory";
import type { Fleet } from "./server";

const root = path.resolve(__dirname, "../..");

export interface BareOptions {
    readonly nodes: number;
    /** Commands for each node, one after the other. Default 5. */
    readonly steps?: number;
    /** Bytes of each one's stdin beyond the least, which is about 1 KiB. Default 0. */
    readonly padding?: number;
    readonly checkpoints: boolean;
    /** Of the way to each node, there and back, in milliseconds. Default 0. */
    readonly latency?: number;
    readonly parallel: number;
    /** Seconds after which a run is given up. */
    readonly limit: number;
}

/** Times of the runs; those after one that was given up are missing. */
export interface BareRuns {
    readonly first?: Measured;
    readonly preview?: Measured;
    readonly again?: Measured;
    readonly changed?: Measured;
    /** Bytes. */
    readonly state: number;
}

/** Starts a helper that prints one line of JSON. It ends with its stdin. */
async function start<Answer>(file: string, ...args: string[]): Promise<{ child: ChildProcess; answer: Answer }> {
    const child = spawn(process.execPath, ["--require", "tsx/cjs", path.join(root, file), ...args], {
        cwd: root,
        stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = await new Promise<string[]>((resolve, reject) => {
        createInterface(child.stdout!).once("line", (text) => resolve([text]));
        child.once("exit", (code) => reject(new Error(`${file} ended with status ${code}.`)));
    });
    return { child, answer: JSON.parse(line!) as Answer };
}

/** One run of Pulumi. */
export interface Measured {
    /** Seconds. */
    time: number;
    peaks: Peaks;
}

/** Runs Pulumi. Undefined: it took longer than the limit. */
function pulumi(
    args: string[],
    env: NodeJS.ProcessEnv,
    { plugins, folder, limit }: { plugins: number; folder: string; limit: number },
): Promise<Measured | undefined> {
    return new Promise((resolve, reject) => {
        const started = process.hrtime.bigint();
        const child = spawn("pulumi", [...args, "--non-interactive"], {
            cwd: folder,
            env,
            stdio: ["ignore", "pipe", "pipe"],
        });
        const memory = watchMemory([process.pid, plugins]);
        let output = "";
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => (output += data));
        let late = false;
        const timer = setTimeout(() => (late = child.kill("SIGKILL")), limit * 1000);
        child.on("error", reject);
        child.on("close", (code) => {
            clearTimeout(timer);
            const peaks = memory.stop();
            const time = Number(process.hrtime.bigint() - started) / 1e9;
            if (late) return resolve(undefined);
            if (code !== 0) return reject(new Error(`pulumi ${args.join(" ")} failed:\n${output.slice(-3000)}`));
            resolve({ time, peaks });
        });
    });
}

/** The program's folder: a project that finds this checkout's packages. */
function makeProject(home: string): string {
    const folder = path.join(home, "program");
    fs.mkdirSync(folder);
    fs.mkdirSync(path.join(home, "state"));
    fs.writeFileSync(
        path.join(folder, "Pulumi.yaml"),
        `name: fleet\nmain: ${path.join(root, "bench/fleet/program/index.ts")}\n` +
            "runtime: { name: nodejs, options: { typescript: false, nodeargs: --require tsx/cjs } }\n",
    );
    fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"));
    fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    return folder;
}

/** Creates it all, previews it, runs it again, changes a step of each node. */
export async function measureBare(engine: string, options: BareOptions): Promise<BareRuns> {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-fleet-"));
    const fleet = await start<Fleet>("bench/fleet/server.ts", `${options.nodes}`);
    const plugins = await start<Ports>("standins/serve.ts");
    const { latency = 0 } = options;
    const wires = latency > 0 ? await Promise.all(fleet.answer.ports.map((port) => wireTo(port, latency))) : [];
    try {
        const ports = latency > 0 ? wires.map(({ port }) => port) : fleet.answer.ports;
        fs.writeFileSync(path.join(home, "fleet.json"), JSON.stringify({ ...fleet.answer, ports }), { mode: 0o600 });
        const folder = makeProject(home);
        const env = {
            ...process.env,
            PATH: `${path.dirname(engine)}:${process.env.PATH}`,
            FLEET: path.join(home, "fleet.json"),
            FLEET_STEPS: String(options.steps ?? 5),
            FLEET_PADDING: String(options.padding ?? 0),
            PULUMI_HOME: path.join(home, "home"),
            PULUMI_BACKEND_URL: `file://${home}/state`,
            PULUMI_CONFIG_PASSPHRASE: "fleet",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PULUMI_DEBUG_PROVIDERS: debugProviders(plugins.answer),
            ...(options.checkpoints ? {} : { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "1" }),
        };
        const at = { plugins: plugins.child.pid!, folder, limit: options.limit };
        const run = (args: string[], more = {}) => pulumi(args, { ...env, ...more }, at);
        const parallel = ["--parallel", String(options.parallel)];
        const quiet = ["--yes", "--skip-preview", "--suppress-progress"];
        await run(["stack", "init", "bench"]);
        const first = await run(["up", ...quiet, ...parallel]);
        if (!first) return { state: 0 };
        const preview = await run(["preview", "--expect-no-changes", ...parallel]);
        const again = await run(["up", ...quiet, ...parallel]);
        const changed = await run(["up", ...quiet, ...parallel], { FLEET_CHANGE: "# another line\n" });
        const state = fs.statSync(path.join(home, "state/.pulumi/stacks/fleet/bench.json")).size;
        return { first, preview, again, changed, state };
    } finally {
        await Promise.all(wires.map((wire) => wire.close()));
        fleet.child.stdin!.end();
        plugins.child.stdin!.end();
        fs.rmSync(home, { recursive: true, force: true });
    }
}

/** The Pulumi that `npm run up` takes. */
export async function bareEngine(): Promise<string> {
    const choice = await choosePulumi(pulumiProbes(async () => false));
    return obtainPulumi(choice, "", (line) => console.error(line));
}

/** What Slipway has for each node, more or less: as many resources, as many bytes of state. */
const likeSlipway = { steps: 10, padding: 700 };

/** The bare program at these sizes, as large as Slipway's and run as it runs: by what is done, a curve. */
export async function bareFleet(sizes: readonly number[], latency = 0): Promise<Readonly<Record<string, Point[]>>> {
    const engine = await bareEngine();
    const curves: Record<"first `up`" | "no-op preview" | "no-op `up`", Point[]> = {
        "first `up`": [],
        "no-op preview": [],
        "no-op `up`": [],
    };
    for (const size of sizes) {
        const parallel = Math.min(256, Math.max(16, 4 * size));
        const options = { ...likeSlipway, nodes: size, checkpoints: size <= 30, parallel, latency, limit: 900 };
        const { first, preview, again, state } = await measureBare(engine, options);
        console.error(`bare program, ${size} nodes: ${first?.time.toFixed(1)} s, state ${(state / 1e6).toFixed(1)} MB`);
        if (first) curves["first `up`"].push({ size, value: first.time });
        if (preview) curves["no-op preview"].push({ size, value: preview.time });
        if (again) curves["no-op `up`"].push({ size, value: again.time });
    }
    return curves;
}
