import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { recommendedLabels } from "../addons/labels";
import { type PodSecurity, podSecurityLabels } from "../addons/podSecurity";
import { spread } from "./pods";

type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type ServiceSpec = kubernetes.types.input.core.v1.ServiceSpec;

/** Equal pods under one name, for a Deployment and whatever leads to it. */
export interface Pods {
    readonly name: string;
    readonly replicas: number;
    readonly spec: PodSpec;
    /** Labels beyond those that every pod has; they don't select. */
    readonly labels?: Record<string, string>;
    /** Annotations of the pods: another text starts them anew. */
    readonly annotations?: Record<string, pulumi.Input<string>>;
    /** Default: one more before one goes, so that none is missing. */
    readonly strategy?: kubernetes.types.input.apps.v1.DeploymentStrategy;
}

/** A sample application, and one address to visit. */
export abstract class Workload extends pulumi.ComponentResource {
    /** Where it answers. A cluster address answers on every node and in every pod; a node's one from outside, too. */
    abstract readonly url: pulumi.Output<string>;

    protected constructor(
        type: string,
        protected readonly workload: string,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super(type, workload, {}, opts);
    }

    /**
     * The namespace of this workload, which is named after it.
     *
     * @param level what its pods may ask for; everything but `restricted` needs a reason
     */
    protected makeNamespace(level: PodSecurity): pulumi.Output<string> {
        const labels = {
            ...this.labelsOf(this.workload),
            ...podSecurityLabels(level),
        };
        const namespace = new kubernetes.core.v1.Namespace(
            this.workload,
            { metadata: { name: this.workload, labels } },
            { parent: this },
        );
        return namespace.metadata.name;
    }

    /**
     * The Secret that signs this workload's tokens.
     *
     * Without a name of its own, like every Secret here: another content is another Secret, and starts its pods anew.
     */
    protected makeTokens(namespace: pulumi.Input<string>, secret: pulumi.Input<string>): pulumi.Output<string> {
        const tokens = new kubernetes.core.v1.Secret(
            this.resource("tokens"),
            {
                metadata: { namespace, labels: this.labelsOf(this.workload) },
                stringData: { secret: pulumi.secret(secret) },
            },
            { parent: this },
        );
        return tokens.metadata.name;
    }

    /** `app` selects, as in the documents that these samples come from; the recommended ones stand beside it. */
    protected labelsOf(app: string): Record<string, string> {
        return { app, ...recommendedLabels(app, "sample"), "app.kubernetes.io/instance": this.workload };
    }

    protected metadataOf(app: string, namespace: pulumi.Input<string>) {
        return { name: app, namespace, labels: this.labelsOf(app) };
    }

    /** Replicas on different nodes while there are any; more than nodes is no error. */
    protected deploy(
        namespace: pulumi.Input<string>,
        { name, replicas, spec, labels, annotations, strategy }: Pods,
        opts: pulumi.CustomResourceOptions = {},
    ): kubernetes.apps.v1.Deployment {
        const matchLabels = { app: name };
        return new kubernetes.apps.v1.Deployment(
            this.resource(name),
            {
                metadata: this.metadataOf(name, namespace),
                spec: {
                    replicas,
                    selector: { matchLabels },
                    strategy: strategy ?? {
                        type: "RollingUpdate",
                        rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
                    },
                    template: {
                        metadata: { labels: { ...this.labelsOf(name), ...labels }, annotations },
                        spec: { ...spread(matchLabels), ...spec },
                    },
                },
            },
            { parent: this, ...opts },
        );
    }

    /** A service of its own name, which leads to the pods of that name where `spec` doesn't say otherwise. */
    protected expose(
        namespace: pulumi.Input<string>,
        name: string,
        spec: ServiceSpec,
        opts: pulumi.CustomResourceOptions & { readonly annotations?: Record<string, string> } = {},
    ): kubernetes.core.v1.Service {
        const { annotations, ...rest } = opts;
        return new kubernetes.core.v1.Service(
            this.resource(name),
            {
                metadata: { ...this.metadataOf(name, namespace), annotations },
                spec: { selector: { app: name }, ...spec },
            },
            { parent: this, ...rest },
        );
    }

    /** The resource's name in the stack: what belongs to a workload starts with its name. */
    protected resource(name: string): string {
        return name === this.workload ? name : `${this.workload}-${name}`;
    }
}
