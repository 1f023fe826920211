/** A cluster made by Slipway on three lab nodes. */
import { timed } from "../figures";
import { nodes, type BenchStack } from "../stack";
import { waitReady } from "./kubeadm";

/**
 * What is in place when the clock starts: machines, and on them docker, binaries and images. Slipway does that in the
 * steps contact, base and stage, so exactly these are made by an `up` with targets. base writes the owner's mark, with
 * the fingerprint of the cluster's CA: so that one CA is there before, too. All else is made while the clock runs: the
 * other CAs, all certificates and credentials, etcd and the control plane, kubelets, flannel, CoreDNS, nginx.
 */
export const inPlace = [
    "**slipway:lab:Lab::*",
    "**docker:index/network:Network::*",
    "**docker:index/container:Container::*",
    "**slipway:index:Cluster::*",
    "**slipway:pki:Pki::*",
    "**::*-pki-cluster-ca-g1*",
    "**slipway:node:PreparedNode::*",
    "**::*-contact",
    "**::*-base",
    "**::*-stage",
];

export interface SlipwayTimes {
    /** `pulumi up`, to nodes Ready, CoreDNS ready and nginx answering; seconds. */
    readonly up: number;
    /** The `up` with targets before it: containers, their boot, docker, binaries and images. */
    readonly preparation: number;
}

export async function measureSlipway(stack: BenchStack): Promise<SlipwayTimes> {
    await stack.clear();
    try {
        const before = await stack.open();
        const preparation = await timed(async () => {
            await stack.pulumi(before, "up", ...inPlace.flatMap((urn) => ["--target", urn]));
        }).finally(() => before.close());
        // Plugins of its own, as a command has: none of their connections is open yet.
        const prepared = await stack.open();
        const up = await timed(async () => {
            await stack.pulumi(prepared, "up");
            await waitReady(nodes[0]!, nodes.length, "/etc/kubernetes/admin.conf");
        }).finally(() => prepared.close());
        return { up, preparation };
    } finally {
        await stack.clear();
    }
}
