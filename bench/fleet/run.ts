/**
 * The spike: how long a bare program with five commands for each of N simulated nodes takes, with checkpoints and
 * without. Prints a table in Markdown. Takes the Pulumi that `npm run up` takes.
 *
 *     node --require tsx/cjs bench/fleet/run.ts [--nodes 10,100] [--checkpoints on,off] [--parallel 64] [--limit 300]
 *
 * `--limit` is the number of seconds after which a run is given up.
 */
import * as os from "node:os";
import { parseArgs } from "node:util";
import { bareEngine, measureBare, type BareOptions, type Measured } from "./bare";
import type { Peaks } from "./memory";

const { values: options } = parseArgs({
    options: {
        nodes: { type: "string", default: "10,100" },
        checkpoints: { type: "string", default: "on,off" },
        parallel: { type: "string", default: "64" },
        limit: { type: "string", default: "300" },
    },
});

const seconds = (measured: Measured | undefined) => (measured ? `${measured.time.toFixed(1)} s` : "gave up");
const mega = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;

async function row(engine: string, bare: BareOptions): Promise<string> {
    const { first, preview, again, changed, state } = await measureBare(engine, bare);
    const cells = [`${bare.nodes} × 5`, bare.checkpoints ? "written" : "skipped", seconds(first)];
    if (!first) return `| ${[...cells, "–", "–", "–", "–", "–"].join(" | ")} |`;
    const peak = (kind: keyof Peaks) =>
        mega(Math.max(...[first, preview, again, changed].map((measured) => measured?.peaks[kind] ?? 0)));
    const memory = `${peak("engine")} / ${peak("program")} / ${peak("plugins")}`;
    return `| ${[...cells, seconds(preview), seconds(again), seconds(changed), mega(state), memory].join(" | ")} |`;
}

async function main(): Promise<void> {
    console.log(
        `${new Date().toISOString()}, ${os.cpus().length} × ${os.cpus()[0]?.model}, Node.js ${process.version}`,
    );
    console.log(
        "| nodes × steps | checkpoints | first `up` | no-op preview | no-op `up` | `up`, one step of each node changed | state | peak memory: engine / program / plugins |",
    );
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
    const engine = await bareEngine();
    const { limit, parallel } = { limit: Number(options.limit), parallel: Number(options.parallel) };
    for (const nodes of options.nodes.split(",").map(Number)) {
        for (const mode of options.checkpoints.split(",")) {
            console.log(await row(engine, { nodes, checkpoints: mode === "on", parallel, limit }));
        }
    }
}

main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
});
