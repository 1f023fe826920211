import assert from "node:assert/strict";
import * as os from "node:os";
import * as path from "node:path";

import { ownImage } from "../../../mirror/catalogue";
import { writeImage } from "../../../mirror/images/image";
import { architecture, onNode } from "../harness";
import type { Application } from ".";

const reference = "example.org/shop:1.4";
const archive = path.join(os.tmpdir(), "slipway-e2e-shop.tar");

/** Writes what `docker save` would: an image that no registry has. */
function save(content: string): Promise<void> {
    return writeImage(archive, {
        image: ownImage(reference),
        arch: architecture,
        source: "https://example.org/shop",
        config: {},
        entries: [{ path: "shop", type: "file", content: Buffer.from(content) }],
    });
}

/** Images of one's own come to every node, and come again when the archive has changed. */
export const ownImages: Application = {
    images: [{ reference, archive }],
    prepare: () => save("first"),
    cases(stack, { nodes }) {
        const loaded = () =>
            Promise.all(nodes.map((node) => onNode(node, `docker image inspect -f '{{.Id}}' ${reference}`)));

        it("an image of one's own is on every node; another content under the same tag is a change that is seen", async () => {
            const before = await loaded();
            assert.equal(new Set(before).size, 1);
            await save("second");
            const refused = await stack.slipway(["preview"]);
            assert.match(refused.output, /lacks example\.org\/shop:1\.4 as it is now in .*npm run mirror/);
            const { output } = await stack.must(["up"]);
            assert.match(output, /~ 3 updated/);
            const after = await loaded();
            assert.equal(new Set(after).size, 1);
            assert.notEqual(after[0], before[0]);
        });
    },
};
