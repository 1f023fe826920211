import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { Serve } from "../pki";
import { digestOf } from "../render/manifest";
import { httpProbes, nginxUser, nginxVolumes, podOf } from "./pods";
import { proxySettings, serviceContainer, serviceUser, tlsContainer, tlsData, tlsServer, tlsVolumes } from "./services";
import { Workload } from "./workload";

export interface MonolithArgs {
    readonly image: string;
    /** How many pods. */
    readonly replicas: number;
    /** Signs tokens. */
    readonly secret: pulumi.Input<string>;
    /** Whether the probes ask for its health on port 81, which a person may flip, or for its version on port 80. */
    readonly healthy: boolean;
}

/** auth and hello in one program, behind a cluster address. */
export class Monolith extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: MonolithArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:Monolith", name, opts);
        const namespace = this.makeNamespace("restricted");
        const tokens = this.makeTokens(namespace, args.secret);
        const container = {
            ...serviceContainer({ name: "monolith", image: args.image, tokens }),
            ...(args.healthy ? {} : httpProbes({ ready: "/version", alive: "/version" }, "http")),
        };
        const spec = podOf(serviceUser, { containers: [container] });
        this.deploy(namespace, { name, replicas: args.replicas, spec });
        const service = this.expose(namespace, name, { ports: [{ name: "http", port: 80, targetPort: "http" }] });
        this.url = pulumi.interpolate`http://${service.spec.clusterIP}:80/`;
        this.registerOutputs({ url: this.url });
    }
}

export interface SecureMonolithArgs extends Omit<MonolithArgs, "healthy"> {
    readonly nginx: string;
    /** Port of every node's address. Default 31000. */
    readonly nodePort: number;
    /** The nodes' addresses, for the certificate and the URL. */
    readonly addresses: readonly string[];
    readonly serve: Serve;
}

const files = { "proxy.conf": proxySettings + tlsServer({ "/": "http://127.0.0.1:80" }) };

/** The monolith as only its side-car sees it: nginx in the same pod ends TLS on a port of every node. */
export class SecureMonolith extends Workload {
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: SecureMonolithArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:SecureMonolith", name, opts);
        const namespace = this.makeNamespace("restricted");
        const tokens = this.makeTokens(namespace, args.secret);
        const certificate = args.serve({ service: name, namespace: name, ipAddresses: args.addresses }, this);
        const tls = new kubernetes.core.v1.Secret(
            this.resource("tls"),
            { metadata: { namespace, labels: this.labelsOf(name) }, ...tlsData(certificate) },
            { parent: this },
        );
        const conf = new kubernetes.core.v1.ConfigMap(
            this.resource("proxy"),
            { metadata: this.metadataOf(name, namespace), data: files },
            { parent: this },
        );
        const monolith = serviceContainer({ name: "monolith", image: args.image, tokens, hidden: true });
        this.deploy(namespace, {
            name,
            replicas: args.replicas,
            // A ConfigMap changes in place, which nginx wouldn't notice.
            annotations: { "slipway.build/configuration": digestOf(...Object.values(files)) },
            spec: podOf(nginxUser, {
                containers: [monolith, tlsContainer(args.nginx)],
                volumes: [...nginxVolumes, ...tlsVolumes(tls.metadata.name, conf.metadata.name)],
            }),
        });
        this.expose(namespace, name, {
            type: "NodePort",
            ports: [{ name: "https", port: 443, targetPort: "https", nodePort: args.nodePort }],
        });
        this.url = pulumi.output(`https://${args.addresses[0]}:${args.nodePort}/`);
        this.registerOutputs({ url: this.url });
    }
}
