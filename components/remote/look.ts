import { controlPlanes, NodeSpec } from "../inventory";
import { askHoldings, Holding } from "./holdings";
import { NodeReport, probeNodes } from "./probe";

/** What is being found out about the machines before anything is made. Never rejects. */
export interface Look {
    /** Every machine works on its answer, or can't be asked: until the answers come there is time for something else. */
    readonly asked: Promise<void>;
    /** By the nodes' names. */
    readonly reports: Promise<Readonly<Record<string, NodeReport>>>;
    readonly holdings: Promise<readonly Holding[]>;
}

/** Asks every machine what it is, what drifted and what the cluster holds, side by side. */
export function look(nodes: readonly NodeSpec[]): Look {
    const holdings = askHoldings(controlPlanes(nodes));
    let reports!: Look["reports"];
    const asked = new Promise<void>((resolve) => (reports = probeNodes(nodes, { onAsked: resolve })));
    return { asked, reports, holdings };
}
