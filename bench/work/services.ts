/** kube-proxy with iptables and with nftables, at a thousand services. */
import { images } from "../../mirror/catalogue";
import { onNode } from "../../test/e2e/harness";
import { table } from "../figures";
import { nodes, type BenchStack } from "../stack";
import { namespace, namespaceObject, percentile } from "./pods";

const modes = ["iptables", "nftables"] as const;
const count = 1000;
const endpoints = 3;
/** Connections that are timed in each mode. */
const connections = 300;
/** Services that are made one after the other, each waited for. */
const fresh = 10;

const labels = { app: "server" };

const server = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "server", namespace },
    spec: {
        replicas: endpoints,
        selector: { matchLabels: labels },
        template: {
            metadata: { labels },
            spec: {
                terminationGracePeriodSeconds: 0,
                containers: [
                    { name: "server", image: images().agnhost.reference, args: ["netexec", "--http-port=8080"] },
                ],
            },
        },
    },
};

const service = (name: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
});

interface Figures {
    readonly mode: string;
    /** Milliseconds of connecting to the service that was made last, sorted. */
    readonly connects: readonly number[];
    /** Seconds from the answer of the API to the first answer of a new service, sorted. */
    readonly reachable: readonly number[];
    /** Seconds of one write of the rules: the mean while the thousand were there. */
    readonly sync: number;
    /** Seconds of kube-proxy's processor time while the ten services were made. */
    readonly cpu: number;
    /** MB that kube-proxy holds. */
    readonly memory: number;
}

/** Makes a cluster for each mode. */
export async function services(stack: BenchStack): Promise<string> {
    const figures: Figures[] = [];
    for (const mode of modes) {
        stack.configure({}, { kubeProxy: { mode } });
        await stack.slipway("up");
        figures.push(await measure(stack, mode));
        await stack.clear();
    }
    const row = (what: string, cell: (of: Figures) => string) => [what, ...figures.map(cell)];
    return table([
        [`${count} services of ${endpoints} pods each`, ...modes],
        row("connecting, p50", ({ connects }) => `${percentile(connects, 0.5).toFixed(2)} ms`),
        row("connecting, p99", ({ connects }) => `${percentile(connects, 0.99).toFixed(2)} ms`),
        row("a new service answers, p50", ({ reachable }) => `${percentile(reachable, 0.5).toFixed(2)} s`),
        row("a new service answers, the slowest", ({ reachable }) => `${reachable.at(-1)!.toFixed(2)} s`),
        row("kube-proxy writes its rules, mean", ({ sync }) => `${(sync * 1000).toFixed(0)} ms`),
        row(`kube-proxy's processor time for ${fresh} new services`, ({ cpu }) => `${cpu.toFixed(2)} s`),
        row("kube-proxy holds", ({ memory }) => `${memory.toFixed(0)} MB`),
    ]);
}

async function measure(stack: BenchStack, mode: string): Promise<Figures> {
    const names = Array.from({ length: count }, (_, index) => `service-${index}`);
    await stack.apply([namespaceObject, server]);
    await stack.kubectl("rollout", "status", "deployment/server", "--namespace", namespace, "--timeout=180s");
    for (let at = 0; at < count; at += 250) await stack.apply(names.slice(at, at + 250).map(service));
    // The last one answers: the rules of all are written.
    const last = await addressOf(stack, names.at(-1)!);
    await answers(last);
    const connects = await connectTimes(last);
    const before = await proxy();
    const reachable: number[] = [];
    for (let i = 0; i < fresh; i++) {
        await stack.apply([service(`fresh-${i}`)]);
        const address = await addressOf(stack, `fresh-${i}`);
        const started = process.hrtime.bigint();
        await answers(address);
        reachable.push(Number(process.hrtime.bigint() - started) / 1e9);
    }
    const after = await proxy();
    return {
        mode,
        connects,
        reachable: reachable.sort((a, b) => a - b),
        sync: (after.syncSeconds - before.syncSeconds) / Math.max(1, after.syncs - before.syncs),
        cpu: after.cpu - before.cpu,
        memory: after.memory,
    };
}

const addressOf = async (stack: BenchStack, name: string) =>
    (await stack.kubectl("get", "service", name, "--namespace", namespace, "-o", "jsonpath={.spec.clusterIP}")).trim();

/** On a worker, which has an endpoint too, as every node does. */
const onWorker = (script: string) => onNode(nodes[1]!, script);

/** Asks again and again, without a pause, until there is an answer. */
const answers = (address: string) =>
    onWorker(
        `until curl -sS -o /dev/null --connect-timeout 0.2 --max-time 1 http://${address}/ 2>/dev/null; do :; done`,
    );

/** Milliseconds of each connection, by curl's own clock. */
async function connectTimes(address: string): Promise<number[]> {
    const once = `curl -sS -o /dev/null -w '%{time_connect}\\n' http://${address}/`;
    const said = await onWorker(`i=0; while [ $i -lt ${connections} ]; do ${once}; i=$((i+1)); done`);
    const times = said
        .trim()
        .split("\n")
        .map((text) => Number(text) * 1000);
    return times.sort((a, b) => a - b);
}

/** kube-proxy's own figures on the worker. */
async function proxy(): Promise<{ syncSeconds: number; syncs: number; cpu: number; memory: number }> {
    const metrics = await onWorker("curl -sS http://127.0.0.1:10249/metrics");
    const sum = (name: string) =>
        [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+-]+)$`, "gm"))].reduce(
            (total, [, value]) => total + Number(value),
            0,
        );
    const sync = "kubeproxy_sync_proxy_rules_duration_seconds";
    return {
        syncSeconds: sum(`${sync}_sum`),
        syncs: sum(`${sync}_count`),
        cpu: sum("process_cpu_seconds_total"),
        memory: sum("process_resident_memory_bytes") / 1e6,
    };
}
