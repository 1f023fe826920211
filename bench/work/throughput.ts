/** How much goes from one node to another: pods over VXLAN, pods over host-gw, and the nodes themselves. */
import { images } from "../../mirror/catalogue";
import { median, table } from "../figures";
import { nodes, type BenchStack } from "../stack";
import { namespace, namespaceObject } from "./pods";

const port = 5001;
/** Of one transfer; so many seconds' worth that the start doesn't count. */
const mebibytes = 4000;
const runs = 5;

/** A pod with nc, on a node; with `hostNetwork` it is the node itself as far as networks go. */
function pod(name: string, node: string, hostNetwork: boolean, command: readonly string[]): object {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace },
        spec: {
            nodeName: node,
            hostNetwork,
            terminationGracePeriodSeconds: 0,
            containers: [{ name: "nc", image: images().agnhost.reference, command }],
        },
    };
}

/** The server takes one connection after the other, without a gap in which nobody listens, and throws away what comes. */
const listen = ["sh", "-c", `exec nc -lk ${port} >/dev/null`];
const idle = ["sh", "-c", "while :; do sleep 3600; done"];

/** MiB a second, for each run. */
async function transfer(stack: BenchStack, hostNetwork: boolean): Promise<number[]> {
    const kind = hostNetwork ? "host" : "pod";
    const [server, client] = [`server-${kind}`, `client-${kind}`];
    await stack.apply([
        namespaceObject,
        pod(server, nodes[1]!, hostNetwork, listen),
        pod(client, nodes[2]!, hostNetwork, idle),
    ]);
    await stack.kubectl(
        "wait",
        "pods",
        server,
        client,
        "--namespace",
        namespace,
        "--for=condition=Ready",
        "--timeout=120s",
    );
    const path = ["get", "pod", server, "--namespace", namespace, "-o", "jsonpath={.status.podIP}"];
    const address = (await stack.kubectl(...path)).trim();
    const send = `dd if=/dev/zero bs=1M count=${mebibytes} 2>/dev/null | nc -N ${address} ${port}`;
    // bash's clock: microseconds, without its point.
    const script = [
        "set -e -o pipefail",
        `until nc -z ${address} ${port}; do :; done`,
        "start=${EPOCHREALTIME/./}",
        send,
        "echo $((${EPOCHREALTIME/./} - start))",
    ].join("; ");
    const speeds: number[] = [];
    for (let i = 0; i < runs; i++) {
        const said = await stack.kubectl("exec", client, "--namespace", namespace, "--", "bash", "-c", script);
        speeds.push(mebibytes / (Number(said.trim().split("\n").at(-1)) / 1e6));
    }
    await stack.kubectl("delete", "pod", server, client, "--namespace", namespace, "--wait=true");
    return speeds;
}

/** Makes a cluster for each backend. The image with nc is the one for conformance tests. */
export async function throughput(stack: BenchStack): Promise<string> {
    const rows: string[][] = [];
    for (const backend of ["vxlan", "host-gw"]) {
        stack.configure({}, { conformance: "short", network: { backend } });
        await stack.slipway("up");
        rows.push(row(`pod to pod, ${backend}`, await transfer(stack, false)));
        if (backend === "host-gw") rows.push(row("node to node", await transfer(stack, true)));
        await stack.clear();
    }
    return table([["one stream of TCP between two nodes", "median", "least", "most"], ...rows]);
}

const row = (what: string, speeds: readonly number[]) => [
    what,
    ...[median(speeds), Math.min(...speeds), Math.max(...speeds)].map((speed) => `${speed.toFixed(0)} MiB/s`),
];
