import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory";
import { NodeReport } from "../remote";

/**
 * Whose turn it is to restart something: of the nodes that are part of the cluster already, so many at a time.
 *
 * A turn is an order among resources: the activation of one node depends on the one `maxUnavailable` places before it.
 * So the preview, the engine's lock against a second operator and its way of leaving out what depends on a failure
 * hold for turns, too: where a node doesn't come back, those after it aren't touched. Nodes that have not joined carry
 * nothing that could be missed; they come all at once.
 */
export class Turns {
    private readonly taken: pulumi.Resource[] = [];

    constructor(
        private readonly maxUnavailable: number,
        private readonly reports: Readonly<Record<string, NodeReport>> = {},
    ) {}

    /** What a node's activation waits for. */
    before(node: NodeSpec): pulumi.Resource[] {
        const index = this.taken.length - this.maxUnavailable;
        return this.isMember(node) && index >= 0 ? [this.taken[index]] : [];
    }

    /** Tells of a node's activation. */
    after(node: NodeSpec, activated: pulumi.Resource): void {
        if (this.isMember(node)) {
            this.taken.push(activated);
        }
    }

    private isMember(node: NodeSpec): boolean {
        return this.reports[node.name]?.joined === true;
    }
}
