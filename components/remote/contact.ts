import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";

import { NodeSpec } from "../inventory/node";
import { connectionTo, patient, Patience } from "./connection";
import { kitFolder, uploadFolder } from "./kit";

export interface ContactArgs {
    readonly node: NodeSpec;
    /** How long to wait for SSH. Default: about two minutes, so that a machine may still be booting. */
    readonly patience?: Patience;
    /** When the machine was first contacted; another value sends the kit again. */
    readonly since?: number;
    /** True for a machine that can't be asked now: it keeps the kit it has. */
    readonly leaveAlone?: boolean;
}

/**
 * First contact: waits until the machine answers on SSH and sends it the node kit. Everything else on the node depends
 * on this.
 *
 * CopyToRemote compares only content and path, so a re-flashed machine and another account's home would get no file:
 * besides name and address the account and the host key are triggers, and when it was first contacted. Replacing it runs
 * nothing on the node but the copy.
 */
export function contact(
    name: string,
    args: ContactArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.CopyToRemote {
    const { node, since, leaveAlone } = args;
    const { hostKey, user } = node.ssh;
    return new command.remote.CopyToRemote(
        name,
        {
            connection: connectionTo(node.ssh, args.patience ?? patient),
            source: new pulumi.asset.FileArchive(kitFolder),
            remotePath: uploadFolder(),
            triggers: [
                ...[node.name, node.address, user],
                ...(hostKey === undefined ? [] : [hostKey]),
                ...(since === undefined ? [] : [since]),
            ],
        },
        pulumi.mergeOptions(opts, {
            retainOnDelete: node.lost,
            ...(leaveAlone ? { ignoreChanges: ["connection", "source", "remotePath", "triggers"] } : {}),
        }),
    );
}
