import { createRequire } from "node:module";
import type { NodeSpec } from "../components/inventory";
import type { NodeReport } from "../components/remote/probe";
import type { Arguments } from "./arguments";
import { Failure } from "./failure";
import { machinesOf } from "./machines";
import { hasResources, readState, type Stack } from "./stack";
import { commandFor } from "./texts";

/** A stack, as the user named it. */
type Named = Pick<Arguments, "stack" | "configFile">;

/** Loaded when it is wanted: only the first `up` of a stack asks. */
const later = createRequire(__filename);

/**
 * Looks, before the first `up` of a stack makes anything, or a preview shows it, whether its machines are nodes already. Each base step looks
 * again, with the CA; here what is found is said sooner, and for a lab before its containers' names are in the way.
 *
 * @throws Failure with the ways out.
 */
export async function refuseOwned(args: Named, stack: Stack, cluster: string): Promise<void> {
    if (!stack.ownBackend || hasResources(readState(stack)?.resources ?? [])) return;
    let nodes: NodeSpec[];
    try {
        nodes = await machinesOf({ stack });
    } catch {
        // A lab that was never prepared, a key that must be decrypted: then the steps themselves find out.
        return;
    }
    const { probeNodes } = later("../components/remote/probe") as typeof import("../components/remote/probe");
    const refusal = describeOwned(args, cluster, await probeNodes(nodes));
    if (refusal) throw new Failure(refusal);
}

/** What to say of nodes that belong to somebody; undefined where none does. */
export function describeOwned(
    args: Named,
    cluster: string,
    reports: Readonly<Record<string, Pick<NodeReport, "owner">>>,
): string | undefined {
    const owners = new Map<string, string[]>();
    for (const [name, { owner }] of Object.entries(reports)) {
        if (owner) owners.set(owner, [...(owners.get(owner) ?? []), name]);
    }
    if (owners.size === 0) return undefined;
    const lost = [...owners.keys()].some((owner) => owner.split(":")[0] === cluster);
    return [
        ...[...owners].map(([owner, names]) => {
            const [theirs, ca] = owner.split(":");
            const belong = names.length === 1 ? "belongs" : "belong";
            return `${names.join(", ")} ${belong} to the cluster ${theirs} (CA ${ca}), of which this machine has no state.`;
        }),
        "Nothing was touched. Ways out:",
        ...(lost
            ? [
                  `  - ${commandFor("adopt", args)} brings the state back, from the copy on the control planes`,
                  "  - restore your backup of the state (docs/backup.md)",
              ]
            : ["  - take the node out of the configuration"]),
        "  - reset each of these nodes: sudo sh /var/lib/slipway/kit/current/step base remove",
    ].join("\n");
}
