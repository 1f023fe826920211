import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface MembershipArgs {
    /** Whose membership it is; it has joined (`dependsOn`). */
    readonly node: NodeSpec;
    /** Where it is said, so that a machine which is gone can be taken out; any control plane will do. */
    readonly controlPlane: NodeSpec;
    /** Address, labels and taints: the text of render/member. */
    readonly manifest: string;
    /** How long the node's pods may take to leave when it is removed, in seconds. */
    readonly drainSeconds: number;
    /** Another number applies it again. */
    readonly generation: number;
    /** True where the control plane can't be asked now: an existing membership keeps what it had. */
    readonly leaveAlone: boolean;
    /** A new node takes pods only when it is on this network. */
    readonly network?: "flannel";
}

/**
 * What the API knows of one node beyond what its kubelet may say: labels, taints, and who may ask for certificates.
 *
 * Deleting it drains the node (PodDisruptionBudgets are respected) and takes it out of the API, with its lease,
 * certificate requests and tokens; a lost node is taken out undrained. It must be gone before the node's kubelet is.
 */
export function membership(
    name: string,
    args: MembershipArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    const { node, controlPlane, drainSeconds, generation, leaveAlone } = args;
    const lost = node.lost ? " lost=yes" : "";
    const network = args.network ? ` network=${args.network}` : "";
    const step = `sh ${installedStep()} member`;
    const apply = `${step} apply ${node.name} generation=${generation}${lost}${network}`;
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            create: apply,
            update: apply,
            delete: `${step} remove ${node.name} seconds=${drainSeconds}${lost}`,
            stdin: args.manifest,
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(
            opts,
            leaveAlone ? { ignoreChanges: ["connection", "create", "update", "delete", "stdin"] } : {},
        ),
    );
}
