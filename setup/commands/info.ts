import { CoreV1Api, KubeConfig, type V1Node } from "@kubernetes/client-node";
import type { Arguments } from "../arguments";
import { readOutputs, table, type Outputs } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { commandFor } from "../texts";
import { Failure } from "../failure";

/** How long the API may take, in milliseconds; after that the table stands without what only the API knows. */
const patience = 5000;

/** `slipway info`: the nodes as the stack has them and, when the API answers, as they are. */
export async function info(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile } = args;
    const prepared = await prepare({ stack, configFile, root, progress, purpose: "inspect" });
    const outputs = await readOutputs(prepared);
    if (!outputs.nodes) {
        throw new Failure(`Stack ${stack} has no nodes yet: run ${commandFor("up", args)} until it succeeds.`);
    }
    const answer = outputs.kubeconfig ? await listNodes(outputs.kubeconfig) : "there is no kubeconfig yet";
    process.stdout.write(`${describeNodes(outputs, answer)}\n`);
    return 0;
}

/** The text of `slipway info`. @param live Node objects, or why there are none. */
export function describeNodes(outputs: Outputs, live: readonly V1Node[] | string): string {
    const objects = new Map(typeof live === "string" ? [] : live.map((node) => [node.metadata?.name, node]));
    const rows = (outputs.nodes ?? []).map(({ name, roles, address, versions }) => {
        const { nodeInfo, conditions } = objects.get(name)?.status ?? {};
        const ready = conditions?.find(({ type }) => type === "Ready")?.status;
        return [
            name,
            roles.join(", "),
            address,
            typeof live === "string" ? "unknown" : ready === "True" ? "Ready" : ready ? "NotReady" : "missing",
            nodeInfo?.kubeletVersion ?? `v${versions.kubernetes}`,
            nodeInfo?.containerRuntimeVersion ?? "",
            nodeInfo ? `${nodeInfo.architecture}, ${nodeInfo.osImage}, ${nodeInfo.kernelVersion}` : "",
        ];
    });
    const versions = Object.entries(outputs.nodes?.[0]?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
    const expiry = Object.values(outputs.certificates ?? {}).sort()[0];
    return [
        table([["NAME", "ROLES", "ADDRESS", "STATE", "KUBELET", "RUNTIME", "SYSTEM"], ...rows]),
        "",
        `API           ${outputs.endpoint ?? "none yet"}${typeof live === "string" ? ` (no answer: ${live})` : ""}`,
        ...(versions.length > 0 ? [`Versions      ${versions.join(", ")}`] : []),
        ...(expiry ? [`Certificates  valid until ${expiry} at least`] : []),
        ...Object.entries(outputs.urls ?? {}).map(([name, url]) => `${name.padEnd(12)}  ${url}`),
    ].join("\n");
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
