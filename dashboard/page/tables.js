// Pods, services and events.
import { el } from "./elements.js";
import { age, bytes, cores, count } from "./format.js";
import { status } from "./nodes.js";

/** Rows that are shown before somebody asks for all. */
const rowsShown = 100;

/** @param caption what a screen reader calls it. Cells stand in the order of the columns. */
export function table(caption, columns, rows) {
    return el(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
        el(
            "table",
            {},
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    columns.map((column) => el("th", { scope: "col", class: column.class }, column.name)),
                ),
            ),
            el(
                "tbody",
                {},
                rows.map(({ key, cells }) =>
                    el(
                        "tr",
                        { key },
                        cells.map((cell, index) => el("td", { class: columns[index].class }, cell)),
                    ),
                ),
            ),
        ),
    );
}

const troubleFirst = { bad: 0, waiting: 1, good: 2, done: 3 };

export function podTable({ pods, noMetrics }, filter, onFilter) {
    const words = filter.text.toLowerCase().split(/\s+/);
    const namespaces = [...new Set(pods.map(({ namespace }) => namespace))];
    const found = pods
        .filter(({ namespace }) => filter.namespace === "" || namespace === filter.namespace)
        .filter(({ health }) => !filter.trouble || health === "bad" || health === "waiting")
        .filter(({ namespace, name, node, state }) => {
            const text = `${namespace}/${name} ${node} ${state}`.toLowerCase();
            return words.every((word) => text.includes(word));
        })
        .sort((a, b) => troubleFirst[a.health] - troubleFirst[b.health]);
    const shown = filter.all ? found : found.slice(0, rowsShown);
    const number = { class: "number" };
    const columns = [
        { name: "Pod" },
        { name: "State" },
        { name: "Ready", ...number },
        { name: "Restarts", ...number },
        ...(noMetrics
            ? []
            : [
                  { name: "CPU", ...number },
                  { name: "Memory", ...number },
              ]),
        { name: "Node" },
        { name: "Address", class: "less" },
        { name: "Age", ...number },
    ];
    return [
        el("h2", { id: "pods-title" }, "Pods"),
        el(
            "div",
            { class: "filters" },
            el(
                "label",
                {},
                el("span", {}, "Search"),
                el("input", {
                    type: "search",
                    value: filter.text,
                    placeholder: "name, node or state",
                    oninput: ({ target }) => onFilter({ text: target.value }),
                }),
            ),
            el(
                "label",
                {},
                el("span", {}, "Namespace"),
                el(
                    "select",
                    { value: filter.namespace, onchange: ({ target }) => onFilter({ namespace: target.value }) },
                    el("option", { value: "" }, "all"),
                    namespaces.map((name) => el("option", { value: name, key: name }, name)),
                ),
            ),
            el(
                "label",
                { class: "check" },
                el("input", {
                    type: "checkbox",
                    checked: filter.trouble,
                    onchange: ({ target }) => onFilter({ trouble: target.checked }),
                }),
                el("span", {}, "Only those in trouble"),
            ),
            el(
                "span",
                { class: "quiet count", role: "status" },
                found.length === pods.length
                    ? count(pods.length, "pod")
                    : `${found.length} of ${count(pods.length, "pod")}`,
            ),
        ),
        table(
            "Pods",
            columns,
            shown.map((pod) => ({
                key: `${pod.namespace}/${pod.name}`,
                cells: [
                    [el("b", {}, pod.name), el("span", { class: "quiet under" }, pod.namespace)],
                    status(pod.health, pod.state),
                    pod.ready,
                    pod.restarts,
                    ...(noMetrics
                        ? []
                        : [pod.usage ? cores(pod.usage.cpu) : "–", pod.usage ? bytes(pod.usage.memory) : "–"]),
                    pod.node || "–",
                    pod.address || "–",
                    age(pod.since),
                ],
            })),
        ),
        shown.length < found.length &&
            el("button", { type: "button", onclick: () => onFilter({ all: true }) }, `Show all ${found.length}`),
        found.length === 0 && el("p", { class: "hint" }, "No pod is like that."),
    ];
}

export function serviceTable({ services }) {
    const columns = [
        { name: "Service" },
        { name: "Type" },
        { name: "Address" },
        { name: "Ports" },
        { name: "Age", class: "number" },
    ];
    return [
        el("h2", { id: "services-title" }, "Services"),
        table(
            "Services",
            columns,
            services.map(({ namespace, name, type, address, external, ports, since }) => ({
                key: `${namespace}/${name}`,
                cells: [
                    [el("b", {}, name), el("span", { class: "quiet under" }, namespace)],
                    type,
                    [
                        address || "–",
                        external.length > 0 && el("span", { class: "quiet under" }, `outside: ${external.join(", ")}`),
                    ],
                    ports.join(", ") || "–",
                    age(since),
                ],
            })),
        ),
    ];
}

export function eventList({ events }) {
    return [
        el("h2", { id: "events-title" }, "Events"),
        events.length === 0
            ? el("p", { class: "hint" }, "Nothing has happened in the last hour.")
            : el(
                  "ol",
                  { class: "events scroll", tabindex: 0, "aria-label": "Events, the newest first" },
                  events.map(({ at, type, reason, about, message, count }, index) =>
                      el(
                          "li",
                          { key: `${at} ${about} ${reason} ${message} ${index}` },
                          el(
                              "p",
                              {},
                              status(type === "Normal" ? "done" : "bad", reason),
                              " ",
                              el("b", {}, about),
                              count > 1 && el("span", { class: "quiet times-seen" }, ` ×\u00a0${count}`),
                          ),
                          el("p", { class: "quiet" }, message),
                          el("time", { datetime: at, class: "quiet" }, `${age(at)} ago`),
                      ),
                  ),
              ),
    ];
}
