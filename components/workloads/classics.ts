import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { restrictedContainer } from "../addons/podSecurity";
import { helloPod, podOf, smallResources } from "./pods";
import { Workload } from "./workload";

export interface ClassicsArgs {
    /** The test server's image. */
    readonly image: string;
    /** Pods of the ReplicationController. Default 2. */
    readonly replicas: number;
    /** Port of every node's address. Default 30080. */
    readonly nodePort: number;
    /** When the CronJob runs, in cron's words. Default every five minutes. */
    readonly schedule: string;
    /** A node's address, for the URL. */
    readonly address: string;
}

/**
 * The forms that people still meet: a ReplicationController behind the NodePort service `hello-svc`, a pod on every node
 * by a DaemonSet, a Job that is done once, and a CronJob.
 */
export class Classics extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: ClassicsArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:Classics", name, opts);
        const namespace = this.makeNamespace("restricted");
        const child = { parent: this };
        const controller = new kubernetes.core.v1.ReplicationController(
            this.resource("hello"),
            {
                metadata: this.metadataOf("hello", namespace),
                spec: {
                    replicas: args.replicas,
                    selector: { app: "hello" },
                    template: { metadata: { labels: this.labelsOf("hello") }, spec: helloPod(args.image) },
                },
            },
            child,
        );
        const service = this.expose(
            namespace,
            "hello-svc",
            {
                type: "NodePort",
                selector: { app: "hello" },
                ports: [{ name: "http", port: 80, targetPort: "http", nodePort: args.nodePort }],
            },
            { dependsOn: controller },
        );
        new kubernetes.apps.v1.DaemonSet(
            this.resource("hello-everywhere"),
            {
                metadata: this.metadataOf("hello-everywhere", namespace),
                spec: {
                    selector: { matchLabels: { app: "hello-everywhere" } },
                    template: {
                        metadata: { labels: this.labelsOf("hello-everywhere") },
                        spec: helloPod(args.image, {
                            tolerations: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
                        }),
                    },
                },
            },
            child,
        );
        new kubernetes.batch.v1.Job(
            this.resource("hello-once"),
            {
                metadata: this.metadataOf("hello-once", namespace),
                spec: this.asking("hello-once", args.image),
            },
            { ...child, dependsOn: service },
        );
        new kubernetes.batch.v1.CronJob(
            this.resource("hello-often"),
            {
                metadata: this.metadataOf("hello-often", namespace),
                spec: {
                    schedule: args.schedule,
                    concurrencyPolicy: "Forbid",
                    successfulJobsHistoryLimit: 1,
                    failedJobsHistoryLimit: 1,
                    jobTemplate: { spec: this.asking("hello-often", args.image) },
                },
            },
            { ...child, dependsOn: service },
        );
        this.url = pulumi.output(`http://${args.address}:${args.nodePort}/`);
        this.registerOutputs({ url: this.url });
    }

    /** A job that ends well when `hello-svc`, found by its name, takes a connection. */
    private asking(app: string, image: string): kubernetes.types.input.batch.v1.JobSpec {
        return {
            template: {
                metadata: { labels: this.labelsOf(app) },
                spec: podOf(65534, {
                    restartPolicy: "Never",
                    containers: [
                        {
                            name: "ask",
                            image,
                            imagePullPolicy: "IfNotPresent",
                            args: ["connect", "--timeout=5s", "hello-svc:80"],
                            resources: smallResources,
                            securityContext: restrictedContainer,
                        },
                    ],
                }),
            },
        };
    }
}
