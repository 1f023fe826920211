import * as pulumi from "@pulumi/pulumi";

import { images } from "../../mirror/catalogue";
import { ClusterSettings, WorkloadSettings } from "../config/schema";
import { isControlPlane, NodeSpec } from "../inventory";
import { HelloKube } from "./helloKube";
import { MyNginx } from "./myNginx";
import { Workload } from "./workload";

export interface WorkloadsArgs {
    readonly workloads: WorkloadSettings;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
}

/** The sample applications that the config names, and where each answers. */
export function deployWorkloads(
    args: WorkloadsArgs,
    opts: pulumi.ComponentResourceOptions,
): Record<string, pulumi.Output<string>> {
    const { workloads, cluster, nodes } = args;
    const image = images(cluster.versions);
    const deployed: Record<string, Workload> = {};
    const nginx = workloads["my-nginx"];
    if (nginx) {
        deployed["my-nginx"] = new MyNginx("my-nginx", { ...nginx, image: image.nginx.reference }, opts);
    }
    const hello = workloads["hello-kube"];
    if (hello) {
        const outside = nodes.find((node) => !isControlPlane(node)) ?? nodes[0];
        const externalAddress = hello.externalAddress ?? outside.address;
        deployed["hello-kube"] = new HelloKube(
            "hello-kube",
            { ...hello, image: image.agnhost.reference, externalAddress },
            opts,
        );
    }
    return Object.fromEntries(Object.entries(deployed).map(([name, { url }]) => [name, url]));
}
