import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface FoundingArgs {
    /** Of several control planes the first; its base step must have run (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /**
     * What the probes say: "nobody" of them has etcd's data yet, so that the first one may begin once more; "somebody" has,
     * or couldn't be asked. Without probes what stands in the state decides.
     */
    readonly data?: "nobody" | "somebody";
    /** Another number makes it once more, where nobody has data. */
    readonly attempt: number;
}

/**
 * Lets one control plane begin etcd's cluster, once in the cluster's life: that it was done stands in the state. A control
 * plane without data joins the others ever after, so that one which was set up anew never founds a second cluster beside
 * the living one.
 */
export function founding(
    name: string,
    { controlPlane, data, attempt }: FoundingArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            // Where there is a cluster already, it only comes to stand in the state.
            create: data === "somebody" ? "true" : `sh ${installedStep()} found-etcd`,
            triggers: [data === "nobody" ? attempt : 0],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, {
            ignoreChanges: ["connection", ...(data === "nobody" ? [] : ["create", "triggers"])],
        }),
    );
}
