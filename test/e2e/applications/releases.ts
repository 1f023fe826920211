import assert from "node:assert/strict";

import { allImages, allOf, type Application } from ".";
import { eventually, onNode } from "../harness";
import { improbability } from "./binomial";
import { authorityOf } from "./microservices";
import { ask, askOften, Visitor } from "./requests";

const versionOf = (body: string) => (JSON.parse(body) as { version: string }).version;

/** Rows W5 and A8: new versions, for some and for all, without a request that fails. */
export const releases: Application = {
    workloads: { "blue-green": {}, canary: {}, microservices: {}, "static-pod": {} },
    cases(stack, { nodes, addresses, config }) {
        const [, address] = addresses;
        const manifests = (node: string) => onNode(node, "ls /etc/kubernetes/manifests");
        const change = async (workloads: Record<string, object>) => {
            const all = { ...config.workloads, ...allOf("workloads"), ...workloads };
            stack.configure({ ...config, images: allImages(), addons: allOf("addons"), workloads: all });
            await stack.must(["up"]);
        };

        it("the canary answers its share of 1,000 requests (W5)", async () => {
            const bodies = await askOften(`http://${address}:30082/version`, 1000);
            const canaries = bodies.filter((body) => versionOf(body) === "2.0.0").length;
            assert.ok(
                improbability(canaries, 1000, 1 / 4) > 1e-6,
                `the canary, one pod of four, answered ${canaries} of 1,000 requests`,
            );
        });

        it("blue becomes green, hello rolls to its next version, both go back, and no request fails (W5, A8)", async () => {
            const blueGreen = `http://${address}:30081/version`;
            const hello = { url: `https://${address}/hello/`, options: { ca: authorityOf(stack) } };
            assert.equal(versionOf((await ask(blueGreen)).body), "1.0.0");
            const visitors = [new Visitor(blueGreen), new Visitor(hello.url, hello.options)];
            try {
                await change({
                    "blue-green": { active: "green" },
                    microservices: { next: true },
                    "static-pod": { node: nodes[2] },
                });
                const versions = await askOften(blueGreen, 20);
                assert.deepEqual(new Set(versions.map(versionOf)), new Set(["2.0.0"]));
                const rolled = await ask(`https://${address}/hello/version`, hello.options);
                assert.equal(versionOf(rolled.body), "2.0.0");
                // Its file is taken away where it was, which its kubelet sees.
                assert.equal(await manifests(nodes[1]), "");
                const moved = `http://${addresses[2]}:8380/hostname`;
                const name = await eventually("the static pod elsewhere", 60, async () => (await ask(moved)).body);
                assert.equal(name, `static-pod-${nodes[2]}`);
                await assert.rejects(ask(`http://${address}:8380/hostname`));
                await change({});
                assert.equal(versionOf((await ask(blueGreen)).body), "1.0.0");
            } finally {
                const counted = await Promise.all(visitors.map((visitor) => visitor.stop()));
                for (const { answers, failures } of counted) {
                    assert.deepEqual(failures, []);
                    assert.ok(answers > 100, `${answers} answers`);
                }
            }
        });
    },
};
