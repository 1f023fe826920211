// The tiles at the top, and a card for each node.
import { el } from "./elements.js";
import { age, bytes, cores, count, daysUntil } from "./format.js";
import { sparkline } from "./graph.js";

/** A word with a mark: nothing is told by colour alone. @param health good, waiting, bad or done */
export function status(health, text) {
    const marks = { good: "●", waiting: "◐", bad: "▲", done: "○" };
    return el("span", { class: `status ${health}` }, el("span", { "aria-hidden": "true" }, marks[health]), ` ${text}`);
}

/** A bar with what it says beside it. */
function bar(name, share, text) {
    const filled = Math.max(0, Math.min(1, share)) * 100;
    const level = share > 0.9 ? "bad" : share > 0.75 ? "waiting" : "good";
    return el(
        "div",
        { class: "bar", key: name },
        el("span", {}, name),
        el("span", { class: "quiet" }, text),
        el(
            "svg",
            { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
            el("rect", { class: "track", width: 100, height: 4 }),
            el("rect", { class: `fill ${level}`, width: filled.toFixed(1), height: 4 }),
        ),
    );
}

export function tiles({ nodes, pods, events, noMetrics }, managed, drift) {
    const ready = nodes.filter(({ state }) => state === "Ready").length;
    const by = (health) => pods.filter((pod) => pod.health === health).length;
    const recent = events.filter(({ type, at }) => type === "Warning" && Date.now() - Date.parse(at) < 3_600_000);
    const sum = (pick) => nodes.reduce((total, node) => total + (pick(node) ?? 0), 0);
    const [cpu, memory] = [sum(({ usage }) => usage?.cpu), sum(({ usage }) => usage?.memory)];
    const [allCpu, allMemory] = [sum(({ room }) => room.cpu), sum(({ room }) => room.memory)];
    const first = managed?.certificates[0];
    const days = first && daysUntil(first.ends);
    const tile = (name, value, note, health) =>
        el(
            "div",
            { class: `tile ${health ?? ""}`, key: name },
            el("h2", {}, name),
            el("p", { class: "figure" }, value),
            el("p", { class: "quiet" }, note),
        );
    return [
        tile(
            "Nodes",
            `${ready} / ${nodes.length}`,
            ready === nodes.length ? "all are Ready" : `${nodes.length - ready} not Ready`,
            ready === nodes.length ? "good" : "bad",
        ),
        tile(
            "Pods",
            by("good"),
            by("bad") + by("waiting") === 0 ? "all run" : `run; ${by("waiting")} waiting, ${by("bad")} in trouble`,
            by("bad") > 0 ? "bad" : by("waiting") > 0 ? "waiting" : "good",
        ),
        !noMetrics && tile("CPU", `${Math.round((cpu / allCpu) * 100)} %`, `${cores(cpu)} of ${count(allCpu, "core")}`),
        !noMetrics &&
            tile("Memory", `${Math.round((memory / allMemory) * 100)} %`, `${bytes(memory)} of ${bytes(allMemory)}`),
        tile("Warnings", recent.length, "events of the last hour", recent.length > 0 ? "waiting" : "good"),
        first &&
            tile(
                "Certificates",
                count(days, "day"),
                `until the first ends: ${first.name}`,
                days < 14 ? "bad" : days < 30 ? "waiting" : "good",
            ),
        tile(
            "Drift",
            drift ? drift.changes.length : "?",
            drift
                ? drift.changes.length === 0
                    ? `nothing, ${age(drift.at)} ago`
                    : `changed by hand, ${age(drift.at)} ago`
                : "not looked at yet",
            drift ? (drift.changes.length > 0 ? "waiting" : "good") : "",
        ),
    ];
}

/** @param history by node: [{ cpu, memory }], oldest first */
export function nodeCards({ nodes, noMetrics }, history, colours) {
    return [
        el("h2", { id: "nodes-title" }, "Nodes"),
        el(
            "div",
            { class: "cards" },
            nodes.map((node) => card(node, history.get(node.name) ?? [], colours)),
        ),
        noMetrics && el("p", { class: "hint" }, noMetrics),
    ];
}

function card(node, history, colours) {
    const { name, state, cordoned, roles, addresses, usage, room, pods, problems } = node;
    const facts = [
        ["Address", addresses.join(", ") || "–"],
        ["Kubernetes", node.version],
        ["Runtime", node.runtime],
        ["System", node.system],
        ["Kernel", `${node.kernel}, ${node.architecture}`],
        ["Age", age(node.since)],
    ];
    return el(
        "article",
        { class: "card node", key: name },
        el(
            "header",
            {},
            el("h3", {}, el("span", { class: `swatch ${colours(name)}` }), name),
            status(state === "Ready" ? "good" : "bad", state),
            cordoned && status("waiting", "Cordoned"),
        ),
        el(
            "ul",
            { class: "chips", "aria-label": "Roles" },
            roles.map((role) => el("li", { key: role }, role)),
        ),
        el(
            "dl",
            {},
            facts.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]),
        ),
        usage && bar("CPU", usage.cpu / room.cpu, `${cores(usage.cpu)} of ${count(room.cpu, "core")}`),
        usage && bar("Memory", usage.memory / room.memory, `${bytes(usage.memory)} of ${bytes(room.memory)}`),
        bar("Pods", pods / room.pods, `${pods} of ${room.pods}`),
        usage &&
            history.length > 2 &&
            sparkline(
                history.map(({ cpu }) => cpu),
                `CPU of ${name} since this page was opened`,
            ),
        problems.length > 0
            ? el(
                  "ul",
                  { class: "problems" },
                  problems.map((problem) => el("li", { key: problem }, status("bad", problem))),
              )
            : el(
                  "p",
                  { class: "conditions quiet" },
                  `${node.conditions.length} of ${node.conditions.length} conditions are as they should be`,
              ),
    );
}
