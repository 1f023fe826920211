import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { NodeSpec, wayToApi } from "../inventory";
import { Digests } from "../render/artifacts";
import { base } from "../render/base";
import { render } from "../render/manifest";
import { archives } from "../render/packages";
import { stage } from "../render/stage";
import { baseArguments, contact, NodeReport } from "../remote";
import { fixedSettings } from "./living";
import { canBeAsked, now, StepOf } from "./steps";

export interface PreparedNodeArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    /** All nodes: how this one finds the API depends on how many control planes there are. */
    readonly nodes: readonly NodeSpec[];
    /** Digests of everything that a node fetches, as the mirror records them. */
    readonly digests: Digests;
    /** Of the cluster's CA: with the cluster's name it says whom the node belongs to. */
    readonly fingerprint: pulumi.Input<string>;
    /** Of each CA of the cluster that is trusted now: one of them may be on the node's mark still. Default: the one. */
    readonly fingerprints?: pulumi.Input<readonly string[]>;
    /** Makes this node's steps. */
    readonly step: StepOf;
    /** What the probe found. */
    readonly report?: NodeReport;
}

/**
 * One machine with everything in place and nothing of Kubernetes running: system settings, docker, binaries, images.
 *
 * All of it is harmless to a running cluster, so that all machines are worked on at once.
 */
export class PreparedNode extends pulumi.ComponentResource {
    /** Ends when users, settings, docker and a control plane's executables are there: credentials may come. */
    readonly base: pulumi.Resource;
    /** Ends when binaries and images are there. */
    readonly staged: pulumi.Resource;

    constructor(name: string, args: PreparedNodeArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:node:PreparedNode", name, {}, opts);
        const { node, cluster, nodes, digests, fingerprint, step, report } = args;
        const fixed = fixedSettings(cluster);
        const words = baseArguments(node, {
            name: cluster.name,
            fingerprint,
            apiPort: cluster.api.port,
            way: wayToApi(cluster, nodes),
            fixed,
        });
        const since = report && (report.since ?? now);
        const leaveAlone = !canBeAsked(report);
        const reached = contact(`${name}-contact`, { node, since, leaveAlone }, { parent: this });
        this.base = step(
            `${name}-base`,
            {
                kind: "base",
                manifest: render(...base(node, cluster, digests, nodes), archives(cluster, digests)),
                arguments: {
                    ...words,
                    since: since?.toString(),
                    // Somebody else's by now: the step runs, and refuses with the ways out.
                    found: words.owner.apply((owner) => this.stranger(args, owner, report?.owner)),
                },
            },
            { parent: this, dependsOn: reached },
        );
        this.staged = step(
            `${name}-stage`,
            { kind: "stage", manifest: render(...stage(node, cluster, digests)) },
            { parent: this, dependsOn: this.base },
        );
        this.registerOutputs({});
    }

    /** The owner on a node's mark, unless it is this cluster, or this cluster with another CA that is trusted. */
    private stranger(
        { cluster, fingerprints = [] }: PreparedNodeArgs,
        owner: string,
        found: string | undefined,
    ): pulumi.Output<string | undefined> {
        if (found === undefined || found === owner) return pulumi.output(undefined);
        return pulumi
            .output(fingerprints)
            .apply((all) => (all.some((each) => found === `${cluster.name}:${each}`) ? undefined : found));
    }
}
