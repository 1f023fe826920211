import * as pulumi from "@pulumi/pulumi";

import { AddonSettings, ClusterSettings } from "../config/schema";
import { NodeSpec } from "../inventory";
import { Serve } from "../pki";

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
export function deployAddons(_args: AddonsArgs, _opts: pulumi.ComponentResourceOptions): DeployedAddons {
    return { urls: {}, ready: [] };
}
