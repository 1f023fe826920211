/**
 * The spike: how long a bare program with five commands for each of N simulated nodes takes, with checkpoints and
 * without. Prints a table in Markdown. Takes the Pulumi that `npm run up` takes.
 *
 *     node --require tsx/cjs bench/fleet/run.ts [--nodes 10,100] [--checkpoints on,off] [--parallel 64] [--limit 300]
 *
 * `--limit` is the number of seconds after which a run is given up.
 */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { choosePulumi, obtainPulumi, pulumiProbes } from "../../setup/pulumi";
import { debugProviders, type Ports } from "../../standins/serve";
import type { Fleet } from "./server";
import { watchMemory, type Peaks } from "./memory";

const root = path.resolve(__dirname, "../..");

const { values: options } = parseArgs({
    options: {
        nodes: { type: "string", default: "10,100" },
        checkpoints: { type: "string", default: "on,off" },
        parallel: { type: "string", default: "64" },
        limit: { type: "string", default: "300" },
    },
});

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

interface Measured {
    /** Seconds. */
    time: number;
    peaks: Peaks;
}

/** Runs Pulumi. Undefined: it took longer than the limit. */
function pulumi(
    args: string[],
    env: NodeJS.ProcessEnv,
    plugins: number,
    folder: string,
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
        const timer = setTimeout(() => (late = child.kill("SIGKILL")), Number(options.limit) * 1000);
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

const seconds = (measured: Measured | undefined) => (measured ? `${measured.time.toFixed(1)} s` : "gave up");
const mega = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;

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

async function measure(engine: string, nodes: number, checkpoints: boolean): Promise<string> {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-fleet-"));
    const fleet = await start<Fleet>("bench/fleet/server.ts", `${nodes}`);
    const plugins = await start<Ports>("standins/serve.ts");
    try {
        fs.writeFileSync(path.join(home, "fleet.json"), JSON.stringify(fleet.answer), { mode: 0o600 });
        const folder = makeProject(home);
        const env = {
            ...process.env,
            PATH: `${path.dirname(engine)}:${process.env.PATH}`,
            FLEET: path.join(home, "fleet.json"),
            PULUMI_HOME: path.join(home, "home"),
            PULUMI_BACKEND_URL: `file://${home}/state`,
            PULUMI_CONFIG_PASSPHRASE: "fleet",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PULUMI_DEBUG_PROVIDERS: debugProviders(plugins.answer),
            ...(checkpoints ? {} : { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "1" }),
        };
        const run = (args: string[], more = {}) => pulumi(args, { ...env, ...more }, plugins.child.pid!, folder);
        const parallel = ["--parallel", options.parallel];
        await run(["stack", "init", "bench"]);
        const first = await run(["up", "--yes", "--skip-preview", "--suppress-progress", ...parallel]);
        const row = [`${nodes} × 5`, checkpoints ? "written" : "skipped", seconds(first)];
        if (!first) return `| ${[...row, "–", "–", "–", "–", "–"].join(" | ")} |`;
        const preview = await run(["preview", "--expect-no-changes", ...parallel]);
        const again = await run(["up", "--yes", "--skip-preview", "--suppress-progress", ...parallel]);
        const change = { FLEET_CHANGE: "# another line\n" };
        const changed = await run(["up", "--yes", "--skip-preview", "--suppress-progress", ...parallel], change);
        const state = fs.statSync(path.join(home, "state/.pulumi/stacks/fleet/bench.json")).size;
        const peak = (kind: keyof Peaks) =>
            mega(Math.max(...[first, preview, again, changed].map((measured) => measured?.peaks[kind] ?? 0)));
        const memory = `${peak("engine")} / ${peak("program")} / ${peak("plugins")}`;
        row.push(seconds(preview), seconds(again), seconds(changed), mega(state), memory);
        return `| ${row.join(" | ")} |`;
    } finally {
        fleet.child.stdin!.end();
        plugins.child.stdin!.end();
        fs.rmSync(home, { recursive: true, force: true });
    }
}

async function main(): Promise<void> {
    console.log(
        `${new Date().toISOString()}, ${os.cpus().length} × ${os.cpus()[0]?.model}, Node.js ${process.version}`,
    );
    console.log(
        "| nodes × steps | checkpoints | first `up` | no-op preview | no-op `up` | `up`, one step of each node changed | state | peak memory: engine / program / plugins |",
    );
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
    const choice = await choosePulumi(pulumiProbes(async () => false));
    const engine = await obtainPulumi(choice, "", (line) => console.error(line));
    for (const nodes of options.nodes.split(",").map(Number)) {
        for (const mode of options.checkpoints.split(",")) console.log(await measure(engine, nodes, mode === "on"));
    }
}

main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
});
