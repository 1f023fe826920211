import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as zlib from "node:zlib";

import { LocalNode } from "./local";

const pack = (text: string) => zlib.gzipSync(text).toString("base64");
const copy = "/var/lib/slipway/state.json.gz";

describe("kit: the copy of the state", () => {
    let node: LocalNode;
    beforeEach(() => {
        node = new LocalNode();
    });
    afterEach(() => node.dispose());

    it("is kept for root alone, given back as it came behind the owner, and goes with the rest", () => {
        const before = node.tree();
        node.welcome();
        assert.equal(node.step("keep-state", pack("one")).code, 0);
        assert.deepEqual(node.step("keep-state", pack("two")), { code: 0, stdout: "", stderr: "" });
        assert.equal(fs.statSync(node.at(copy)).mode & 0o777, 0o600);
        const [owner, text] = node.step("give-state").stdout.split("\n");
        assert.equal(owner, "hex:abc");
        assert.equal(zlib.gunzipSync(Buffer.from(text, "base64")).toString(), "two");
        node.step("base remove owner=hex:abc");
        assert.deepEqual(node.tree(), before);
    });

    it("stays as it was when the next one is cut off on its way", () => {
        node.welcome();
        node.step("keep-state", pack("one"));
        const long = pack("two".repeat(1000) + Math.PI);
        for (const part of ["", "not base64!", long.slice(0, long.length / 2), long.slice(0, -4)]) {
            const { code, stderr } = node.step("keep-state", part);
            assert.equal(code, 1, part);
            assert.match(stderr, /incomplete; the one before it stays\.\n$/);
        }
        const [, text] = node.step("give-state").stdout.split("\n");
        assert.equal(zlib.gunzipSync(Buffer.from(text, "base64")).toString(), "one");
        assert.ok(!node.has("/var/lib/slipway/state.new"));
    });

    it("is refused by a machine that is no node, and missed on one that has none", () => {
        const before = node.tree();
        assert.match(node.step("keep-state", pack("one")).stderr, /belongs to no cluster of Slipway's/);
        assert.match(node.step("give-state").stderr, /keeps no copy of the state/);
        assert.deepEqual(node.tree(), before);
    });
});
