import * as pulumi from "@pulumi/pulumi";

import { helloPod } from "./pods";
import { Workload } from "./workload";

export interface HelloKubeArgs {
    readonly image: string;
    /** How many pods. Default 2, on different nodes. */
    readonly replicas: number;
    /** Port of the service; the pods listen on 80. Default 8300. */
    readonly port: number;
    /** A node's address, on which the service answers from outside the cluster. */
    readonly externalAddress: string;
}

/**
 * Tests 2 to 4 of the board clusters: a LoadBalancer service whose external IP is a node's address.
 *
 * No load balancer stands behind it: kube-proxy answers for the external IP on the node that owns it.
 */
export class HelloKube extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: HelloKubeArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:HelloKube", name, opts);
        this.deploy("default", { name, replicas: args.replicas, spec: helloPod(args.image) });
        this.expose(
            "default",
            name,
            {
                type: "LoadBalancer",
                // Nobody calls these: they would only be in the way of ports that the configuration names.
                allocateLoadBalancerNodePorts: false,
                externalIPs: [args.externalAddress],
                ports: [{ name: "http", port: args.port, targetPort: "http" }],
            },
            // Nobody may fill in status.loadBalancer here: waiting for it would never end.
            { annotations: { "pulumi.com/skipAwait": "true" } },
        );
        this.url = pulumi.output(`http://${args.externalAddress}:${args.port}/`);
        this.registerOutputs({ url: this.url });
    }
}
