/** The chart that the README shows, drawn from tables of RESULTS.md: what stands there is what is drawn. */
import { colours, line, picture, text, ticks } from "./svg";

interface Bar {
    readonly name: string;
    /** Seconds. */
    readonly value: number;
}

interface Group {
    readonly title: string;
    readonly bars: readonly Bar[];
}

const size = { width: 720, bar: 16, gap: 8, title: 30, top: 34, bottom: 26, left: 300, right: 60 };

/** Medians of the tables in which Slipway stands beside something else on the same machine. */
export function resultsChart(results: string): string {
    const groups: Group[] = [
        {
            title: "Three nodes with docker, binaries and images, until nginx answers",
            bars: medians(results, "The cluster beside kubeadm's script"),
        },
        { title: "Nothing has changed", bars: medians(results, "Nothing changed") },
    ];
    return draw(groups, "Seconds, medians of five runs side by side on the same machine");
}

/** The first table below a heading: what is in its first two columns, where the second is in seconds. */
function medians(results: string, heading: string): Bar[] {
    const section = results.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
    const [table = ""] = /(?:^\|.*\n)+/m.exec(section) ?? [];
    const rows = [...table.matchAll(/^\| ([^|]+) \| \**([\d.]+) s\** \|/gm)];
    const bars = rows
        .map(([, name, value]) => ({ name: name.replaceAll("`", ""), value: Number(value) }))
        // What went before the clock started.
        .filter(({ name }) => !name.startsWith("before "));
    if (bars.length === 0) throw new Error(`RESULTS.md has no table of seconds below "${heading}".`);
    return bars;
}

function draw(groups: readonly Group[], title: string): string {
    const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
    const x = (value: number) => size.left + (value / most) * (size.width - size.left - size.right);
    let y = size.top;
    const parts: string[] = [];
    for (const { title: above, bars } of groups) {
        parts.push(text(8, y + 12, above, { bold: true }));
        y += size.title;
        for (const { name, value } of bars) {
            const colour = /^(slipway|pulumi (up|preview)$)/i.test(name) ? colours[0] : colours[6];
            parts.push(
                text(size.left - 8, y + 12, name, { anchor: "end" }),
                `<rect x="${size.left}" y="${y}" width="${(x(value) - size.left).toFixed(1)}" height="${size.bar}" fill="${colour}"/>`,
                text(x(value) + 6, y + 12, `${value.toFixed(1)} s`),
            );
            y += size.bar + size.gap;
        }
        y += size.gap;
    }
    const grid = ticks(most).flatMap((value) => [
        line(x(value), size.top, x(value), y),
        text(x(value), y + 16, String(value), { anchor: "middle" }),
    ]);
    const height = y + size.bottom;
    return picture({ width: size.width, height }, title, [text(8, 18, title), ...grid, ...parts]);
}
