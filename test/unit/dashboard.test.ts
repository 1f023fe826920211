import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";

import { keepFresh } from "../../dashboard/credential";
import { refuse, safeHeaders } from "../../dashboard/guard";
import { clusterView, quantity, type Lists } from "../../dashboard/projection";
import { Reader } from "../../dashboard/reader";
import { pageFiles, routeOf } from "../../dashboard/routes";
import { serveDashboard, type Sources } from "../../dashboard/server";
import { shared } from "../../dashboard/shared";
import { driftView } from "../../setup/commands/dashboard";
import { ApiError } from "../../standins/kubernetes/errors";

const folder = path.resolve(__dirname, "..", "..", "dashboard", "page");

describe("dashboard: what is answered", () => {
    const token = "t".repeat(43);
    const good = { host: "127.0.0.1:8001", authorization: `Bearer ${token}` };
    const status = (headers: http.IncomingHttpHeaders, { method = "GET", data = true } = {}) =>
        refuse({ method, headers, data }, 8001, token)?.status;

    it("answers the page with its token, under its own names", () => {
        assert.equal(status(good), undefined);
        assert.equal(status({ ...good, host: "localhost:8001", origin: "http://localhost:8001" }), undefined);
        assert.equal(status({ ...good, "sec-fetch-site": "same-origin" }), undefined);
        assert.equal(status({ host: good.host }, { data: false }), undefined);
    });

    it("refuses data without the token, or with another", () => {
        assert.equal(status({ host: good.host }), 401);
        assert.equal(status({ ...good, authorization: `Bearer ${"u".repeat(43)}` }), 401);
        assert.equal(status({ ...good, authorization: `Bearer ${token}x` }), 401);
        assert.equal(status({ ...good, authorization: token }), 401);
    });

    it("refuses foreign names, which is DNS rebinding, also for the page's own files", () => {
        for (const host of ["evil.example:8001", "127.0.0.1", "127.0.0.1:8002", "localhost:8001.evil.example", ""]) {
            assert.equal(status({ ...good, host }), 421, host);
            assert.equal(status({ host }, { data: false }), 421, host);
        }
    });

    it("refuses other websites, but for a link to the page", () => {
        assert.equal(status({ ...good, origin: "https://evil.example" }), 403);
        assert.equal(status({ ...good, origin: "null" }), 403);
        assert.equal(status({ ...good, "sec-fetch-site": "cross-site" }), 403);
        assert.equal(status({ ...good, "sec-fetch-site": "same-site" }), 403);
        const link = { host: good.host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
        assert.equal(status(link, { data: false }), undefined);
        assert.equal(status({ ...link, ...good }), 403);
    });

    it("refuses everything but GET", () => {
        for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
            assert.equal(status(good, { method }), 405, method);
        }
    });

    it("knows a fixed list of paths and nothing besides", () => {
        assert.deepEqual(routeOf("/api/cluster"), { what: "cluster" });
        assert.deepEqual(routeOf("/api/graphs?range=6h"), { what: "graphs", range: "6h" });
        assert.equal(routeOf("/")?.what, "file");
        const others = [
            ...[
                "/api/graphs",
                "/api/graphs?range=2h",
                "/api/graphs?range=constructor",
                "/api/graphs?range=1h&query=up",
            ],
            ...["/api/cluster?x", "/api/cluster/", "/api/secrets", "/api/v1/namespaces/default/secrets", "/api", ""],
            ...[
                "/../package.json",
                "/%2e%2e/package.json",
                "/..%2fserver.ts",
                "//etc/passwd",
                "/page/main.js",
                "/x.js",
            ],
            ...["http://127.0.0.1/api/cluster", "/api/managed?range=1h", "*"],
        ];
        for (const target of others) assert.equal(routeOf(target), undefined, target);
    });

    it("serves exactly the files that the page is made of, none of which loads anything from elsewhere", () => {
        assert.deepEqual([...pageFiles].sort(), fs.readdirSync(folder).sort());
        for (const name of pageFiles) {
            const text = fs.readFileSync(path.join(folder, name), "utf8").replaceAll("http://www.w3.org/2000/svg", "");
            assert.doesNotMatch(text, /(src|href)="(https?:)?\/\/|@import|url\(|innerHTML|eval\(/, name);
            assert.equal(routeOf(`/${name}`)?.what, "file");
        }
        assert.match(safeHeaders["content-security-policy"], /default-src 'none'; script-src 'self'/);
    });

    it("is served on 127.0.0.1 only, with safe headers on every answer, and without CORS", async () => {
        const never = () => Promise.reject(new Error("The API is on holiday."));
        const sources = { cluster: never, graphs: never, managed: never, drift: never } as unknown as Sources;
        const { url, close } = await serveDashboard(sources);
        try {
            const { port, hash, origin } = new URL(url);
            assert.match(hash, /^#[\w-]{43}$/);
            const authorization = `Bearer ${hash.slice(1)}`;
            const asked = {
                page: await fetch(url),
                silent: await fetch(`${origin}/api/cluster`, { headers: { authorization } }),
                stranger: await fetch(`${origin}/api/cluster`),
                post: await fetch(`${origin}/api/drift`, { method: "POST", headers: { authorization } }),
                nothing: await fetch(`${origin}/api/secrets`, { headers: { authorization } }),
            };
            const statuses = Object.values(asked).map(({ status }) => status);
            assert.deepEqual(statuses, [200, 503, 401, 405, 404]);
            assert.deepEqual(await asked.silent.json(), { problem: "The API is on holiday." });
            for (const { headers } of Object.values(asked)) {
                for (const [name, value] of Object.entries(safeHeaders)) assert.equal(headers.get(name), value);
                assert.equal(headers.get("access-control-allow-origin"), null);
                assert.equal(headers.get("set-cookie"), null);
            }
            const foreign = await new Promise((resolve, reject) => {
                const headers = { host: `evil.example:${port}`, authorization };
                http.get({ port, host: "127.0.0.1", path: "/api/cluster", headers }, (answer) => {
                    answer.resume();
                    resolve(answer.statusCode);
                }).on("error", reject);
            });
            assert.equal(foreign, 421);
            // Another address of this machine's loopback is somebody else.
            await assert.rejects(fetch(`http://127.0.0.2:${port}/`));
        } finally {
            await close();
        }
    });
});

describe("dashboard: what is shown", () => {
    const pod = (status: object, metadata: object = {}) => ({
        metadata: { namespace: "shop", name: "web", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
        spec: {
            nodeName: "n-1",
            containers: [{ name: "web", env: [{ name: "PASSWORD", value: "hunter2" }] }],
        },
        status,
    });
    const lists = (parts: object) =>
        ({ nodes: [], pods: [], services: [], events: [], usage: "off", ...parts }) as unknown as Lists;
    const stateOf = (status: object, metadata?: object) => {
        const [{ state, health, ready }] = clusterView(lists({ pods: [pod(status, metadata)] })).pods;
        return [state, health, ready];
    };

    it("says a pod's state as kubectl does", () => {
        const ready = [{ ready: true, restartCount: 0, state: { running: {} } }];
        const crashing = [{ ready: false, restartCount: 9, state: { waiting: { reason: "CrashLoopBackOff" } } }];
        assert.deepEqual(stateOf({ phase: "Running", containerStatuses: ready }), ["Running", "good", "1/1"]);
        const unready = [{ ...ready[0], ready: false }];
        assert.deepEqual(stateOf({ phase: "Running", containerStatuses: unready }), ["NotReady", "waiting", "0/1"]);
        assert.deepEqual(stateOf({ phase: "Running", containerStatuses: crashing }), [
            "CrashLoopBackOff",
            "bad",
            "0/1",
        ]);
        assert.deepEqual(stateOf({ phase: "Pending" }), ["Pending", "waiting", "0/1"]);
        assert.deepEqual(stateOf({ phase: "Failed", reason: "Evicted" }), ["Evicted", "bad", "0/1"]);
        assert.deepEqual(stateOf({ phase: "Succeeded" }), ["Completed", "done", "0/1"]);
        const leaving = stateOf(
            { phase: "Running", containerStatuses: ready },
            { deletionTimestamp: "2026-01-01T00:00:00Z" },
        );
        assert.deepEqual(leaving, ["Terminating", "waiting", "1/1"]);
    });

    it("tells chosen values only: nothing of a pod's environment", () => {
        assert.doesNotMatch(JSON.stringify(clusterView(lists({ pods: [pod({ phase: "Running" })] }))), /hunter2/);
    });

    it("shows nodes with what is wrong with them, their use, and their pods", () => {
        const node = {
            metadata: {
                name: "n-1",
                labels: { "node-role.kubernetes.io/worker": "" },
                creationTimestamp: "2026-01-01T00:00:00Z",
            },
            status: {
                allocatable: { cpu: "4", memory: "2Gi", pods: "110" },
                conditions: [
                    { type: "Ready", status: "True" },
                    { type: "DiskPressure", status: "True", message: "the disk is full" },
                ],
                addresses: [
                    { type: "InternalIP", address: "10.0.0.1" },
                    { type: "Hostname", address: "n-1" },
                ],
                nodeInfo: { kubeletVersion: "v1.36.3", containerRuntimeVersion: "docker://20.10.24" },
            },
        };
        const usage = { nodes: { "n-1": { cpu: 1, memory: 2 } }, pods: {} };
        const pods = [pod({ phase: "Running" }), pod({ phase: "Succeeded" })];
        const [shown] = clusterView(lists({ nodes: [node], pods, usage })).nodes;
        assert.deepEqual(
            [shown.roles, shown.state, shown.addresses, shown.runtime, shown.pods, shown.usage],
            [["worker"], "Ready", ["10.0.0.1"], "docker 20.10.24", 1, { cpu: 1, memory: 2 }],
        );
        assert.deepEqual(shown.problems, ["DiskPressure is True: the disk is full"]);
        assert.deepEqual(shown.room, { cpu: 4, memory: 2 ** 31, pods: 110 });
    });

    it("reads quantities", () => {
        const read = ["250m", "2", "1500000n", "64Mi", "1k", undefined, "soon"].map(quantity);
        assert.deepEqual(read, [0.25, 2, 0.0015, 64 * 2 ** 20, 1000, 0, 0]);
    });

    it("says which add-on there must be for metrics and for graphs, and that Prometheus isn't ready", async () => {
        const answering = (answer: (path: string) => unknown) =>
            new Reader({ request: async (_method: string, path: string) => answer(path) } as never);
        const fails = (code: number) => (path: string) => {
            if (path.startsWith("/apis/metrics") || path.includes("prometheus")) throw new ApiError(code, "", "no");
            return { items: [] };
        };
        const without = answering(fails(404));
        assert.match((await without.cluster()).noMetrics ?? "", /metrics-server: \{\}/);
        assert.match(JSON.stringify(await without.graphs("1h")), /monitoring: \{\}/);
        const starting = answering(fails(503));
        assert.match((await starting.cluster()).noMetrics ?? "", /doesn't answer \(503\)/);
        assert.match(JSON.stringify(await starting.graphs("1h")), /isn't ready/);
    });

    it("puts Prometheus' values at their times", async () => {
        const paths = new Set<string>();
        const request = async (_method: string, path: string, { query }: { query: Record<string, string> }) => {
            paths.add(path);
            const last = Number(query.end);
            return {
                data: {
                    result: [
                        {
                            metric: { node: "n-1" },
                            values: [
                                [last - 30, "1"],
                                [last, "2.5"],
                            ],
                        },
                    ],
                },
            };
        };
        const graphs = await new Reader({ request } as never).graphs("1h", 1_000_000);
        assert.ok("graphs" in graphs);
        const [{ node, values }] = graphs.graphs[0].series;
        assert.deepEqual([node, values.slice(-2), values.length], ["n-1", [1, 2.5], graphs.times.length]);
        assert.equal(values[0], null);
        assert.deepEqual(
            [...paths],
            ["/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query_range"],
        );
    });

    it("lists drift, of a Secret only that there is some", () => {
        const { changes, unseen } = driftView({
            nodes: {
                "n-1": { changes: [{ step: "base", what: "/etc/hosts", how: "drifted", detail: "gone by hand" }] },
            },
            cluster: [
                { what: "Deployment default/web", op: "update", details: ["spec.replicas: 3 → 1"] },
                { what: "Secret shop/tls", op: "update", details: ["data.key: hunter2 → x"] },
                { what: "Service default/web", op: "create", details: [] },
            ],
            unseen: ["n-2 gave no answer"],
        });
        assert.deepEqual(changes, [
            { where: "n-1", what: "gone by hand" },
            { where: "Deployment default/web", what: "spec.replicas: 3 → 1" },
            { where: "Secret shop/tls", what: "was changed" },
            { where: "Service default/web", what: "is gone" },
        ]);
        assert.deepEqual(unseen, ["n-2 gave no answer"]);
    });
});

describe("dashboard: what it costs", () => {
    it("asks once for everybody who asks at the same time, and again after a failure", async () => {
        let asked = 0;
        const ask = shared(60_000, async () => {
            if (++asked === 1) throw new Error("not yet");
            return asked;
        });
        const first = await Promise.allSettled([ask(), ask()]);
        assert.deepEqual(
            first.map(({ status }) => status),
            ["rejected", "rejected"],
        );
        assert.deepEqual(await Promise.all([ask(), ask()]), [2, 2]);
        assert.equal(await ask(), 2);
        const eachTime = shared(0, async () => ++asked);
        assert.deepEqual([await Promise.all([eachTime(), eachTime()]), await eachTime()], [[3, 3], 4]);
    });

    it("keeps a token until a quarter of an hour before its end, and makes one for all who wait", async () => {
        let now = 0;
        let made = 0;
        const token = keepFresh(
            async () => ({ token: `token ${++made}`, ends: now + 3_600_000 }),
            () => now,
        );
        assert.deepEqual(await Promise.all([token(), token()]), ["token 1", "token 1"]);
        now = 2_600_000;
        assert.equal(await token(), "token 1");
        now = 2_800_000;
        assert.equal(await token(), "token 2");
    });
});
