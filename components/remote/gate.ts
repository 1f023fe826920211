import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface NodesReadyArgs {
    /** Who is asked; its control-plane step must have run (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /** How many nodes there are. */
    readonly nodes: number;
    /** How many of them are enough once `patience` has passed. */
    readonly minimum: number;
    /** Seconds to wait for all of them. Default 60; after as many again without the minimum it fails. */
    readonly patience?: number;
}

/**
 * A gate that opens once, when a new cluster has enough nodes that are Ready and on flannel's network: all of them if they come in time, and the minimum
 * otherwise. Later changes don't ask again, so that a dead worker never blocks them.
 */
export function nodesReady(
    name: string,
    args: NodesReadyArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    const words = [`nodes=${args.nodes}`, `minimum=${args.minimum}`, `patience=${args.patience ?? 60}`];
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(args.controlPlane.ssh),
            create: ["sh", installedStep(), "ready", ...words, "network=flannel"].join(" "),
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, { ignoreChanges: ["connection", "create"] }),
    );
}
