import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

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
        this.deploy(args.replicas, podSpec(args.image));
        new kubernetes.core.v1.Service(
            name,
            {
                // Nobody fills in status.loadBalancer here: waiting for it would never end.
                metadata: { ...this.metadata, annotations: { "pulumi.com/skipAwait": "true" } },
                spec: {
                    type: "LoadBalancer",
                    selector: this.labels,
                    externalIPs: [args.externalAddress],
                    ports: [{ name: "http", port: args.port, targetPort: "http" }],
                },
            },
            { parent: this },
        );
        this.url = pulumi.output(`http://${args.externalAddress}:${args.port}/`);
        this.registerOutputs({ url: this.url });
    }
}

function podSpec(image: string): kubernetes.types.input.core.v1.PodSpec {
    return {
        automountServiceAccountToken: false,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            seccompProfile: { type: "RuntimeDefault" },
            // Lets a user without capabilities listen on port 80: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
            sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        },
        containers: [
            {
                name: "hello",
                image,
                imagePullPolicy: "IfNotPresent",
                args: ["netexec", "--http-port=80", "--udp-port=-1"],
                ports: [{ name: "http", containerPort: 80 }],
                // /healthz waits for the UDP server, which is off.
                readinessProbe: { httpGet: { path: "/hostname", port: "http" }, periodSeconds: 1 },
                resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "128Mi" } },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
        ],
    };
}
