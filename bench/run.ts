/**
 * Measures, and prints tables in Markdown.
 *
 *     npm run bench -- cluster|fleet|noop|size… [--runs N] [--nodes N,N]
 *
 * cluster  Slipway beside kubeadm's script
 * fleet    the same program on 3, 10, 100 and 500 simulated machines
 * noop     an `up` and a preview that change nothing, beside a trivial program's
 * size     a first `up`: times of its phases, memory, resources and state of each node
 *
 * bench/fleet/run.ts (a bare program on simulated nodes) has a command of its own.
 */
import { parseArgs } from "node:util";

import { cluster } from "./cluster/run";
import { circumstances } from "./figures";
import { fleet } from "./fleet/whole";
import { noop } from "./noop/run";
import { size } from "./size/run";
import { BenchStack, root } from "./stack";

const names = ["cluster", "fleet", "noop", "size"];

async function main(): Promise<void> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: { runs: { type: "string" }, nodes: { type: "string", default: "3,10,100,500" } },
    });
    const unknown = positionals.filter((name) => !names.includes(name));
    if (positionals.length === 0 || unknown.length > 0) {
        throw new Error(`What is to be measured? ${names.join(", ")}${unknown.length > 0 ? `; not ${unknown}` : ""}.`);
    }
    const runs = (standard: number) => Number(values.runs ?? standard);
    console.log(circumstances(root));
    if (positionals.includes("cluster")) console.log(`\ncluster\n\n${await cluster(runs(3))}`);
    if (positionals.includes("fleet")) console.log(`\nfleet\n\n${await fleet(values.nodes.split(",").map(Number))}`);
    if (positionals.includes("noop") || positionals.includes("size")) await onStack(positionals, runs(5));
}

/** As `Pulumi.dev.yaml` has it: three nodes, two workloads. */
async function onStack(wanted: readonly string[], runs: number): Promise<void> {
    const stack = new BenchStack({ "my-nginx": { replicas: 3 }, "hello-kube": { replicas: 2 } });
    // An engine must run before anything can be cleared on it.
    await (await stack.open()).close();
    await stack.clear();
    try {
        const sizes = await size(stack);
        if (wanted.includes("size")) console.log(`\nsize\n\n${sizes}`);
        if (wanted.includes("noop")) console.log(`\nnoop\n\n${await noop(stack, runs)}`);
    } finally {
        await stack.remove();
    }
}

main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
});
