import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface FoundingArgs {
    /** Of several control planes the first; its base step must have run (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /** Whether none of them has etcd's data yet, as the probe says. Another number makes it once more. */
    readonly attempt?: number;
}

/**
 * Lets one control plane begin etcd's cluster, once in the cluster's life: that it was done stands in the state. A control
 * plane without data joins the others ever after, so that one which was set up anew never founds a second cluster beside
 * the living one.
 */
export function founding(
    name: string,
    { controlPlane, attempt }: FoundingArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            create: `sh ${installedStep()} found-etcd`,
            triggers: [attempt ?? 0],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, {
            ignoreChanges: ["connection", "create", ...(attempt === undefined ? ["triggers"] : [])],
        }),
    );
}
