import { CoreV1Api, KubeConfig, type V1Node } from "@kubernetes/client-node";
import type { NodeSpec } from "../../components/inventory";
import { expiryWarnings, kubeletExpiries, kubeletWarnings } from "../../components/pki/expiry";
import { probeNodes } from "../../components/remote/probe";
import type { Arguments } from "../arguments";
import { machinesOf } from "../machines";
import { describeNodes, joinNodes } from "../nodeInfo";
import { readOutputs, type Outputs } from "../outputs";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { commandFor } from "../texts";
import { Failure } from "../failure";

/** How long the API may take, in milliseconds; after that the tables stand without what only the API knows. */
const patience = 5000;

/** `slipway info`: the nodes as the stack has them, as the machines describe themselves, and as the API sees them. */
export async function info(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile } = args;
    const prepared = await prepare({ stack, configFile, root, progress, purpose: "inspect" });
    const machines = knownMachines(prepared);
    const asked = machines.then(({ nodes }) => probeNodes(nodes));
    const outputs = await readOutputs(prepared);
    if (!outputs.nodes) {
        throw new Failure(`Stack ${stack} has no nodes yet: run ${commandFor("up", args)} until it succeeds.`);
    }
    const live = outputs.kubeconfig ? await listNodes(outputs.kubeconfig) : "there is no kubeconfig yet";
    const { nodes: configured, problem } = await machines;
    const reports = await asked;
    const nodes = joinNodes({ outputs, machines: configured, reports, live });
    const { endpoint, urls = {} } = outputs;
    const certificates = { ...outputs.certificates, ...kubeletExpiries(reports) };
    if (args.switches.includes("--json")) {
        const api = typeof live === "string" ? { endpoint, problem: live } : { endpoint };
        process.stdout.write(`${JSON.stringify({ nodes, api, urls, certificates }, null, 2)}\n`);
        return 0;
    }
    if (problem) process.stderr.write(`The machines were not asked: ${problem}\n`);
    process.stdout.write(`${describeNodes(nodes)}\n\n${describeCluster({ ...outputs, certificates }, live)}\n`);
    const warnings = [...endingSoon(prepared, outputs.certificates ?? {}), ...kubeletWarnings(reports)];
    for (const warning of warnings) process.stdout.write(`⚠ ${warning}\n`);
    return 0;
}

/** What doesn't belong to a node. @param live why the API gave no answer, or anything else. */
export function describeCluster(outputs: Outputs, live: unknown): string {
    const { coredns, flannel } = outputs.nodes?.[0]?.versions ?? {};
    const [[name, expiry] = []] = Object.entries(outputs.certificates ?? {}).sort(([, a], [, b]) => a.localeCompare(b));
    return [
        `API           ${outputs.endpoint ?? "none yet"}${typeof live === "string" ? ` (no answer: ${live})` : ""}`,
        ...(coredns && flannel ? [`Add-ons       flannel ${flannel}, CoreDNS ${coredns}`] : []),
        ...(expiry ? [`Certificates  valid until ${expiry} at least (${name} is the first to end)`] : []),
        ...Object.entries(outputs.urls ?? {}).map(([name, url]) => `${name.padEnd(12)}  ${url}`),
    ].join("\n");
}

/** Warnings of certificates; without a configuration nobody knows when they are renewed. */
function endingSoon({ stack }: Prepared, certificates: Readonly<Record<string, string>>): string[] {
    try {
        return expiryWarnings(certificates, checkSettings(stack).cluster.certificates);
    } catch {
        return [];
    }
}

/** A stack can be shown without its configuration; then nobody knows how to log in to its machines. */
async function knownMachines(prepared: Prepared): Promise<{ nodes: readonly NodeSpec[]; problem?: string }> {
    try {
        return { nodes: await machinesOf(prepared) };
    } catch (error) {
        return { nodes: [], problem: (error as Error).message };
    }
}

async function listNodes(kubeconfig: string): Promise<readonly V1Node[] | string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve(`nothing in ${patience / 1000} s`), patience);
    });
    const ask = async () => {
        const config = new KubeConfig();
        config.loadFromString(kubeconfig);
        return (await config.makeApiClient(CoreV1Api).listNode()).items;
    };
    const asked = ask().catch((error: Error) => error.message.split("\n")[0]);
    const answer = await Promise.race([asked, late]);
    clearTimeout(timer);
    return answer;
}
