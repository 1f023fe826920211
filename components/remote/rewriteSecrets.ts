import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";
import { connectionTo } from "./connection";
import { installedStep } from "./kit";

export interface RewriteSecretsArgs {
    /** Who does it. Every control plane must have the key by then (`dependsOn`). */
    readonly controlPlane: NodeSpec;
    /** Of the key: each one is done once. */
    readonly generation: number;
}

/** Every secret of the API is written anew, and by that with the key that writes now. Fails while the API doesn't answer. */
export function rewriteSecrets(
    name: string,
    { controlPlane, generation }: RewriteSecretsArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(controlPlane.ssh),
            create: `sh ${installedStep()} rewrite-secrets`,
            triggers: [generation],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, { ignoreChanges: ["connection", "create"] }),
    );
}
