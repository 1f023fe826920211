/** Growth: curves on axes that are both logarithmic, and the exponents that fit them. */
import { colours, line, picture, round, text } from "./svg";

export interface Point {
    /** Nodes. */
    readonly size: number;
    /** Seconds. */
    readonly value: number;
}

export interface Curve {
    readonly name: string;
    readonly points: readonly Point[];
}

/**
 * The exponent e of value ≈ c × size^e that fits best, by least squares of the logarithms. Needs two sizes.
 *
 * @param from sizes below are left out: what every run costs hides the growth there
 */
export function fittedExponent(points: readonly Point[], from = 0): number {
    const logs = points
        .filter(({ size, value }) => size >= from && value > 0)
        .map(({ size, value }) => [Math.log(size), Math.log(value)] as const);
    const mean = (index: 0 | 1) => logs.reduce((sum, pair) => sum + pair[index], 0) / logs.length;
    const [x, y] = [mean(0), mean(1)];
    const covariance = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
    return covariance / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const size = { width: 720, height: 420 };
const frame = { left: 60, right: 20, top: 56, bottom: 90 };

/** Every curve with its points; lines through them. */
export function growth(curves: readonly Curve[], title: string): string {
    const all = curves.flatMap(({ points }) => points);
    const xs = all.map(({ size: nodes }) => nodes);
    const ys = all.map(({ value }) => value);
    const x = logScale(xs, frame.left, size.width - frame.right);
    const y = logScale(ys, size.height - frame.bottom, frame.top);
    const grid = [
        ...[...new Set(xs)].map((nodes) => [
            line(x(nodes), frame.top, x(nodes), size.height - frame.bottom),
            text(x(nodes), size.height - frame.bottom + 16, String(nodes), { anchor: "middle" }),
        ]),
        ...powers(ys).map((seconds) => [
            line(frame.left, y(seconds), size.width - frame.right, y(seconds)),
            text(frame.left - 6, y(seconds) + 4, `${seconds} s`, { anchor: "end" }),
        ]),
    ].flat();
    const drawn = curves.flatMap(({ name, points }, index) => {
        const colour = colours[index % colours.length];
        const way = points.map(({ size: nodes, value }) => `${round(x(nodes))},${round(y(value))}`);
        const row = size.height - frame.bottom + 40 + 16 * Math.floor(index / 2);
        const column = 8 + (index % 2) * (size.width / 2);
        return [
            `<polyline points="${way.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
            ...way.map(
                (place) => `<circle cx="${place.split(",")[0]}" cy="${place.split(",")[1]}" r="3" fill="${colour}"/>`,
            ),
            `<rect x="${column}" y="${row - 10}" width="12" height="12" fill="${colour}"/>`,
            text(column + 16, row, name),
        ];
    });
    return picture(size, title, [
        text(8, 20, title, { bold: true }),
        text(8, 38, "Seconds over the number of nodes, both logarithmic: a straight line is a power."),
        ...grid,
        ...drawn,
    ]);
}

function logScale(values: readonly number[], from: number, to: number): (value: number) => number {
    const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
    const span = most - least || 1;
    return (value) => from + ((Math.log(value) - least) / span) * (to - from);
}

/** 1, 2, 5, 10, 20, … between the least and the most. */
function powers(values: readonly number[]): number[] {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const all = [-2, -1, 0, 1, 2, 3].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
    return all.filter((value) => value >= least && value <= most).map((value) => Number(value.toPrecision(1)));
}
