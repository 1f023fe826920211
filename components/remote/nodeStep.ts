import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";

import type { ApiWay } from "../inventory/api";
import { NodeSpec } from "../inventory/node";
import { portsToBeFree } from "../inventory/ports";
import { connectionTo } from "./connection";
import { installedStep, uploadedStep } from "./kit";

/** The steps of a node, in the order they run. */
export const stepKinds = ["base", "stage", "credentials", "control-plane", "activate"] as const;
export type StepKind = (typeof stepKinds)[number];

export interface NodeStepArgs {
    readonly node: NodeSpec;
    readonly kind: StepKind;
    /** What the node should have; the format is in this folder's README. Becomes a secret for `credentials`. */
    readonly manifest: pulumi.Input<string>;
    /**
     * Words `key=value` on the command line: never secret, never white space. A change of one runs the step again.
     * One without a value is left out.
     * Keys the kit knows: owner, source, ports, fixed, since (base); endpoint (control-plane); address, seconds, signer (activate); digest, generation (all).
     */
    readonly arguments?: Readonly<Record<string, pulumi.Input<string | undefined>>>;
    /** True for a node that can't be reached now: an existing step keeps the inputs it had, so nothing is run. */
    readonly leaveAlone?: boolean;
}

/**
 * One step of one node: `apply` on create and update, `remove` on delete, with the manifest on standard input.
 *
 * Give it `dependsOn` by `opts`. Name and address are its identity: another machine is another step, and the old one is
 * cleaned before the new one is made.
 */
export function nodeStep(
    name: string,
    args: NodeStepArgs,
    opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
    const { node, kind } = args;
    const script = kind === "base" ? uploadedStep() : installedStep();
    const words = { node: node.name, ...args.arguments };
    const { owner } = words as { owner?: pulumi.Input<string> };
    const apply = commandLine(["sh", script, kind, "apply"], words);
    return new command.remote.Command(
        name,
        {
            connection: connectionTo(node.ssh),
            create: apply,
            update: apply,
            delete: removal(kind, node.name, owner),
            stdin: kind === "credentials" ? pulumi.secret(args.manifest) : args.manifest,
            triggers: [node.name, node.address],
            logging: command.remote.Logging.None,
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, {
            deleteBeforeReplace: true,
            // Once it is taken out of the configuration it is dropped from the state, and the machine isn't dialled.
            retainOnDelete: node.lost,
            ...(args.leaveAlone ? { ignoreChanges: ["connection", "create", "update", "delete", "stdin"] } : {}),
        }),
    );
}

/** Arguments of the base step: whose node it is, for how long, where it fetches artifacts, which ports must be free. */
export function baseArguments(
    node: NodeSpec,
    cluster: {
        readonly name: string;
        readonly fingerprint: pulumi.Input<string>;
        readonly apiPort: number;
        readonly way: ApiWay;
        /** What can't be changed as long as the cluster lives; the probe gives it back. */
        readonly fixed: Readonly<Record<string, string>>;
    },
) {
    return {
        owner: pulumi.interpolate`${cluster.name}:${cluster.fingerprint}`,
        source: node.source,
        ports: portsToBeFree(cluster.apiPort, cluster.way, node.roles).join(","),
        fixed: Object.entries(cluster.fixed)
            .map(([key, value]) => `${key}:${value}`)
            .join(","),
    };
}

/**
 * A node whose kit is gone was cleaned already. A machine that is another node by now is left alone, and where the owner
 * is known, one that another cluster has taken over.
 */
function removal(kind: StepKind, node: string, owner: pulumi.Input<string> | undefined): pulumi.Output<string> {
    const script = installedStep();
    return commandLine(["sh", script, kind, "remove"], { node, ...(owner === undefined ? {} : { owner }) }).apply(
        (remove) => `test ! -e ${script} || ${remove}`,
    );
}

function commandLine(
    words: readonly string[],
    options: Readonly<Record<string, pulumi.Input<string | undefined>>>,
): pulumi.Output<string> {
    return pulumi.output({ ...options }).apply((ready) => {
        const pairs = Object.entries(ready).filter(([, value]) => value !== undefined);
        return [...words, ...pairs.map(([key, value]) => `${key}=${value}`)].map(quote).join(" ");
    });
}

/** A word for the login's shell. */
function quote(word: string): string {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
