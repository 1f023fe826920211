import { workloadPorts } from "../../components/config/claims";
import type { NodeSpec } from "../../components/inventory/node";
import { portName, portsOn } from "../../components/inventory/ports";
import { type Finding, type Known, refuse, warn } from "./finding";
import { clusterPorts, type PreflightSettings } from "./questions";

/** The owner's firewall is respected: what has to be open is said, and nothing of it is changed. */
export function firewallFindings(
    { node, fitness }: Known,
    nodes: readonly NodeSpec[],
    settings: PreflightSettings,
): Finding[] {
    if (fitness.firewalls.length === 0) return [];
    // The virtual address has the port that the API server has.
    const outside = portsOn(clusterPorts(settings, nodes), node.roles).filter(
        ({ from, at }) => !from.includes("itself") && at === undefined,
    );
    const callers = [...new Set(outside.map(({ from }) => from.join(", ")))];
    const open = callers.map((caller) => {
        const ports = outside.filter(({ from }) => from.join(", ") === caller).map(portName);
        return `${ports.join(" ")} for ${caller}`;
    });
    return [
        warn(
            "firewall",
            `${fitness.firewalls.join(", ")} decides what comes in, and is left as it is`,
            `let in ${open.join("; ")}; and what comes from ${settings.cluster.network.podCidr}, the pods`,
        ),
    ];
}

/** Ports that workloads take on this machine, and on which a daemon of the machine's own listens. */
export function hostPortFindings({ node, fitness }: Known, nodes: readonly NodeSpec[], settings: PreflightSettings) {
    return workloadPorts(settings.workloads, nodes)
        .filter((claim) => claim.node === "every node" || claim.node.name === node.name)
        .flatMap(({ port, by }) => {
            const listener = fitness.listening.find(([taken]) => taken === port);
            if (!listener) return [];
            const who = listener[1] ? `the daemon ${listener[1]}` : "a daemon";
            return [
                refuse(
                    "host-port",
                    `${who} listens on port ${port}, which ${by} is to be`,
                    `stop it, or set another ${by}`,
                ),
            ];
        });
}
