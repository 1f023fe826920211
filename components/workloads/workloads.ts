import * as pulumi from "@pulumi/pulumi";

import { images } from "../../mirror/catalogue";
import { ClusterSettings, WorkloadSettings } from "../config/schema";
import { firstWorker, nodeNamed, NodeSpec } from "../inventory";
import { Derive, Serve } from "../pki";
import { Classics } from "./classics";
import { HelloKube } from "./helloKube";
import { Microservices } from "./microservices";
import { Monolith, SecureMonolith } from "./monolith";
import { MyNginx } from "./myNginx";
import { Redis } from "./redis";
import { BlueGreen, Canary } from "./releases";
import { staticPodUrl } from "./staticPod";

export interface WorkloadsArgs {
    readonly workloads: WorkloadSettings;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    /** The cluster's: certificates for servers that run in it. */
    readonly serve: Serve;
    /** The cluster's: secrets that stay as they are. */
    readonly secret: Derive;
    /** What resolves names, for those that ask for any when they start. */
    readonly names: pulumi.Resource[];
}

type Urls = Record<string, pulumi.Output<string>>;

/** The sample applications that the config names, and where each answers. */
export function deployWorkloads(args: WorkloadsArgs, opts: pulumi.ComponentResourceOptions): Urls {
    const named = pulumi.mergeOptions(opts, { dependsOn: args.names });
    return { ...deployServers(args, opts), ...deployServices(args, named), ...deployReleases(args, opts) };
}

/** What needs no image of our own, and asks for no names. */
function deployServers({ workloads, cluster, nodes }: WorkloadsArgs, opts: pulumi.ComponentResourceOptions): Urls {
    const image = images(cluster.versions);
    const outside = firstWorker(nodes).address;
    const urls: Urls = {};

    const nginx = workloads["my-nginx"];
    if (nginx) {
        urls["my-nginx"] = new MyNginx("my-nginx", { ...nginx, image: image.nginx.reference }, opts).url;
    }
    const hello = workloads["hello-kube"];
    if (hello) {
        const externalAddress = hello.externalAddress ?? outside;
        const settings = { ...hello, image: image.agnhost.reference, externalAddress };
        urls["hello-kube"] = new HelloKube("hello-kube", settings, opts).url;
    }
    const { redis, classics } = workloads;
    if (redis) {
        const settings = { ...redis, image: image.redis!.reference, node: nodeNamed(nodes, redis.node) };
        urls.redis = new Redis("redis", settings, opts).url;
    }
    if (classics) {
        const settings = { ...classics, image: image.agnhost.reference, address: outside };
        urls["hello-svc"] = new Classics("classics", settings, opts).url;
    }
    const staticPod = workloads["static-pod"];
    if (staticPod) {
        urls["static-pod"] = pulumi.output(staticPodUrl(nodes, staticPod));
    }
    return urls;
}

/** The micro-services, apart and in one. */
function deployServices(args: WorkloadsArgs, opts: pulumi.ComponentResourceOptions): Urls {
    const { workloads, cluster, nodes, serve } = args;
    const image = images(cluster.versions);
    const nginx = image.nginx.reference;
    const secret = (name: string) => args.secret(`the tokens of ${name}`);
    const urls: Urls = {};

    const { microservices } = workloads;
    if (microservices) {
        const hello = microservices.next ? image.helloNext! : image.hello!;
        const settings = {
            ...microservices,
            images: { auth: image.auth!.reference, hello: hello.reference, nginx },
            externalAddress: microservices.externalAddress ?? firstWorker(nodes).address,
            secret: secret("microservices"),
            serve,
        };
        urls.microservices = new Microservices("microservices", settings, opts).url;
    }
    for (const name of ["monolith", "healthy-monolith"] as const) {
        const settings = workloads[name];
        if (settings) {
            const own = { image: image.monolith!.reference, secret: secret(name), healthy: name !== "monolith" };
            urls[name] = new Monolith(name, { ...settings, ...own }, opts).url;
        }
    }
    const secure = workloads["secure-monolith"];
    if (secure) {
        const name = "secure-monolith";
        const addresses = [firstWorker(nodes), ...nodes].map(({ address }) => address);
        const own = { image: image.monolith!.reference, nginx, addresses: [...new Set(addresses)], serve };
        urls[name] = new SecureMonolith(name, { ...secure, ...own, secret: secret(name) }, opts).url;
    }
    return urls;
}

/** Two versions side by side. They ask for no names. */
function deployReleases({ workloads, cluster, nodes }: WorkloadsArgs, opts: pulumi.ComponentResourceOptions): Urls {
    const { hello, helloNext } = images(cluster.versions);
    const { "blue-green": blueGreen, canary } = workloads;
    const address = firstWorker(nodes).address;
    const urls: Urls = {};
    if (blueGreen || canary) {
        const own = { images: { current: hello!.reference, next: helloNext!.reference }, address };
        if (blueGreen) urls["blue-green"] = new BlueGreen("blue-green", { ...blueGreen, ...own }, opts).url;
        if (canary) urls.canary = new Canary("canary", { ...canary, ...own }, opts).url;
    }
    return urls;
}
