/** Where the time of a run goes: a bar for each step of each node, and one for each part that isn't done on nodes. */
import type { Span } from "../../operations/changes/course";
import { colours, escaped, line, picture, round, text, ticks } from "../svg";

const left = 130;
const width = 900;
const rowHeight = 20;
const top = 56;

interface Row {
    readonly label: string;
    readonly spans: readonly Span[];
}

/** @param title what stands above it */
export function timeline(spans: readonly Span[], title: string): string {
    const phases = [...new Set(spans.map(({ phase }) => phase))];
    // Rows of parts that no node has say what they are; on a node's row the colour does.
    const onNodes = phases.filter((phase) => spans.some((span) => span.phase === phase && span.node !== undefined));
    const colour = (phase: string) =>
        onNodes.includes(phase) ? colours[onNodes.indexOf(phase) % colours.length] : "#999999";
    const rows = rowsOf(spans, phases);
    const most = Math.max(...spans.map(({ end }) => end)) / 1000;
    const scale = (seconds: number) => left + (seconds / most) * (width - left - 20);
    const bottom = top + rows.length * rowHeight;
    return picture({ width, height: bottom + 60 }, title, [
        text(8, 20, title, { bold: true }),
        text(
            8,
            38,
            `${spans.length} operations, ${most.toFixed(1)} s from Pulumi's first event to the end of the last`,
        ),
        ...ticks(most).flatMap((tick) => [
            line(scale(tick), top, scale(tick), bottom),
            text(scale(tick), bottom + 16, `${tick} s`, { anchor: "middle" }),
        ]),
        ...rows.flatMap(({ label, spans: its }, index) => [
            text(left - 8, top + index * rowHeight + 14, label, { anchor: "end" }),
            ...its.map((span) => bar(span, colour(span.phase), index, scale)),
        ]),
        ...legend(onNodes, colour, bottom + 40),
    ]);
}

/** Nodes first, in their order; then the other parts, each in a row of its own. */
function rowsOf(spans: readonly Span[], phases: readonly string[]): Row[] {
    const nodes = [...new Set(spans.flatMap(({ node }) => node ?? []))];
    nodes.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const elsewhere = spans.filter(({ node }) => node === undefined);
    return [
        ...nodes.map((node) => ({ label: node, spans: spans.filter((span) => span.node === node) })),
        ...phases.flatMap((phase) => {
            const its = elsewhere.filter((span) => span.phase === phase);
            return its.length > 0 ? [{ label: phase, spans: its }] : [];
        }),
    ];
}

function bar(
    { phase, name, start, end }: Span,
    colour: string,
    row: number,
    scale: (seconds: number) => number,
): string {
    const [x, to] = [scale(start / 1000), scale(end / 1000)];
    const what = `${name} (${phase}): ${(start / 1000).toFixed(1)} to ${(end / 1000).toFixed(1)} s`;
    return (
        `<rect x="${round(x)}" y="${top + row * rowHeight + 3}" width="${Math.max(1, round(to - x))}" ` +
        `height="${rowHeight - 6}" fill="${colour}" fill-opacity="0.75"><title>${escaped(what)}</title></rect>`
    );
}

function legend(phases: readonly string[], colour: (phase: string) => string, y: number): string[] {
    let x = 8;
    return phases.flatMap((phase) => {
        const parts = [
            `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${colour(phase)}" fill-opacity="0.75"/>`,
            text(x + 16, y, phase),
        ];
        x += 34 + 6.5 * phase.length;
        return parts;
    });
}
