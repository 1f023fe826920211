import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { Serve } from "../pki";
import { digestOf } from "../render/manifest";
import { nginxUser, nginxVolumes, podOf } from "./pods";
import { proxySettings, serviceContainer, serviceUser, tlsContainer, tlsData, tlsServer, tlsVolumes } from "./services";
import { Workload } from "./workload";

export interface MicroservicesArgs {
    readonly images: { readonly auth: string; readonly hello: string; readonly nginx: string };
    /** Pods of each of the three. Default 2. */
    readonly replicas: number;
    /** Port of the frontend on that address. Default 443. */
    readonly port: number;
    /** A node's address, on which the frontend answers from outside the cluster. */
    readonly externalAddress: string;
    /** Signs tokens: auth and hello have it. */
    readonly secret: pulumi.Input<string>;
    readonly serve: Serve;
}

const files = {
    "frontend.conf": tlsServer({
        "= /login": "http://auth/login",
        "= /hello": "http://hello/",
        "/hello/": "http://hello/",
    }),
    "proxy.conf": proxySettings,
};

/**
 * Three services that make one application: the frontend (nginx, TLS) passes /login on to auth, which gives a token for
 * a password, and /hello to hello, which greets on /hello/secure who shows a token.
 */
export class Microservices extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: MicroservicesArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:Microservices", name, opts);
        const namespace = this.makeNamespace("restricted");
        const tokens = this.makeTokens(namespace, args.secret);
        const services = (["auth", "hello"] as const).map((each) => {
            const container = serviceContainer({ name: each, image: args.images[each], tokens });
            const spec = podOf(serviceUser, { containers: [container] });
            this.deploy(namespace, { name: each, replicas: args.replicas, spec });
            return this.expose(namespace, each, { ports: [{ name: "http", port: 80, targetPort: "http" }] });
        });
        this.frontend(namespace, args, services);
        this.url = pulumi.output(`https://${args.externalAddress}:${args.port}/`);
        this.registerOutputs({ url: this.url });
    }

    private frontend(namespace: pulumi.Output<string>, args: MicroservicesArgs, services: pulumi.Resource[]): void {
        const certificate = args.serve(
            { service: "frontend", namespace: this.workload, ipAddresses: [args.externalAddress] },
            this,
        );
        const labels = this.labelsOf("frontend");
        const tls = new kubernetes.core.v1.Secret(
            this.resource("frontend-tls"),
            { metadata: { namespace, labels }, ...tlsData(certificate) },
            { parent: this },
        );
        const conf = new kubernetes.core.v1.ConfigMap(
            this.resource("frontend"),
            { metadata: this.metadataOf("frontend", namespace), data: files },
            { parent: this },
        );
        this.deploy(
            namespace,
            {
                name: "frontend",
                replicas: args.replicas,
                // A ConfigMap changes in place, which nginx wouldn't notice.
                annotations: { "slipway.build/configuration": digestOf(...Object.values(files)) },
                spec: podOf(nginxUser, {
                    containers: [tlsContainer(args.images.nginx)],
                    volumes: [...nginxVolumes, ...tlsVolumes(tls.metadata.name, conf.metadata.name)],
                }),
            },
            // nginx ends where a name that it passes requests on to isn't known.
            { dependsOn: services },
        );
        this.expose(
            namespace,
            "frontend",
            {
                type: "LoadBalancer",
                // Nobody calls these: they would only be in the way of ports that the configuration names.
                allocateLoadBalancerNodePorts: false,
                externalIPs: [args.externalAddress],
                ports: [{ name: "https", port: args.port, targetPort: "https" }],
            },
            // Nobody may fill in status.loadBalancer here: waiting for it would never end.
            { annotations: { "pulumi.com/skipAwait": "true" } },
        );
    }
}
