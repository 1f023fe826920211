/** A first `up` of three nodes, drawn: what was done when, on which node. */
import * as fs from "node:fs";
import * as path from "node:path";

import { parallelism } from "../../setup/commands/up";
import { runFollowed } from "../../setup/followed";
import { nodes, root, type BenchStack } from "../stack";
import { seconds, table } from "../figures";
import { timeline } from "./timeline";

/** Where the picture is left, seen from the checkout. */
const file = path.join("bench", "pictures", "up.svg");

/** Brings the stack up, from machines that aren't there to workloads that answer, and draws that. */
export async function drawUp(stack: BenchStack): Promise<string> {
    const prepared = await stack.open();
    const { pulumi, env, configFile } = prepared;
    const options = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress", "--non-interactive"];
    const config = configFile ? ["--config-file", configFile] : [];
    const words = ["up", "--stack", stack.name, ...options, ...config, "--parallel", `${parallelism(nodes.length)}`];
    const { status, course } = await runFollowed(pulumi, words, { cwd: root, env }).finally(() => prepared.close());
    if (status !== 0) throw new Error(`pulumi up ended with status ${status}.`);
    fs.mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), timeline(course.spans, "A first up of three lab nodes"));
    const rows = course.times.map(({ phase, milliseconds, slowest }) => [
        phase,
        seconds(milliseconds / 1000),
        slowest ? `${slowest.node}, ${seconds(slowest.milliseconds / 1000)}` : "",
    ]);
    return `${table([["part", "time", "longest on"], ...rows])}\n\nDrawn in ${file}.`;
}
