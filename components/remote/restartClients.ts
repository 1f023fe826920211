import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface RestartClientsArgs {
    /** Who does it. Every node must trust the authorities by then (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /** Digest of the authorities that are trusted: pods are replaced once for each. */
    readonly trust: pulumi.Input<string>;
    /** How long pods may take to be replaced. Default 600 s. */
    readonly seconds?: number;
}

/**
 * Replaces the pods that use the API and began before all of its authorities were trusted. Fails where some are left that
 * a controller should have replaced; run again, it goes on with those.
 */
export function restartClients(
    name: string,
    { controlPlane, trust, seconds = 600 }: RestartClientsArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            create: `sh ${installedStep()} restart-clients seconds=${seconds}`,
            triggers: [trust],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, { ignoreChanges: ["connection", "create"] }),
    );
}
