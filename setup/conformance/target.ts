import * as fs from "node:fs";
import { connect } from "node:net";
import * as path from "node:path";
import { parseCidr, serviceIp, sizeOf } from "../../components/inventory/addressing";
import type { Circumstances } from "../../operations/conformance/leftOut";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { obtainKubectl } from "../kubectl";
import { operatorKubeconfig } from "../apiAccess";
import { kubeconfigFile, writeKubeconfig } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { run, which } from "../run";
import { checkSettings } from "../settings";
import { findStack } from "../stack";

/** The cluster that is to be judged, and how to speak with it. */
export interface Target {
    /** Names the folder that keeps its results. */
    readonly name: string;
    readonly kubeconfig: string;
    readonly kubectl: string;
    /** Nodes are containers of this machine; absent where they aren't. */
    readonly lab?: {
        /** An address of the services' network that no service has. */
        readonly unused: string;
    };
}

/** What the cluster says of itself. */
export interface Facts {
    /** Without the leading "v". */
    readonly version: string;
    readonly domain: string;
    readonly nodes: readonly NodeFacts[];
}

interface NodeFacts {
    readonly name: string;
    /** "docker://20.10.24" */
    readonly runtime: string;
    readonly system: string;
    readonly images: readonly string[];
}

/** The kubelet lists no more images of a node than this (nodeStatusMaxImages). */
const listedImages = 50;

/** A stack's cluster, or the one that --kubeconfig names. */
export async function targetOf(args: Arguments, root: string, progress: Progress): Promise<Target> {
    const given = args.values?.["--kubeconfig"];
    if (given !== undefined) {
        if (!fs.existsSync(given)) throw new Failure(`There is no kubeconfig ${given}.`);
        const kubectl = which("kubectl");
        if (!kubectl)
            throw new Failure("The tests call kubectl, and PATH has none: install one of the cluster's version.");
        return { name: path.basename(given), kubeconfig: path.resolve(given), kubectl };
    }
    const { stack: name, configFile } = args;
    const settings = checkSettings(findStack(root, { name, configFile, needed: true }));
    const kubectl = obtainKubectl(args, settings.cluster.versions);
    if (!fs.existsSync(kubeconfigFile(name))) {
        const inspect = () => prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        writeKubeconfig(name, await operatorKubeconfig(name, inspect));
    }
    const { serviceCidr } = settings.cluster.network;
    const unused = serviceIp(serviceCidr, sizeOf(parseCidr(serviceCidr)) - 2);
    const lab = settings.lab === undefined ? {} : { lab: { unused } };
    return { name, kubeconfig: kubeconfigFile(name), kubectl, ...lab };
}

/**
 * Asks the API: version, nodes, and one kubelet for the cluster's domain.
 *
 * @throws Failure when it doesn't answer.
 */
export async function factsOf({ kubectl, kubeconfig }: Target): Promise<Facts> {
    const get = async <T>(address: string) => {
        const words = ["--kubeconfig", kubeconfig, "--request-timeout", "20s", "get", "--raw", address];
        return JSON.parse(await run(kubectl, words, { purpose: "Asking the cluster" })) as T;
    };
    const [{ gitVersion }, { items }] = await Promise.all([
        get<{ gitVersion: string }>("/version"),
        get<{ items: readonly ApiNode[] }>("/api/v1/nodes"),
    ]);
    const [first] = items;
    if (!first) throw new Failure("The cluster has no nodes.");
    const { kubeletconfig } = await get<{ kubeletconfig: { clusterDomain: string } }>(
        `/api/v1/nodes/${first.metadata.name}/proxy/configz`,
    );
    return {
        version: gitVersion.replace(/^v/, ""),
        domain: kubeletconfig.clusterDomain,
        nodes: items.map(({ metadata, status: { nodeInfo, images = [] } }) => ({
            name: metadata.name,
            runtime: nodeInfo.containerRuntimeVersion,
            system: `${nodeInfo.osImage}, kernel ${release(nodeInfo.kernelVersion)}, ${nodeInfo.architecture}`,
            images: images.flatMap(({ names }) => names ?? []),
        })),
    };
}

/** "6.1.0" of "6.1.0-28-amd64": what stands behind it is its builder's. */
const release = (kernel: string) => /^[\d.]+/.exec(kernel)?.[0] ?? kernel;

/** The runtime's name counts: where nodes have two kinds, a test may come to either. */
export async function circumstancesOf({ lab }: Target, { nodes }: Facts, registry: boolean): Promise<Circumstances> {
    const names = new Set(nodes.map(({ runtime }) => runtime.split("://")[0]));
    const answeredOutside = lab !== undefined && (await answers(lab.unused));
    return { runtime: [...names].sort().join(" and "), lab: lab !== undefined, registry, answeredOutside };
}

/** How long a stranger may take to answer, in milliseconds. */
const patience = 3000;

/** Whether something takes a connection for this address: a lab's nodes go out the way that this machine does. */
function answers(address: string): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect({ host: address, port: 80, timeout: patience });
        const end = (answer: boolean) => {
            socket.destroy();
            resolve(answer);
        };
        socket
            .on("connect", () => end(true))
            .on("timeout", () => end(false))
            .on("error", () => end(false));
    });
}

/** "3 nodes of a lab, docker://20.10.24; Debian GNU/Linux 12 (bookworm), kernel 6.18.5, amd64" */
export function describeCluster({ lab }: Target, { nodes }: Facts): string {
    const all = (what: (node: NodeFacts) => string) => [...new Set(nodes.map(what))].sort().join(" and ");
    const count = `${nodes.length} node${nodes.length === 1 ? "" : "s"}${lab ? " of a lab" : ""}`;
    return `${count}, ${all(({ runtime }) => runtime)}; ${all(({ system }) => system)}`;
}

/** The images that some node lacks, as far as its kubelet says what it has. */
export function missingImages({ nodes }: Facts, wanted: readonly string[]): string[] {
    const asked = nodes.filter(({ images }) => images.length < listedImages);
    return wanted.filter((reference) => asked.some(({ images }) => !images.some((name) => isNamed(name, reference))));
}

/** A runtime may write docker.io/ before a name that has no host. */
const isNamed = (name: string, reference: string) => name === reference || name.endsWith(`/${reference}`);

interface ApiNode {
    readonly metadata: { readonly name: string };
    readonly status: {
        readonly nodeInfo: {
            readonly containerRuntimeVersion: string;
            readonly osImage: string;
            readonly kernelVersion: string;
            readonly architecture: string;
        };
        readonly images?: readonly { readonly names?: readonly string[] }[];
    };
}
