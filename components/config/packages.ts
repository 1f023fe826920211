interface Given {
    readonly cluster: unknown;
    readonly nodes: unknown;
    readonly lab: unknown;
}

const upstream = "https://";

/** Everything in which packages from the mirror don't fit the rest of a configuration as it was written. Pure. */
export function packageProblems({ cluster, nodes, lab }: Given): string[] {
    const { packages, systems, source = upstream } = fieldsOf(cluster);
    if (packages !== "mirror") {
        return [];
    }
    const sources = Array.isArray(nodes) ? nodes.map((node) => fieldsOf(node).source ?? source) : [];
    return [
        ...(systems === undefined || (Array.isArray(systems) && systems.length === 0)
            ? ['cluster.systems must say what the machines run, such as ["debian-12"]: cluster.packages is mirror.']
            : []),
        ...(lab === undefined && sources.includes(upstream)
            ? [
                  "cluster.packages is mirror, but a node's source is upstream itself (https://): set cluster.source to a " +
                      "mirror that the nodes reach (docs/airgap.md).",
              ]
            : []),
    ];
}

function fieldsOf(raw: unknown): Record<string, unknown> {
    return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}
