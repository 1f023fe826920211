import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { isControlPlane, NodeSpec } from "../inventory";
import { Pki, wordOf } from "../pki";
import { joinToken, NodeReport } from "../remote";
import { agents } from "../render/agents";
import { render } from "../render/manifest";
import { PreparedNode } from "./preparedNode";
import { StepOf } from "./steps";

export interface NodeAgentsArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    /** All nodes, for what every node must know of the others. */
    readonly nodes: readonly NodeSpec[];
    readonly prepared: PreparedNode;
    readonly pki: Pki;
    /** The control plane that mints the node's bootstrap token. */
    readonly controlPlane: NodeSpec;
    /** Makes this node's steps. */
    readonly step: StepOf;
    /** What the probe found. */
    readonly report?: NodeReport;
    /** What must be there before a node is touched: an API that answers, and the nodes whose turn is before this one's. */
    readonly after: pulumi.Resource[];
    /** The right to ask for a certificate. A token can be made before. */
    readonly access: pulumi.Resource;
}

/** The daemons by which a prepared machine is a node of the cluster: CRI, kubelet, kube-proxy. */
export class NodeAgents extends pulumi.ComponentResource {
    /** Ends when kubelet and kube-proxy run and the API knows the node. */
    readonly activated: pulumi.Resource;

    constructor(name: string, args: NodeAgentsArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:node:NodeAgents", name, {}, opts);
        const { node, cluster, nodes, prepared, pki, step } = args;
        const after: pulumi.Resource[] = [...args.after, args.access, prepared.staged];
        if (!isControlPlane(node)) {
            after.push(this.workerCredentials(args));
        }
        this.activated = step(
            `${node.name}-activate`,
            {
                kind: "activate",
                manifest: render(...agents(node, cluster, nodes)),
                arguments: {
                    digest: pki.digestFor(node),
                    // Its kubelet gets certificates of the authority that signs.
                    signer: wordOf(cluster.certificates.generation),
                    seconds: String(cluster.drainSeconds),
                    // Its own token is minted by this step; a worker's was minted with the address.
                    address: isControlPlane(node) ? node.address : undefined,
                },
            },
            { parent: this, dependsOn: after },
        );
        this.registerOutputs({});
    }

    /** A control plane has its credentials already, and mints its own token. */
    private workerCredentials(args: NodeAgentsArgs): pulumi.Resource {
        const { node, controlPlane, pki, prepared, step, report, after } = args;
        const token = joinToken(
            `${node.name}-join`,
            { node, controlPlane, ...attemptOf(report) },
            { parent: this, dependsOn: after },
        );
        return step(
            `${node.name}-credentials`,
            {
                kind: "credentials",
                manifest: pki.credentialsFor(node, token.stdout),
                arguments: { digest: pki.digestFor(node) },
            },
            { parent: prepared, aliases: [{ parent: this }], dependsOn: [prepared.base, token] },
        );
    }
}

/** A token lives half an hour: a node that could be asked and has not joined by then needs another one; so does one that has to join anew. */
function attemptOf(report: NodeReport | undefined): { attempt?: number; joined?: boolean } {
    if (report === undefined) {
        return {};
    }
    const joined = report.joined && !report.ended;
    return { attempt: Math.floor(Date.now() / 1_800_000), joined: joined || !report.reachable };
}
