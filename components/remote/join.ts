import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface JoinTokenArgs {
    /** Where the token is made; its control-plane step must have run (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /** Who joins with it. */
    readonly node: NodeSpec;
    /** How long the token lives. Default 1800 s. */
    readonly seconds?: number;
    /** Another number makes another token: for a machine that was reset and has to join again. Default 0. */
    readonly attempt?: number;
    /** True for a node that has joined, as the probe says: whatever `attempt` is, no token is made. Default false. */
    readonly joined?: boolean;
}

/**
 * A bootstrap token for one worker, made on a control plane when the worker is created and never again: the control
 * plane's address is ignored afterwards, and an expired token is harmless, for the kubelet has its certificate by then.
 *
 * The token `id.secret` is the command's `stdout`, a secret. A re-flashed worker (another host key) gets a new one.
 */
export function joinToken(
    name: string,
    args: JoinTokenArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    const { controlPlane, node } = args;
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            create: `sh ${installedStep()} join ${node.name} address=${node.address} ttl=${args.seconds ?? 1800}`,
            triggers: [node.name, node.address, node.ssh.hostKey ?? "", args.attempt ?? 0],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, {
            ignoreChanges: ["connection", "create", ...(args.joined ? ["triggers"] : [])],
            additionalSecretOutputs: ["stdout"],
        }),
    );
}
