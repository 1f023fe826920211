import assert from "node:assert/strict";

import { Random } from "./random";
import { Upgrades } from "./upgrades";

const fleet = new Upgrades("killed");
const { stack, boards } = fleet;
const versions = ["1.36.3", "1.36.1"];
const kills = 20;
const seed = Number(process.env.SLIPWAY_SEED ?? 7);

describe(`upgrades that are killed, seed ${seed}`, function () {
    this.timeout(120 * 60_000);
    this.bail(true);
    before(() => fleet.start(fleet.shape));
    after(() => boards.end());

    it("three control planes and two workers of 1.36.1", async () => {
        await fleet.to("1.36.1");
        await stack.must(["up"]);
        await fleet.remember("from-before");
        await fleet.isWhole("1.36.1", "from-before");
    });

    it(`killed at ${kills} moments, up finishes each; never two API servers are away, nothing is lost`, async () => {
        const random = new Random(seed);
        const there = await stack.kubectl("get", "deploy,svc", "-A", "-o", "name");
        const seen = await fleet.visitors();
        const words = ["from-before"];
        try {
            for (let kill = 0; kill < kills; kill++) {
                await fleet.to(versions[kill % 2]);
                // From the first moment on which something may be touched to what an upgrade takes.
                const moment = Math.round(2000 + random.next() * 50_000);
                let begun = 0;
                const { status } = await stack.slipway(["up"], {
                    killAfter: (output) => {
                        if (begun === 0 && /Updating/.test(output)) begun = Date.now();
                        return begun > 0 && Date.now() - begun > moment;
                    },
                });
                await stack.must(["up"]);
                console.log(
                    `      ${kill + 1}: after ${(moment / 1000).toFixed(0)} s${status === 0 ? ", it was done" : ""}`,
                );
                words.push(`kill-${kill}`);
                await fleet.remember(`kill-${kill}`);
            }
        } finally {
            const { pages, away } = await seen.stop();
            assert.equal(pages.bad, 0, `${pages.bad} of ${pages.good + pages.bad} requests to nginx failed`);
            assert.equal(away, 1);
        }
        await fleet.isWhole(versions[(kills - 1) % 2], ...words);
        assert.equal(await stack.kubectl("get", "deploy,svc", "-A", "-o", "name"), there);
        await fleet.emptyPreview();
    });
});
