import assert from "node:assert/strict";

import { serveDashboard, type Dashboard, type Sources } from "../../dashboard/server";
import type { ClusterView, NodeView, PodView } from "../../dashboard/views";
import { Browser, obtainChromium } from "../browser";
import { eventually } from "../e2e/harness";

const since = "2026-01-01T00:00:00Z";

const node = (name: string, more: Partial<NodeView> = {}): NodeView => ({
    name,
    roles: ["worker"],
    state: "Ready",
    cordoned: false,
    problems: [],
    conditions: [{ name: "Ready", good: true }],
    addresses: ["10.0.0.1"],
    version: "v1.36.3",
    runtime: "docker 20.10.24",
    system: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.1.0",
    architecture: "arm64",
    room: { cpu: 4, memory: 2 ** 32, pods: 110 },
    usage: { cpu: 1.5, memory: 2 ** 31 },
    pods: 3,
    since,
    ...more,
});

const pod = (name: string, more: Partial<PodView> = {}): PodView => ({
    namespace: "shop",
    name,
    node: "n-1",
    state: "Running",
    health: "good",
    ready: "1/1",
    restarts: 0,
    address: "10.244.0.9",
    since,
    ...more,
});

/** A cluster in the worst of moods, with names that try to be more than text. */
const view = (): ClusterView => ({
    at: new Date().toISOString(),
    nodes: [
        node("n-1"),
        node("n-2", { state: "NotReady", cordoned: true, problems: ["Ready is Unknown: Kubelet stopped posting."] }),
    ],
    pods: [
        pod("web-with-a-rather-long-name-6d9f9c7b5-x2x8p"),
        pod("<img src=x onerror=alert(1)>", { state: "CrashLoopBackOff", health: "bad", restarts: 12 }),
    ],
    services: [
        {
            ...{ namespace: "shop", name: "web", type: "LoadBalancer", address: "10.96.0.7", since },
            ...{ external: ["10.0.0.1"], ports: ["80:30080/TCP"] },
        },
    ],
    events: [{ at: since, type: "Warning", reason: "BackOff", about: "Pod shop/web", message: "again", count: 3 }],
});

describe("the dashboard's page, in a browser", function () {
    this.timeout(300_000);
    let browser: Browser;
    let page: Dashboard;
    let apiAnswers = true;

    const times = Array.from({ length: 121 }, (_, index) => 1_800_000_000 + index * 30);
    const series = ["n-1", "n-2"].map((node, at) => ({
        node,
        values: times.map((_, index) => (index < 20 ? null : 2 ** 20 * (1 + at + Math.sin(index / 9)))),
    }));
    const sources: Sources = {
        cluster: () => (apiAnswers ? Promise.resolve(view()) : Promise.reject(new Error("Connection refused."))),
        graphs: async () => ({ times, graphs: [{ id: "network", title: "Network", unit: "bytes/s", series }] }),
        managed: async () => ({
            ...{ stack: "hex", endpoint: "https://10.0.0.1:6443", versions: { kubernetes: "1.36.3" }, addons: [] },
            certificates: [{ name: "admin", ends: new Date(Date.now() + 9.5 * 86_400_000).toISOString() }],
            workloads: [
                { name: "web", url: "http://10.0.0.1/" },
                { name: "odd", url: "javascript:alert(1)" },
            ],
        }),
        drift: async () => ({ at: since, changes: [{ where: "n-1", what: "/etc/hosts differs" }], unseen: [] }),
    };

    before(async function () {
        const chromium = obtainChromium();
        if ("missing" in chromium) {
            console.log(`      skipped: ${chromium.missing}`);
            return this.skip();
        }
        browser = await Browser.start(chromium.file);
        page = await serveDashboard(sources);
    });
    after(async () => {
        await browser?.close();
        await page?.close();
    });

    const text = () => browser.evaluate<string>("document.body.innerText");
    const shows = (what: RegExp) =>
        eventually(`the page shows ${what}`, 20, async () => {
            const shown = await text();
            if (what.test(shown)) return shown;
            throw new Error(shown.slice(0, 500));
        });

    it("shows what is wrong in words, and names that look like HTML as they are", async () => {
        await browser.open(page.url);
        const shown = await shows(/NotReady[^]*Cordoned[^]*Ready is Unknown: Kubelet stopped posting/);
        assert.match(shown, /CrashLoopBackOff/);
        assert.ok(shown.includes("<img src=x onerror=alert(1)>"));
        await shows(/\b9 days\b/);
        const links = await browser.evaluate<string[]>(
            "[...document.querySelectorAll('#slipway a')].map((a) => a.href)",
        );
        assert.deepEqual(links, ["http://10.0.0.1/"]);
        assert.deepEqual(browser.complaints, []);
    });

    it("draws a line for each node, broken where there are no values", async () => {
        const lines = await browser.evaluate<string[]>(
            "[...document.querySelectorAll('#graphs path.line')].map((path) => path.getAttribute('d'))",
        );
        assert.equal(lines.length, 2);
        for (const line of lines) assert.match(line, /^M\d{2,3}(\.\d)? /);
        assert.match(await browser.evaluate("document.querySelector('#graphs').innerText"), /MiB\/s/);
    });

    it("changes what changed and keeps the rest: focus and what was typed stay", async () => {
        await browser.evaluate(`{
            const field = document.querySelector("input[type=search]");
            field.focus();
            field.value = "rather";
            field.dispatchEvent(new Event("input"));
            window.kept = document.querySelector("#nodes article");
        }`);
        const before = await browser.evaluate<string>("document.getElementById('live').innerText");
        await eventually("another answer", 15, async () => {
            return (await browser.evaluate<string>("document.getElementById('live').innerText")) !== before;
        });
        assert.deepEqual(
            await browser.evaluate(`[
                document.activeElement.type, document.activeElement.value,
                window.kept === document.querySelector("#nodes article"),
                document.querySelectorAll("#pods tbody tr").length,
            ]`),
            ["search", "rather", true, 1],
        );
    });

    it("has a name for everything that can be used, headings in order, and a main part", async () => {
        const tree = await browser.accessible();
        const usable = ["button", "link", "searchbox", "textbox", "combobox", "checkbox", "radio", "table", "image"];
        for (const { role, name } of tree) {
            if (usable.includes(role) && role !== "table") assert.notEqual(name, "", `a ${role} without a name`);
        }
        assert.ok(tree.some(({ role }) => role === "main") && tree.some(({ role }) => role === "navigation"));
        const levels = await browser.evaluate<number[]>(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => Number(heading.tagName[1]))",
        );
        assert.equal(levels.filter((level) => level === 1).length, 1);
        levels.forEach((level, index) => assert.ok(index === 0 || level <= levels[index - 1] + 1, String(levels)));
        const unlabelled = "document.querySelectorAll('section:not([aria-label]):not([aria-labelledby])').length";
        assert.equal(await browser.evaluate(unlabelled), 0);
    });

    it("fits the screen of a phone, in light and in dark", async () => {
        for (const scheme of ["light", "dark"] as const) {
            await browser.resize({ width: 360, height: 740 });
            await browser.colours(scheme);
            const widths = await browser.evaluate<number[]>(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
            );
            assert.equal(widths[0], widths[1]);
            const low = await browser.evaluate<string[]>(contrasts);
            assert.deepEqual(low, [], `too little contrast in ${scheme}`);
        }
        await browser.resize({ width: 1280, height: 900 });
    });

    it("says that the API doesn't answer, keeps what it knew, and goes on when it answers again", async () => {
        apiAnswers = false;
        const shown = await shows(/The Kubernetes API does not answer\. Connection refused\. Since \d\d:\d\d:\d\d/);
        assert.match(shown, /rather-long-name/);
        apiAnswers = true;
        await eventually("no complaint", 15, async () => !/does not answer/.test(await text()));
    });

    it("without the secret shows nothing of the cluster, and says where it is", async () => {
        const stranger = await Browser.start((obtainChromium() as { file: string }).file);
        try {
            await stranger.open(new URL("/", page.url).href);
            const shown = await eventually("a refusal", 20, async () => {
                const found = await stranger.evaluate<string>("document.body.innerText");
                return /token is missing/.test(found) && found;
            });
            assert.doesNotMatch(shown, /n-1|hex|rather/);
        } finally {
            await stranger.close();
        }
    });

    it("says that it has ended when it has", async () => {
        await page.close();
        await shows(/The dashboard has ended\. Start it again/);
    });
});

/** In the page: texts whose colour is nearer than 4.5 : 1 to what is behind them (WCAG 2.2, 1.4.3). */
const contrasts = `(() => {
    const parts = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = (colour) => {
        const [r, g, b] = colour.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = parts(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
        if (!own || element.closest("noscript, option, :disabled, .skip") || element.getClientRects().length === 0) continue;
        const [one, other] = [luminance(parts(getComputedStyle(element).color)), luminance(behind(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) low.push(element.className + ": " + element.textContent.slice(0, 30) + " " + ratio.toFixed(2));
    }
    return low;
})()`;
