import * as pulumi from "@pulumi/pulumi";

import { images } from "../../mirror/catalogue";
import { AddonSettings, ClusterSettings } from "../config/schema";
import { NodeSpec } from "../inventory";
import { Serve } from "../pki";
import { Headlamp } from "./headlamp";
import { LocalPath } from "./localPath";
import { MetalLb } from "./metallb/metallb";
import { MetricsServer } from "./metricsServer";
import { Monitoring } from "./monitoring/monitoring";

export interface AddonsArgs {
    readonly addons: AddonSettings;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    /** The cluster's: certificates for servers that run in it. */
    readonly serve: Serve;
}

/** What is deployed, and where people reach it. */
export interface DeployedAddons {
    readonly urls: Record<string, pulumi.Output<string>>;
    /** What workloads wait for: their volumes, addresses and metrics come from these. */
    readonly ready: readonly pulumi.Resource[];
}

/** The add-ons that the config names. */
export function deployAddons(args: AddonsArgs, opts: pulumi.ComponentResourceOptions): DeployedAddons {
    const { addons, cluster, serve } = args;
    const image = images(cluster.versions);
    const ready: pulumi.Resource[] = [];
    const metrics = addons["metrics-server"];
    if (metrics) {
        const reference = image.metricsServer!.reference;
        ready.push(new MetricsServer("metrics-server", { ...metrics, image: reference, serve }, opts));
    }
    const localPath = addons["local-path"];
    if (localPath) {
        const reference = image.localPathProvisioner!.reference;
        ready.push(new LocalPath("local-path", { ...localPath, image: reference }, opts));
    }
    const { metallb } = addons;
    if (metallb) {
        const references = {
            controller: image.metallbController!.reference,
            speaker: image.metallbSpeaker!.reference,
        };
        ready.push(new MetalLb("metallb", { ...metallb, images: references }, opts));
    }
    const { monitoring } = addons;
    if (monitoring) {
        const references = {
            prometheus: image.prometheus!.reference,
            nodeExporter: image.nodeExporter!.reference,
            cadvisor: image.cadvisor!.reference,
        };
        // Its volume is one of local-path's.
        const after = pulumi.mergeOptions(opts, { dependsOn: ready.filter((one) => one instanceof LocalPath) });
        ready.push(new Monitoring("monitoring", { ...monitoring, images: references }, after));
    }
    if (addons.headlamp) ready.push(new Headlamp("headlamp", { image: image.headlamp!.reference }, opts));
    return { urls: {}, ready };
}
