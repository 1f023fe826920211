import * as pulumi from "@pulumi/pulumi";

import { images } from "../../mirror/catalogue";
import { ClusterSettings, WorkloadSettings } from "../config/schema";
import { firstWorker, nodeNamed, NodeSpec } from "../inventory";
import { Classics } from "./classics";
import { HelloKube } from "./helloKube";
import { MyNginx } from "./myNginx";
import { Redis } from "./redis";
import { staticPodUrl } from "./staticPod";

export interface WorkloadsArgs {
    readonly workloads: WorkloadSettings;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
}

type Urls = Record<string, pulumi.Output<string>>;

/** The sample applications that the config names, and where each answers. */
export function deployWorkloads(args: WorkloadsArgs, opts: pulumi.ComponentResourceOptions): Urls {
    const { workloads, cluster, nodes } = args;
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
