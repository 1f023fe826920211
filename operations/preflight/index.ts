import type { NodeSpec } from "../../components/inventory/node";
import { type Asked, type Finding, knownOf, type NodeFinding, refuse } from "./finding";
import { fleetFindings } from "./fleet";
import { machineFindings } from "./machine";
import { firewallFindings, hostPortFindings } from "./network";
import type { PreflightSettings } from "./questions";

export type { Asked, NodeFinding } from "./finding";
export { type PreflightSettings, questionsFor } from "./questions";
export { describeFindings } from "./report";

/**
 * Everything that stands against building a cluster on these machines, or against adding these to it. Pure.
 *
 * @param nodes all machines of the cluster, those that were not asked among them
 */
export function findingsOf(
    asked: readonly Asked[],
    nodes: readonly NodeSpec[],
    settings: PreflightSettings,
): NodeFinding[] {
    const own = knownOf(asked).flatMap((known) =>
        [
            ...machineFindings(known, settings.cluster),
            ...firewallFindings(known, nodes, settings),
            ...hostPortFindings(known, nodes, settings),
        ].map((finding) => ({ node: known.node.name, ...finding })),
    );
    return [...asked.flatMap(unknown), ...own, ...fleetFindings(asked, nodes, settings)];
}

/** A machine that said nothing of itself. */
function unknown({ node, answer }: Asked): NodeFinding[] {
    if ("fitness" in answer) return [];
    const { why, problem } = answer;
    return [{ node: node.name, ...refuse(why, problem, remedies[why](node)) }];
}

const remedies: Record<"unreachable" | "sudo" | "refused", (node: NodeSpec) => Finding["remedy"]> = {
    unreachable: () => "switch it on, or correct its address; a machine that is gone for good gets `lost: true`",
    sudo: ({ ssh }) => `give it \`${ssh.user} ALL=(ALL) NOPASSWD: ALL\` in /etc/sudoers.d, or connect as root`,
    refused: ({ ssh }) => `try \`ssh -p ${ssh.port} ${ssh.user}@${ssh.host}\``,
};
