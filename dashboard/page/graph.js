// Graphs in SVG: a line for each node. The drawing stretches with its box, so what is written stands beside it in HTML.
import { el } from "./elements.js";
import { clock, measure } from "./format.js";

const [width, height] = [600, 150];

/** A small line without axes. @param values numbers or null, oldest first */
export function sparkline(values, label) {
    const top = Math.max(...values.filter((value) => value !== null), 1e-9) * 1.15;
    const at = (value, index) => [(index / Math.max(values.length - 1, 1)) * width, height - (value / top) * height];
    return el(
        "svg",
        {
            class: "spark",
            viewBox: `0 0 ${width} ${height}`,
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": label,
        },
        el("path", { d: line(values, at), "vector-effect": "non-scaling-stroke" }),
    );
}

/** One of Prometheus' graphs. @param pointer which point the mouse is at, if any */
export function graph({ id, title, unit, series }, times, colours, pointer, onPoint) {
    const top = ceiling(Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))), unit);
    const x = (index) => (index / (times.length - 1)) * width;
    const at = (value, index) => [x(index), height - (value / top) * height];
    const last = (values) => values.findLastIndex((value) => value !== null);
    const shown = (values) => values[pointer ?? last(values)];
    const move = (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const index = Math.round(((event.clientX - box.left) / box.width) * (times.length - 1));
        onPoint(id, Math.max(0, Math.min(times.length - 1, index)));
    };
    return el(
        "figure",
        { class: "graph", key: id },
        el(
            "figcaption",
            {},
            el("h3", {}, title),
            el("span", { class: "quiet" }, pointer === undefined ? "now" : clock(times[pointer] * 1000)),
        ),
        el(
            "div",
            { class: "plot" },
            el(
                "div",
                { class: "scale quiet", "aria-hidden": "true" },
                [top, top / 2, 0].map((value) => el("span", {}, measure(value, unit))),
            ),
            el(
                "svg",
                {
                    viewBox: `0 0 ${width} ${height}`,
                    preserveAspectRatio: "none",
                    role: "img",
                    "aria-label": `${title}, by node, over time; the newest values are listed below`,
                    onpointermove: move,
                    onpointerleave: () => onPoint(id, undefined),
                },
                [0, height / 2, height].map((y) =>
                    el("line", {
                        class: "grid",
                        x1: 0,
                        x2: width,
                        y1: y,
                        y2: y,
                        "vector-effect": "non-scaling-stroke",
                    }),
                ),
                series.map(({ node, values }) =>
                    el("path", {
                        key: node,
                        class: `line ${colours(node)}`,
                        d: line(values, at),
                        "vector-effect": "non-scaling-stroke",
                    }),
                ),
                pointer !== undefined &&
                    el("line", {
                        class: "pointer",
                        x1: x(pointer),
                        x2: x(pointer),
                        y1: 0,
                        y2: height,
                        "vector-effect": "non-scaling-stroke",
                    }),
            ),
            el(
                "div",
                { class: "times quiet", "aria-hidden": "true" },
                [0, times.length >> 1, times.length - 1].map((index) =>
                    el("span", {}, clock(times[index] * 1000).replace(/:\d\d(?=$| )/, "")),
                ),
            ),
        ),
        el(
            "ul",
            { class: "legend" },
            series.map(({ node, values }) => {
                const value = shown(values);
                return el(
                    "li",
                    { key: node },
                    el("span", { class: `swatch ${colours(node)}` }),
                    el("span", {}, node),
                    el("b", {}, value === null || value === undefined ? "–" : measure(value, unit)),
                );
            }),
        ),
        series.length === 0 &&
            el("p", { class: "quiet" }, "No values yet: the first come a minute after Prometheus has started."),
    );
}

/** A path through the values; where there is none, the line is broken. */
function line(values, at) {
    let broken = true;
    return values
        .map((value, index) => {
            if (value === null) {
                broken = true;
                return "";
            }
            const [x, y] = at(value, index).map((number) => Math.round(number * 10) / 10);
            // Of a value between two that are missing there is a dot.
            const step = broken ? `M${x} ${y}h.1` : `L${x} ${y}`;
            broken = false;
            return step;
        })
        .join("");
}

/** A round number above everything: 1, 2 or 5 of a power of ten, of two for bytes. */
function ceiling(most, unit) {
    if (most <= 0) return 1;
    if (unit.startsWith("bytes")) return 2 ** Math.ceil(Math.log2(most * 1.05));
    const power = 10 ** Math.floor(Math.log10(most * 1.05));
    return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= most * 1.05);
}
