/** What each daemon of a node holds in memory: idle, and with pods. Then how long 100 pods at once take. */
import { onNode } from "../../test/e2e/harness";
import { nodes, type BenchStack } from "../stack";
import { mega, seconds, table } from "../figures";
import { onDocker } from "./onDocker";
import { namespaceObject, percentile, secondsToRunning, sleepers, withoutPods } from "./pods";

/** Bytes by unit. */
type Memory = Readonly<Record<string, number>>;

/** In the order of the table. */
const units = [
    ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ...["kubelet", "kube-proxy", "cri-dockerd", "docker", "containerd"],
];

/** Pods that the loaded measurement has, on all nodes together. */
const load = 50;
const atOnce = 100;

/**
 * The proportional share of every process of each unit (PSS of smaps_rollup: what several share counts once, among
 * them). Containers' shims are children of containerd's unit, and are counted by themselves.
 */
const question = `
for unit in ${units.join(" ")}; do
    cgroup=$(systemctl show -P ControlGroup "$unit.service" 2>/dev/null)
    [ -n "$cgroup" ] || continue
    pids=$(cat "/sys/fs/cgroup/systemd$cgroup/cgroup.procs" 2>/dev/null || cat "/sys/fs/cgroup$cgroup/cgroup.procs" 2>/dev/null)
    for pid in $pids; do
        name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
        kilobytes=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null)
        echo "$unit $name \${kilobytes:-0}"
    done
done`;

async function memoryOf(node: string): Promise<Memory> {
    const said = await onNode(node, question);
    const memory: Record<string, number> = {};
    for (const line of said.trim().split("\n")) {
        const [unit, name, kilobytes] = line.split(" ");
        const key = name.startsWith("containerd-shim") ? "shims of containers" : unit;
        memory[key] = (memory[key] ?? 0) + Number(kilobytes) * 1024;
    }
    return memory;
}

/** The least of some readings, a few seconds apart: garbage that is about to be collected isn't counted. */
async function settled(node: string): Promise<Memory> {
    const readings: Memory[] = [];
    for (let i = 0; i < 6; i++) {
        readings.push(await memoryOf(node));
        await new Promise((resolve) => setTimeout(resolve, 5000));
    }
    const keys = new Set(readings.flatMap((reading) => Object.keys(reading)));
    return Object.fromEntries([...keys].map((key) => [key, Math.min(...readings.map((reading) => reading[key] ?? 0))]));
}

/** @param stack is up, with nothing but the cluster's own pods. */
export async function memory(stack: BenchStack): Promise<string> {
    const measured = [nodes[0]!, nodes[1]!];
    const both = async () => [await settled(measured[0]!), await settled(measured[1]!)];
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const idle = await both();
    await stack.apply([namespaceObject, sleepers("load", load)]);
    await stack.kubectl("rollout", "status", "deployment/load", "--namespace", "bench", "--timeout=300s");
    const loaded = await both();
    await withoutPods(stack, "load");

    const keys = [...units, "shims of containers"].filter((key) => idle.some((of) => of[key]));
    const sum = (of: Memory) => mega(Object.values(of).reduce((total, bytes) => total + bytes, 0));
    const row = (what: string, cell: (of: Memory) => string) => [
        what,
        ...[0, 1].flatMap((node) => [cell(idle[node]!), cell(loaded[node]!)]),
    ];
    return [
        table([
            ["", `control plane, idle`, `with ${load} pods in all`, "worker, idle", `with ${load} pods in all`],
            ...keys.map((key) => row(key, (of) => (of[key] ? mega(of[key]) : ""))),
            row("all of these", sum),
        ]),
        await burst(stack),
    ].join("\n\n");
}

/** From nothing to 100 pods, three times, each followed by as many by docker alone: the floor. */
async function burst(stack: BenchStack): Promise<string> {
    const docker = await onDocker();
    const rows: string[][] = [];
    for (let i = 1; i <= 3; i++) {
        await stack.apply([namespaceObject, sleepers("burst", 0)]);
        const times = await secondsToRunning(stack, "burst", atOnce);
        await withoutPods(stack, "burst");
        await docker.settled();
        const floor = await docker.start(atOnce);
        rows.push([`run ${i}`, ...[0.5, 0.99, 1].map((share) => seconds(percentile(times, share))), seconds(floor)]);
    }
    return table([[`${atOnce} pods at once`, "p50 to Running", "p99", "the last", "by docker alone"], ...rows]);
}
