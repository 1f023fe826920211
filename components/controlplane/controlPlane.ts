import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { NodeSpec } from "../inventory";
import { PreparedNode, StepOf } from "../node";
import { Pki } from "../pki";
import { kitPath } from "../remote";
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
    /** The control planes before this one: they are activated one after the other. */
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
        // Nothing public tells which key encrypts secrets, so that a preview would show nothing of a new one.
        const given = { digest: pki.digestFor(node), encryption: String(cluster.encryption.generation) };
        const credentials = step(
            `${node.name}-credentials`,
            {
                kind: "credentials",
                manifest: pki.credentialsFor(node),
                arguments: given,
            },
            { parent: this, dependsOn: prepared.base },
        );
        this.ready = step(
            `${node.name}-control-plane`,
            {
                kind: "control-plane",
                manifest: render(...controlPlane(node, cluster, nodes, kitPath())),
                // Who comes next asks the virtual address: it has to answer by then.
                arguments: { ...given, endpoint: virtualAddress && `${virtualAddress}:${port}` },
            },
            { parent: this, dependsOn: [...args.after, prepared.staged, credentials] },
        );
        this.registerOutputs({});
    }
}
