import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo } from "node:net";

import { fittedExponent, growth } from "../../bench/curve";
import { wireTo } from "../../bench/fleet/latency";
import { timeline } from "../../bench/picture/timeline";
import { escaped, ticks } from "../../bench/svg";
import { percentile } from "../../bench/work/pods";

describe("the bench", () => {
    it("fits the exponent of a growth, from a size on", () => {
        const power = [10, 20, 50, 100].map((size) => ({ size, value: 3 * size ** 1.2 }));
        assert.equal(fittedExponent(power).toFixed(6), "1.200000");
        const withFloor = [{ size: 1, value: 500 }, ...power];
        assert.notEqual(fittedExponent(withFloor).toFixed(2), "1.20");
        assert.equal(fittedExponent(withFloor, 10).toFixed(6), "1.200000");
    });

    it("draws growth: a line for each curve, a circle for each point, a title that can be heard", () => {
        const points = [1, 10, 100].map((size) => ({ size, value: size / 10 }));
        const picture = growth(
            [
                { name: "a & b", points },
                { name: "c", points: points.slice(1) },
            ],
            "Growth <1>",
        );
        assert.equal([...picture.matchAll(/<polyline /g)].length, 2);
        assert.equal([...picture.matchAll(/<circle /g)].length, 5);
        assert.match(picture, /<title>Growth &lt;1><\/title>/);
        assert.match(picture, />a &amp; b<\/text>/);
        assert.doesNotMatch(picture, /NaN|undefined|Infinity/);
    });

    it("draws a run: a row for each node and each part that no node has, and what each bar is", () => {
        const picture = timeline(
            [
                { phase: "stage", node: "n10", name: "n10-stage", start: 1000, end: 3000 },
                { phase: "stage", node: "n2", name: "n2-stage", start: 1000, end: 2000 },
                { phase: "add-ons", name: "coredns", start: 3000, end: 3000 },
            ],
            "An up",
        );
        const labels = [...picture.matchAll(/text-anchor="end">([^<]*)</g)].map(([, label]) => label);
        assert.deepEqual(labels, ["n2", "n10", "add-ons"]);
        assert.match(picture, /<title>n2-stage \(stage\): 1\.0 to 2\.0 s<\/title>/);
        assert.match(picture, /3 operations, 3\.0 s/);
        assert.doesNotMatch(picture, /NaN|undefined|Infinity|width="0"/);
    });

    it("has few round numbers on an axis, and escapes what is written", () => {
        assert.deepEqual(ticks(47), [0, 10, 20, 30, 40]);
        assert.deepEqual(ticks(3), [0, 1, 2, 3]);
        assert.equal(escaped('<a & "b">'), "&lt;a &amp; &quot;b&quot;>");
    });

    it("takes percentiles that were measured", () => {
        const sorted = Array.from({ length: 100 }, (_, index) => index + 1);
        assert.deepEqual([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 1)], [50, 99, 100]);
        assert.equal(percentile([7], 0.99), 7);
    });

    it("hands on what goes over a wire, in order and whole, both ways, to its end", async () => {
        const server = createServer((socket) => void socket.pipe(socket));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const wire = await wireTo((server.address() as AddressInfo).port, 4);
        try {
            const sent = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join("");
            const socket = connect(wire.port, "127.0.0.1");
            const heard = (async () => {
                let text = "";
                for await (const chunk of socket.setEncoding("utf8")) text += chunk as string;
                return text;
            })();
            for (const part of sent.match(/[^]{1,97}/g) ?? []) socket.write(part);
            socket.end();
            assert.equal(await heard, sent);
        } finally {
            await wire.close();
            server.close();
        }
    });
});
