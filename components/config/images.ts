import { defaultVersions, images, optionalVersions } from "../../mirror/catalogue";

/** What stands beside the images, as far as it counts for them. */
interface Given {
    readonly cluster: unknown;
    readonly nodes: unknown;
    readonly lab: unknown;
}

/** Where nodes fetch when nothing else is said: nobody has the operator's images there. */
const upstream = "https://";

/** Images of the operator's own: each once, none that Slipway has anyway, and a mirror that can hold them. */
export function imageProblems(raw: unknown, { cluster, nodes, lab }: Given): string[] {
    const references = listOf(raw).map(({ reference }) => reference);
    const sources = listOf(nodes).map(({ source }) => source ?? fieldsOf(cluster).source ?? upstream);
    return [
        ...references.flatMap((reference, index) => problemsOf(reference, index, references)),
        ...(references.length > 0 && lab === undefined && sources.includes(upstream)
            ? [
                  "images come from a mirror, but a node's source is upstream itself (https://): " +
                      "set cluster.source to a mirror that the nodes reach (docs/mirror.md).",
              ]
            : []),
    ];
}

function problemsOf(reference: unknown, index: number, all: readonly unknown[]): string[] {
    const at = `images[${index}].reference ${String(reference)}`;
    const catalogue = Object.values(images({ ...defaultVersions, ...optionalVersions }));
    return [
        ...(reference !== undefined && all.indexOf(reference) < index ? [`${at} is there twice.`] : []),
        ...(catalogue.some((image) => image.reference === reference)
            ? [`${at} is one of Slipway's own images: give yours another name or tag.`]
            : []),
    ];
}

function listOf(raw: unknown): Record<string, unknown>[] {
    return Array.isArray(raw) ? raw.map(fieldsOf) : [];
}

function fieldsOf(raw: unknown): Record<string, unknown> {
    return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}
