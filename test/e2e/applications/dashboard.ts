import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";

import { parse } from "yaml";

import { graphQueries } from "../../../components/addons/monitoring/queries";
import { defaultVersions, images } from "../../../mirror/catalogue";
import { Browser, obtainChromium } from "../../browser";
import type { Application } from ".";
import { eventually, type TestStack } from "../harness";
import { start, type Running } from "./running";

/** Row W1: a page that shows the cluster, used in a browser. */
export const dashboard: Application = {
    addons: { "metrics-server": { resolution: 10 }, monitoring: { interval: 5, cadvisor: true } },
    cases(stack, lab) {
        let browser: Browser | undefined;
        let running: Running;
        let page: URL;
        let why: string | undefined;

        before(async () => {
            running = start(stack, "dashboard", "--no-open");
            const chromium = obtainChromium();
            page = new URL((await running.says(/^http:\/\/127\.0\.0\.1:\d+\/#\S+$/m, 30))[0]);
            if ("file" in chromium) browser = await Browser.start(chromium.file);
            else why = chromium.missing;
        });
        after(async () => {
            await browser?.close();
            await running.interrupt();
        });

        const inBrowser = (context: Mocha.Context): Browser => {
            if (browser) return browser;
            console.log(`      skipped: ${why}`);
            return context.skip();
        };
        const text = (element = "body") =>
            browser!.evaluate<string>(`document.querySelector(${JSON.stringify(element)}).innerText`);
        const shows = (element: string, what: RegExp, seconds = 15) =>
            eventually(`${element} shows ${what}`, seconds, async () => {
                const shown = await text(element);
                if (what.test(shown)) return shown;
                throw new Error(shown.slice(0, 300));
            });
        const names = async (kind: string) =>
            (await stack.kubectl("get", kind, "-A", "-o", "name"))
                .trim()
                .split("\n")
                .map((line) => line.split("/")[1]);

        it("shows every node, pod and service, and what Slipway manages (W1)", async function () {
            await inBrowser(this).open(page.href);
            const cards = await shows("#nodes", new RegExp(lab.nodes.join("[^]*")));
            assert.equal(cards.match(/Ready/g)?.length, lab.nodes.length);
            const pods = await text("#pods");
            for (const name of await names("pods")) assert.ok(pods.includes(name), name);
            const services = await text("#services");
            for (const name of await names("services")) assert.ok(services.includes(name), name);
            const managed = await shows("#slipway", /Certificates[^]*apiserver/);
            assert.match(managed, new RegExp(`kubernetes\\s+${defaultVersions.kubernetes.replaceAll(".", "\\.")}`));
            // The secret is no longer in the address, where others would see it.
            assert.equal(await browser!.evaluate("location.hash"), "");
        });

        it("shows what is in use, and graphs of it for every node (W7)", async function () {
            inBrowser(this);
            await shows(
                "#nodes",
                new RegExp(lab.nodes.map(() => "CPU[^]*of [\\d.]+ cores?[^]*Memory").join("[^]*")),
                60,
            );
            const lines = () =>
                browser!.evaluate<string[]>(
                    "[...document.querySelectorAll('#graphs path.line')].map((path) => path.getAttribute('d'))",
                );
            await eventually("a line for each node in each graph", 90, async () => {
                const drawn = await lines();
                return drawn.length === graphQueries.length * lab.nodes.length && drawn.every((line) => line !== "");
            });
            assert.match(await text("#graphs"), /CPU used by pods[^]*Running pods/);
        });

        it("shows a pod when it is made, and no more when it is gone", async function () {
            inBrowser(this);
            const image = images(defaultVersions).pause.reference;
            await stack.kubectl("run", "dashboard-sees", `--image=${image}`, "--restart=Never");
            try {
                await shows("#pods", /dashboard-sees/);
                await browser!.evaluate(`{
                const field = document.querySelector("input[type=search]");
                field.value = "dashboard-s";
                field.dispatchEvent(new Event("input"));
            }`);
                await shows("#pods", /\b1 of \d+ pods/);
            } finally {
                await stack.kubectl("delete", "pod", "dashboard-sees", "--now", "--wait=false");
            }
            await shows("#pods", /No pod is like that/, 30);
        });

        it("shows drift when it is asked to, and none when it is mended", async function () {
            inBrowser(this);
            const why = (
                await stack.kubectlJson<{ metadata: { annotations: Record<string, string> } }>(
                    "get",
                    "clusterrole/slipway:dashboard",
                )
            ).metadata.annotations["slipway.build/why"];
            const annotate = (text: string) =>
                stack.kubectl("annotate", "--overwrite", "clusterrole/slipway:dashboard", `slipway.build/why=${text}`);
            const look = () => browser!.evaluate(`document.getElementById("drift-button").click()`);
            await annotate("changed by hand");
            try {
                await look();
                await shows("#drift-result", /ClusterRole slipway:dashboard[^]*changed by hand/, 30);
            } finally {
                await annotate(why);
            }
            await look();
            await eventually(
                "no such drift any more",
                30,
                async () => !/slipway:dashboard/.test(await text("#drift-result")),
            );
        });

        it("complains of nothing in the browser, and no answer holds a secret", async function () {
            const { complaints, answers } = inBrowser(this);
            assert.deepEqual(complaints, []);
            assert.ok(answers.some(({ url }) => url.endsWith("/api/drift")));
            const said = answers.map(({ body }) => body).join("\n");
            for (const secret of await secrets(stack)) assert.ok(!said.includes(secret), "a secret was answered");
            assert.doesNotMatch(said, /PRIVATE KEY|eyJhbGciOi/);
        });

        it("answers nobody without the token, under a foreign name, or with anything but GET", async () => {
            const ask = (options: http.RequestOptions) =>
                new Promise<number | undefined>((resolve, reject) => {
                    const place = { host: "127.0.0.1", port: page.port, path: "/api/cluster", ...options };
                    http.request(place, (answer) => {
                        answer.resume();
                        resolve(answer.statusCode);
                    })
                        .on("error", reject)
                        .end();
                });
            const authorization = `Bearer ${page.hash.slice(1)}`;
            assert.equal(await ask({ headers: { authorization } }), 200);
            assert.equal(await ask({}), 401);
            assert.equal(await ask({ headers: { authorization: `${authorization}x` } }), 401);
            assert.equal(await ask({ headers: { authorization, host: `rebound.example:${page.port}` } }), 421);
            assert.equal(await ask({ headers: { authorization, origin: "https://elsewhere.example" } }), 403);
            assert.equal(await ask({ headers: { authorization }, method: "POST" }), 405);
        });

        it("reads with an account that may look at what it shows, and at nothing else", async () => {
            const may = async (...what: string[]) => {
                const as = "--as=system:serviceaccount:kube-system:slipway-dashboard";
                // Its exit status is 1 for "no".
                return stack.kubectl("auth", "can-i", ...what, "-A", as).catch((error) => String(error.stdout));
            };
            assert.match(await may("list", "pods"), /^yes/);
            for (const what of [
                ["list", "secrets"],
                ["get", "configmaps"],
                ["get", "pods/log"],
                ["delete", "pods"],
            ]) {
                assert.match(await may(...what), /^no/, what.join(" "));
            }
        });

        it("ends at Ctrl-C, and leaves nothing behind", async () => {
            const other = start(stack, "dashboard", "--no-open", "--port", page.port);
            await other.says(new RegExp(`Port ${page.port} of 127\\.0\\.0\\.1 is taken`), 30);
            assert.equal(await running.interrupt(), 0);
            await assert.rejects(fetch(page));
            assert.ok(!fs.readdirSync(stack.home).some((name) => name.startsWith("dashboard-")));
        });
    },
};

/** What nobody may see: the operator's key, the nodes' SSH key, and the Secrets of the cluster. */
async function secrets(stack: TestStack): Promise<string[]> {
    const { users } = parse(fs.readFileSync(stack.kubeconfig(), "utf8")) as {
        users: { user: Record<string, string> }[];
    };
    const key = users[0].user["client-key-data"];
    const { items } = await stack.kubectlJson<{ items: { data?: Record<string, string> }[] }>("get", "secrets", "-A");
    const inCluster = items
        .flatMap(({ data }) => Object.values(data ?? {}))
        .map((value) => Buffer.from(value, "base64").toString("utf8"))
        .filter((value) => value.length >= 6 && !value.startsWith("-----BEGIN CERTIFICATE"));
    const lab = path.join(stack.home, "lab");
    const ssh = fs
        .readdirSync(lab, { recursive: true, encoding: "utf8" })
        .map((name) => path.join(lab, name))
        .filter((file) => fs.statSync(file).isFile() && fs.readFileSync(file, "utf8").includes("PRIVATE KEY"))
        .map((file) => fs.readFileSync(file, "utf8").split("\n")[2]);
    return [key, Buffer.from(key, "base64").toString("utf8"), ...inCluster, ...ssh];
}
