// Asks for data every few seconds and shows them. The token comes from the page's address and goes into a header.
import { el, show } from "./elements.js";
import { clock } from "./format.js";
import { graph } from "./graph.js";
import { nodeCards, tiles } from "./nodes.js";
import { slipway } from "./slipway.js";
import { eventList, podTable, serviceTable } from "./tables.js";

/** Milliseconds between two questions. */
const pauses = { cluster: 3000, graphs: 15_000, managed: 60_000 };
/** Measurements of a node that are kept for its small line. */
const historyKept = 100;

const ranges = { "15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h" };

const token = takeToken();
const state = {
    cluster: undefined,
    graphs: undefined,
    managed: undefined,
    drift: { found: undefined, asking: false, problem: undefined },
    range: "1h",
    pointer: {},
    filter: { text: "", namespace: "", trouble: false, all: false },
    history: new Map(),
    /** What the page has to complain of, and since when. */
    trouble: undefined,
};
const part = (id) => document.getElementById(id);

/** Takes the token out of the address, where it would be seen; this window keeps it, so that it can be reloaded. */
function takeToken() {
    const [, given] = /^#([\w-]{43})$/.exec(location.hash) ?? [];
    if (given) {
        sessionStorage.setItem("token", given);
        history.replaceState(null, "", location.pathname);
    }
    return given ?? sessionStorage.getItem("token") ?? "";
}

class Trouble extends Error {}

async function ask(path) {
    let answer;
    try {
        answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
    } catch {
        throw new Trouble(
            "The dashboard has ended. Start it again with npm run dashboard, and open the address that it says.",
        );
    }
    const data = await answer.json();
    if (answer.ok) return data;
    throw new Trouble(answer.status === 503 ? `The Kubernetes API does not answer. ${data.problem}` : data.problem);
}

/** Asks again and again; hidden windows ask nothing. Where an answer takes long, as of thousands of pods, less often. */
async function repeat(milliseconds, work) {
    for (;;) {
        const start = performance.now();
        if (!document.hidden) await work();
        const pause = Math.max(milliseconds, 5 * (performance.now() - start));
        await new Promise((resolve) => setTimeout(resolve, pause));
    }
}

async function readCluster() {
    try {
        const first = state.cluster === undefined;
        state.cluster = await ask("api/cluster");
        state.trouble = undefined;
        remember(state.cluster.nodes);
        // Nodes have their colours from now on.
        if (first) drawGraphs();
    } catch (error) {
        state.trouble = { text: error.message, since: state.trouble?.since ?? Date.now() };
    }
    draw();
}

async function readGraphs() {
    try {
        const { range } = state;
        const graphs = await ask(`api/graphs?range=${range}`);
        if (range === state.range) state.graphs = graphs;
    } catch (error) {
        // Whether the API answers is told once, by the question for the cluster.
        state.graphs ??= { off: error.message };
    }
    drawGraphs();
}

async function readManaged() {
    try {
        state.managed = await ask("api/managed");
    } catch {
        // The last ones stay.
    }
    draw();
}

async function readDrift() {
    state.drift = { ...state.drift, asking: true, problem: undefined };
    draw();
    try {
        state.drift = { found: await ask("api/drift"), asking: false };
    } catch (error) {
        state.drift = { ...state.drift, asking: false, problem: error.message };
    }
    draw();
}

function remember(nodes) {
    for (const { name, usage } of nodes.filter((node) => node.usage)) {
        const known = state.history.get(name) ?? [];
        state.history.set(name, [...known, usage].slice(-historyKept));
    }
}

/** A node has the same colour everywhere. */
function colours(name) {
    const index = state.cluster?.nodes.findIndex((node) => node.name === name) ?? -1;
    return `series-${index < 0 ? "other" : index % 8}`;
}

function draw() {
    const { cluster, managed, drift, trouble } = state;
    const name = managed?.stack ?? "Slipway";
    show(part("title"), name);
    document.title = trouble ? `▲ ${name}` : managed ? `${name} · Slipway` : name;
    show(part("endpoint"), managed ? `Kubernetes ${managed.versions.kubernetes} at ${managed.endpoint}` : "\u00a0");
    const live = part("live");
    live.className = trouble ? "live bad" : cluster ? "live good" : "live";
    show(live, trouble ? "No answer" : cluster ? `Live, ${clock(cluster.at)}` : "Asking the cluster …");
    show(
        part("trouble"),
        trouble &&
            el(
                "p",
                { class: "banner bad" },
                el("b", {}, trouble.text),
                ` Since ${clock(trouble.since)}.${cluster ? ` What stands below is from ${clock(cluster.at)}.` : ""}`,
            ),
    );
    part("content").classList.toggle("stale", trouble !== undefined);
    show(part("slipway"), slipway(managed, drift, readDrift));
    if (!cluster) return;
    show(part("summary"), tiles(cluster, managed, drift.found));
    show(part("nodes"), nodeCards(cluster, state.history, colours));
    show(
        part("pods"),
        podTable(cluster, state.filter, (change) => {
            Object.assign(state.filter, change);
            draw();
        }),
    );
    show(part("services"), serviceTable(cluster));
    show(part("events"), eventList(cluster));
}

function drawGraphs() {
    const { graphs, range, pointer } = state;
    const choose = (wanted) => () => {
        state.range = wanted;
        drawGraphs();
        readGraphs();
    };
    const point = (id, index) => {
        state.pointer[id] = index;
        drawGraphs();
    };
    const choice = Object.entries(ranges).map(([key, text]) =>
        el(
            "label",
            { key },
            el("input", { type: "radio", name: "range", checked: key === range, onchange: choose(key) }),
            el("span", {}, text),
        ),
    );
    show(
        part("graphs"),
        el(
            "div",
            { class: "headed" },
            el("h2", { id: "graphs-title" }, "Graphs"),
            !graphs?.off && el("fieldset", { class: "choice" }, el("legend", {}, "Stretch of time"), choice),
        ),
        graphs?.off
            ? el("p", { class: "hint" }, graphs.off)
            : graphs &&
                  el(
                      "div",
                      { class: "graphs" },
                      graphs.graphs.map((one) => graph(one, graphs.times, colours, pointer[one.id], point)),
                  ),
    );
}

draw();
drawGraphs();
readManaged();
repeat(pauses.cluster, readCluster);
repeat(pauses.graphs, readGraphs);
setTimeout(() => repeat(pauses.managed, readManaged), pauses.managed);
document.addEventListener("visibilitychange", () => !document.hidden && readCluster());
