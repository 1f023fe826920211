import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A sample application: a Deployment whose pods are labelled `app: NAME`, and one address to visit. */
export abstract class Workload extends pulumi.ComponentResource {
    /** Where it answers. A cluster address answers on every node and in every pod; an external one from outside, too. */
    abstract readonly url: pulumi.Output<string>;
    protected readonly labels: { readonly app: string };

    protected constructor(
        type: string,
        private readonly app: string,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super(type, app, {}, opts);
        this.labels = { app };
    }

    protected get metadata() {
        return { name: this.app, namespace: "default", labels: this.labels };
    }

    /** Replicas on different nodes while there are any; more than nodes is no error. */
    protected deploy(replicas: number, spec: kubernetes.types.input.core.v1.PodSpec): kubernetes.apps.v1.Deployment {
        const selector = { matchLabels: this.labels };
        const topologySpreadConstraints = [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: selector,
            },
        ];
        return new kubernetes.apps.v1.Deployment(
            this.app,
            {
                metadata: this.metadata,
                spec: {
                    replicas,
                    selector,
                    template: { metadata: { labels: this.labels }, spec: { topologySpreadConstraints, ...spec } },
                },
            },
            { parent: this },
        );
    }
}
