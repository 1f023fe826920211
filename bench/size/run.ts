/**
 * A first `slipway up` with warm caches: how long each phase takes, what memory its processes had at most, and what
 * each node adds to the state.
 */
import * as fs from "node:fs";

import { watchMemory, type Peaks } from "../fleet/memory";
import { kibi, mega, seconds, table, timed } from "../figures";
import { nodes, type BenchStack } from "../stack";

interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly parent?: string;
}

/** Brings the stack up, and measures that. */
export async function size(stack: BenchStack): Promise<string> {
    const memory = watchMemory([process.pid]);
    let said = "";
    let peaks: Peaks;
    let whole: number;
    try {
        whole = await timed(async () => (said = await stack.slipway("up")));
    } finally {
        peaks = memory.stop();
    }
    const phases = said
        .slice(said.lastIndexOf("\nTime\n") + 6)
        .trim()
        .split("\n");
    return [
        table([["phase", "time"], ...phases.map(split), ["the whole command", seconds(whole)]]),
        table([
            ["process", "peak resident memory"],
            ...Object.entries(peaks).map(([kind, peak]) => [kind, mega(peak)]),
        ]),
        stateTable(stack.stateFile),
    ].join("\n\n");
}

/** "  Name   1.2 s" */
function split(line: string): string[] {
    const [, name = "", time = ""] = /^\s*(.*?)\s{2,}(.*)$/.exec(line) ?? [];
    return [name, time];
}

/** Resources and bytes of each node, in a state file. */
export function stateTable(file: string): string {
    const text = fs.readFileSync(file, "utf8");
    const resources = JSON.parse(text).checkpoint.latest.resources as StateResource[];
    const rows = nodes.map((node) => {
        const own = resources.filter(({ urn }) => belongsTo(node, urn));
        const remote = own.filter(({ type }) => type.startsWith("command:remote:"));
        return [node, ...count(remote), ...count(own.filter(({ type }) => !type.startsWith("docker:")))];
    });
    return [
        table([["node", "remote resources", "their state", "all its resources", "their state"], ...rows]),
        `The whole state: ${resources.length} resources, ${kibi(Buffer.byteLength(text))} as it stands in the file.`,
    ].join("\n\n");
}

/** By name: "bench-1", "bench-1-stage", "bench-pki-bench-1-apiserver-g1-key". */
function belongsTo(node: string, urn: string): boolean {
    const name = urn.split("::").at(-1)!;
    return name === node || name.startsWith(`${node}-`) || name.includes(`-pki-${node}-`);
}

/** How many, and how large as JSON without white space. */
function count(resources: readonly StateResource[]): [string, string] {
    const bytes = resources.reduce((sum, resource) => sum + Buffer.byteLength(JSON.stringify(resource)), 0);
    return [`${resources.length}`, kibi(bytes)];
}
