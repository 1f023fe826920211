import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { controlPlanes, NodeSpec } from "../inventory";
import { PreparedNode, StepOf } from "../node";
import { Pki, wordOf } from "../pki";
import { kitPath, NodeReport } from "../remote";
import { controlPlane } from "../render/controlPlane";
import { render } from "../render/manifest";

export interface ControlPlaneArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    readonly prepared: PreparedNode;
    readonly pki: Pki;
    /** Makes this node's steps. */
    readonly step: StepOf;
    /** What the probe found. */
    readonly report?: NodeReport;
    /** The control planes before this one, which are activated one after the other, and the right to found etcd's cluster. */
    readonly after: pulumi.Resource[];
}

/** etcd, API server, controller-manager and scheduler as units of one machine, and the approver of serving certificates. */
export class ControlPlane extends pulumi.ComponentResource {
    /** Ends when this machine's API server says that it is ready. */
    readonly ready: pulumi.Resource;

    constructor(name: string, args: ControlPlaneArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:controlplane:ControlPlane", name, {}, opts);
        const { node, cluster, nodes, prepared, pki, step } = args;
        const { virtualAddress, port } = cluster.api;
        // Nothing public tells which key encrypts secrets or signs tokens, so that a preview would show nothing of a new one.
        const given = {
            digest: pki.digestFor(node),
            encryption: String(cluster.encryption.generation),
            accounts: wordOf(cluster.serviceAccounts.generation),
        };
        const credentials = step(
            `${node.name}-credentials`,
            {
                kind: "credentials",
                manifest: pki.credentialsFor(node),
                arguments: given,
            },
            // The machine's, whatever its role: a worker that becomes a control plane keeps the step.
            { parent: prepared, aliases: [{ parent: this }], dependsOn: prepared.base },
        );
        // A new one starts while its images are loaded. One that lives is away the shorter the less its machine does besides.
        const settled = args.report?.kinds["control-plane"] === undefined ? prepared.base : prepared.staged;
        this.ready = step(
            `${node.name}-control-plane`,
            {
                kind: "control-plane",
                manifest: render(...controlPlane(node, cluster, nodes, kitPath())),
                arguments: {
                    ...given,
                    peers: peersOf(node, nodes),
                    // Who comes next asks the virtual address: it has to answer by then.
                    endpoint: virtualAddress && `${virtualAddress}:${port}`,
                    // Where it keeps a snapshot before another version of Kubernetes or etcd begins.
                    folder: cluster.snapshots.folder,
                    keep: String(cluster.snapshots.keep),
                },
            },
            { parent: this, dependsOn: [...args.after, settled, credentials] },
        );
        this.registerOutputs({});
    }
}

/** Addresses of the other control planes: those whose etcd this one joins, and that must be well when it restarts. */
function peersOf({ name }: NodeSpec, nodes: readonly NodeSpec[]): string | undefined {
    const others = controlPlanes(nodes).filter((other) => other.name !== name && !other.lost);
    return others.length === 0 ? undefined : others.map(({ address }) => address).join(",");
}
