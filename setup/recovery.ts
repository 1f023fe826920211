/** What a control plane says of etcd's quorum: `step recover look`. */
export interface QuorumReport {
    /** It holds data of etcd. */
    readonly data: boolean;
    /** Its member has a leader: more than half of the members hear each other. */
    readonly quorum: boolean;
    /** An earlier `recover` was cut off here. */
    readonly recovering: boolean;
    /** How far its data goes. */
    readonly revision: number;
    /** systemd's word for etcd. */
    readonly etcd: string;
}

/** Each control plane's report, or why there is none. */
export type QuorumReports = Readonly<Record<string, QuorumReport | string>>;

/** One that answered, by its name. */
export function answered(reports: QuorumReports): [string, QuorumReport][] {
    return Object.entries(reports).flatMap(([name, report]) => (typeof report === "string" ? [] : [[name, report]]));
}

/**
 * Why a cluster of one member must not be made of what this control plane holds; undefined where it may be. Pure.
 *
 * @param force the operator has read the reasons that are a matter of judgement, and knows better
 */
export function refusal(node: string, reports: QuorumReports, force = false): string | undefined {
    const own = reports[node];
    const planes = Object.keys(reports);
    if (own === undefined) return `${node} is no control plane: they are ${planes.join(", ")}.`;
    if (typeof own === "string") return `${node} can't be asked: ${own}. Only one that answers can be recovered.`;
    if (!own.data) return `${node} holds no data of etcd. Put a snapshot back: docs/recovering.md.`;
    const others = answered(reports).filter(([name]) => name !== node);
    // A run that was cut off may have come as far as a quorum of one.
    const living = [...(own.recovering ? [] : ([[node, own]] as const)), ...others].filter(([, { quorum }]) => quorum);
    if (living.length > 0) {
        return (
            `etcd has a quorum: ${living.map(([name]) => name).join(", ")} ${living.length === 1 ? "has" : "have"} a leader, so ` +
            `nothing is lost. A control plane that is gone is replaced without this (docs/replacing.md).`
        );
    }
    if (force) return undefined;
    const holders = others.filter(([, { data }]) => data);
    const needed = Math.floor(planes.length / 2) + 1;
    if (holders.length > 0 && holders.length + 1 >= needed) {
        const names = [node, ...holders.map(([name]) => name)].join(", ");
        return (
            `${names} hold data, which are ${holders.length + 1} of ${planes.length} members: where etcd runs on them again, ` +
            `nothing is lost ('systemctl start etcd', 'journalctl -u etcd' there say why it doesn't). Only if it can't run ` +
            `there any more, \`--force\` goes on without them.`
        );
    }
    const further = holders.filter(([, { revision }]) => revision > own.revision).map(([name]) => name);
    return further.length > 0
        ? `${further.join(", ")} ${further.length === 1 ? "knows" : "know"} more than ${node} does: recover that one. ` +
              `\`--force\` takes ${node} all the same.`
        : undefined;
}
