import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { Workload } from "./workload";

export interface MyNginxArgs {
    readonly image: string;
    /** How many pods. Default 3. */
    readonly replicas: number;
    /** Port of the service. Default 80. */
    readonly port: number;
}

/** Test 1 of the board clusters: nginx behind a cluster address that answers "Welcome to nginx". */
export class MyNginx extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: MyNginxArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:MyNginx", name, opts);
        this.deploy(args.replicas, {
            containers: [
                {
                    name: "nginx",
                    image: args.image,
                    imagePullPolicy: "IfNotPresent",
                    ports: [{ name: "http", containerPort: 80 }],
                    readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
                    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "128Mi" } },
                },
            ],
        });
        const service = new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata,
                spec: { selector: this.labels, ports: [{ name: "http", port: args.port, targetPort: "http" }] },
            },
            { parent: this },
        );
        this.url = pulumi.interpolate`http://${service.spec.clusterIP}:${args.port}/`;
        this.registerOutputs({ url: this.url });
    }
}
