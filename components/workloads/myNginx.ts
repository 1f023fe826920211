import * as pulumi from "@pulumi/pulumi";

import { httpProbes, nginxContainer, nginxUser, nginxVolumes, podOf } from "./pods";
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
        const probes = httpProbes({ ready: "/", alive: "/" }, "http");
        const containers = [nginxContainer({ image: args.image, port: 80, probes })];
        this.deploy("default", {
            name,
            replicas: args.replicas,
            spec: podOf(nginxUser, { containers, volumes: nginxVolumes }),
        });
        const service = this.expose("default", name, {
            ports: [{ name: "http", port: args.port, targetPort: "http" }],
        });
        this.url = pulumi.interpolate`http://${service.spec.clusterIP}:${args.port}/`;
        this.registerOutputs({ url: this.url });
    }
}
