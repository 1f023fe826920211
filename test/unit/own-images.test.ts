import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gzipSync } from "node:zlib";

import { stage } from "../../components/render/stage";
import { ownImage } from "../../mirror/catalogue";
import { loadDigests } from "../../mirror/digests";
import { fillMirror, mirrorFolder } from "../../mirror/fill";
import { imagesInArchive } from "../../mirror/imageArchive";
import { writeImage } from "../../mirror/images/image";
import { ownImageProblems, staleOwnImages } from "../../mirror/ownImages";
import { boards } from "../support";

describe("the operator's own images", () => {
    let folder: string;
    const image = { reference: "example.org/shop:1.4", archive: "shop-{arch}.tar" };
    const save = (name: string, { reference = image.reference, arch = "amd64" as "amd64" | "arm64", text = "" } = {}) =>
        writeImage(path.join(folder, name), {
            image: ownImage(reference),
            arch,
            source: "https://example.org/shop",
            config: {},
            entries: [{ path: "shop", type: "file", content: Buffer.from(text.padEnd(2 << 20, "shop")) }],
        });
    const problems = (archive: string, architectures: readonly ("amd64" | "arm64")[] = ["amd64"]) =>
        ownImageProblems({ images: [{ ...image, archive }], architectures, folder });
    const fill = (architectures: readonly ("amd64" | "arm64")[] = ["amd64", "arm64"]) =>
        fillMirror({
            source: "build",
            architectures,
            images: [{ ...image, archive: path.join(folder, image.archive) }],
            jobs: [],
            cache: path.join(folder, "cache"),
            folder: path.join(folder, "mirror"),
            lock: { upstream: {}, build: {} },
        });

    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "mirror-test-"))));
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    it("are found in what docker save writes, gzipped or not", async () => {
        await save("shop.tar");
        fs.writeFileSync(path.join(folder, "shop.tgz"), gzipSync(fs.readFileSync(path.join(folder, "shop.tar"))));
        for (const name of ["shop.tar", "shop.tgz"]) {
            assert.deepEqual([...(await imagesInArchive(path.join(folder, name)))], [[image.reference, "amd64"]]);
        }
    });

    it("come into the mirror with their digest, and again when the archive has changed", async () => {
        await save("shop-amd64.tar");
        await save("shop-arm64.tar", { arch: "arm64" });
        const stale = () => staleOwnImages([image], loadDigests(path.join(folder, "mirror")), folder);
        await fill();
        const before = loadDigests(path.join(folder, "mirror")).files;
        assert.deepEqual(Object.keys(before), [
            "images/example.org/shop/1.4/amd64.tar",
            "images/example.org/shop/1.4/arm64.tar",
        ]);
        assert.deepEqual(stale(), []);
        await save("shop-amd64.tar", { text: "changed" });
        assert.deepEqual(stale(), ["example.org/shop:1.4 as it is now in shop-{arch}.tar"]);
        await fill();
        const after = loadDigests(path.join(folder, "mirror")).files;
        assert.deepEqual(stale(), []);
        assert.deepEqual(
            Object.keys(after).filter((file) => after[file].sha256 !== before[file].sha256),
            ["images/example.org/shop/1.4/amd64.tar"],
        );
    });

    it("are not missed for an architecture that the mirror wasn't filled for", async () => {
        await save("shop-amd64.tar");
        await fill(["amd64"]);
        const digests = loadDigests(path.join(folder, "mirror"));
        assert.deepEqual(staleOwnImages([image], digests, folder), []);
        const other = { ...image, reference: "example.org/shop:1.5" };
        assert.equal(staleOwnImages([image, other], digests, folder).length, 1);
    });

    it("are loaded by every node, from the archive of its architecture", () => {
        const { cluster, nodes } = boards();
        const path = (arch: string) => `images/example.org/shop/1.4/${arch}.tar`;
        const files = { [path("amd64")]: { sha256: "a" }, [path("arm64")]: { sha256: "b" } };
        for (const node of nodes) {
            const entries = stage(node, { ...cluster, images: [image] }, { files }).flat();
            assert.deepEqual(
                entries.filter((entry) => "reference" in entry && entry.reference === image.reference),
                [
                    {
                        kind: "image",
                        runtime: "docker",
                        reference: image.reference,
                        path: path("{arch}"),
                        digests: { amd64: "a", arm64: "b" },
                    },
                ],
            );
        }
    });

    it("give a mirror a folder of its own", () => {
        const at = (images: readonly (typeof image)[]) => mirrorFolder("build", undefined, "/c", undefined, images);
        assert.equal(at([]), mirrorFolder("build", undefined, "/c"));
        assert.equal(new Set([at([]), at([image]), at([{ ...image, archive: "/other.tar" }])]).size, 3);
    });

    it("are refused when the archive is missing, is something else, or holds something else", async () => {
        await save("shop.tar");
        await save("old.tar", { reference: "example.org/shop:1.3" });
        fs.writeFileSync(path.join(folder, "text.tar"), "this is no archive".repeat(100));
        assert.deepEqual(await problems("shop.tar"), []);
        assert.deepEqual(await problems("gone.tar"), [
            "images[0].archive gone.tar can't be read as an archive of images (ENOENT): " +
                "write it with `docker save example.org/shop:1.4 -o gone.tar`.",
        ]);
        assert.match((await problems("text.tar"))[0], /^images\[0\]\.archive text\.tar can't be read as an archive/);
        assert.deepEqual(await problems("old.tar"), [
            "images[0].archive old.tar holds example.org/shop:1.3, but not example.org/shop:1.4: " +
                "save the image under that name, or correct images[0].reference.",
        ]);
        const [wrong, ...more] = await problems("shop.tar", ["amd64", "arm64"]);
        assert.match(wrong, /shop\.tar holds example\.org\/shop:1\.4 for amd64, but arm64 is needed: give one/);
        assert.deepEqual(more, []);
    });

    it("are not read again when the mirror has them", async () => {
        await save("shop-amd64.tar");
        const file = path.join(folder, "shop-amd64.tar");
        const time = new Date("2026-01-01");
        fs.utimesSync(file, time, time);
        await fill(["amd64"]);
        fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size));
        fs.utimesSync(file, time, time);
        const own = { images: [image], architectures: ["amd64"] as const, folder };
        const digests = loadDigests(path.join(folder, "mirror"));
        assert.deepEqual(await ownImageProblems(own, digests), []);
        assert.equal((await ownImageProblems(own)).length, 1);
    });
});
