import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A sample application with one address to visit. */
export abstract class Workload extends pulumi.ComponentResource {
    /** Where it answers. A cluster address answers on every node and in every pod; an external one from outside, too. */
    url!: pulumi.Output<string>;

    protected constructor(type: string, name: string, opts: pulumi.ComponentResourceOptions) {
        super(type, name, {}, opts);
    }
}

/** Replicas on different nodes while there are any; more than nodes is no error. */
export function spreadOverNodes(
    selector: Record<string, string>,
): kubernetes.types.input.core.v1.TopologySpreadConstraint[] {
    return [
        {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: selector },
        },
    ];
}
