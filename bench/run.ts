/**
 * Measures, and prints tables in Markdown.
 *
 *     npm run bench -- cluster|fleet|noop|size|picture|work|services|throughput… [--runs N] [--nodes N,N] [--latency MS]
 *
 * cluster     Slipway beside kubeadm's script
 * fleet       the same program on some numbers of simulated machines, --latency milliseconds away, and a bare program
 * noop        an `up` and a preview that change nothing, beside a trivial program's
 * size        a first `up`: times of its phases, memory, resources and state of each node
 * picture     a first `up`, drawn: what is done when, on which node
 * work        memory of each daemon, idle and with pods; how soon 100 pods run
 * services    kube-proxy with iptables and with nftables, at 1,000 services
 * throughput  pod to pod on VXLAN and host-gw, beside node to node
 *
 * bench/fleet/run.ts (a bare program on simulated nodes) has a command of its own.
 */
import { parseArgs } from "node:util";

import { cluster } from "./cluster/run";
import { circumstances } from "./figures";
import { fleet } from "./fleet/whole";
import { noop } from "./noop/run";
import { drawUp } from "./picture/run";
import { size } from "./size/run";
import { BenchStack, root } from "./stack";
import { memory } from "./work/memory";
import { services } from "./work/services";
import { throughput } from "./work/throughput";

/** Each on a stack that is there for it alone, and goes afterwards. */
const onFreshStack: Readonly<Record<string, (stack: BenchStack) => Promise<string>>> = {
    picture: drawUp,
    work: async (stack) => {
        await stack.slipway("up");
        return memory(stack);
    },
    services,
    throughput,
};

const names = ["cluster", "fleet", "noop", "size", ...Object.keys(onFreshStack)];

async function main(): Promise<void> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            runs: { type: "string" },
            nodes: { type: "string", default: "3,10,50,100,200,500" },
            latency: { type: "string", default: "0" },
        },
    });
    const unknown = positionals.filter((name) => !names.includes(name));
    if (positionals.length === 0 || unknown.length > 0) {
        throw new Error(`What is to be measured? ${names.join(", ")}${unknown.length > 0 ? `; not ${unknown}` : ""}.`);
    }
    const runs = (standard: number) => Number(values.runs ?? standard);
    console.log(circumstances(root));
    if (positionals.includes("cluster")) console.log(`\ncluster\n\n${await cluster(runs(3))}`);
    if (positionals.includes("fleet"))
        console.log(`\nfleet\n\n${await fleet(values.nodes.split(",").map(Number), Number(values.latency))}`);
    for (const name of positionals.filter((each) => each in onFreshStack)) {
        console.log(`\n${name}\n\n${await fresh(name)}`);
    }
    if (positionals.includes("noop") || positionals.includes("size")) await onStack(positionals, runs(5));
}

async function fresh(name: string): Promise<string> {
    // Workloads are drawn; elsewhere they would be in the way.
    const stack = new BenchStack(name === "picture" ? workloads : {});
    await (await stack.open()).close();
    await stack.clear();
    try {
        return await onFreshStack[name]!(stack);
    } finally {
        await stack.remove();
    }
}

const workloads = { "my-nginx": { replicas: 3 }, "hello-kube": { replicas: 2 } };

/** As `Pulumi.dev.yaml` has it: three nodes, two workloads. */
async function onStack(wanted: readonly string[], runs: number): Promise<void> {
    const stack = new BenchStack(workloads);
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
