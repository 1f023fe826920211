import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { spreadOverNodes, Workload } from "./workload";

export interface MyNginxArgs {
    readonly image: string;
    /** How many pods. Default 3. */
    readonly replicas: number;
    /** Port of the service. Default 80. */
    readonly port: number;
}

/** Test 1 of the board clusters: nginx behind a cluster address that answers "Welcome to nginx". */
export class MyNginx extends Workload {
    constructor(name: string, args: MyNginxArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:MyNginx", name, opts);
        const selector = { app: name };
        new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: { name, namespace: "default", labels: selector },
                spec: {
                    replicas: args.replicas,
                    selector: { matchLabels: selector },
                    template: {
                        metadata: { labels: selector },
                        spec: {
                            topologySpreadConstraints: spreadOverNodes(selector),
                            containers: [
                                {
                                    name: "nginx",
                                    image: args.image,
                                    imagePullPolicy: "IfNotPresent",
                                    ports: [{ name: "http", containerPort: 80 }],
                                    readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
                                    resources: {
                                        requests: { cpu: "10m", memory: "16Mi" },
                                        limits: { memory: "128Mi" },
                                    },
                                },
                            ],
                        },
                    },
                },
            },
            { parent: this },
        );
        const service = new kubernetes.core.v1.Service(
            name,
            {
                metadata: { name, namespace: "default", labels: selector },
                spec: { selector, ports: [{ name: "http", port: args.port, targetPort: "http" }] },
            },
            { parent: this },
        );
        this.url = pulumi.interpolate`http://${service.spec.clusterIP}:${args.port}/`;
        this.registerOutputs({ url: this.url });
    }
}
