import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { writeArchive } from "../../mirror/archive";
import { images } from "../../mirror/catalogue";
import { writeImage, type ImageContent } from "../../mirror/images/image";
import { readTar } from "./mirror-support/tar";

describe("an assembled image", () => {
    let folder: string;
    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "mirror-test-"))));
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    const content: ImageContent = {
        image: images().coredns,
        arch: "arm64",
        source: "https://example.org/coredns",
        config: { Entrypoint: ["/coredns"], User: "65532:65532" },
        entries: [
            { path: "usr/bin/tool", type: "file", mode: 0o755, content: Buffer.from("tool") },
            { path: "bin", type: "link", target: "usr/bin" },
            {
                path: "coredns",
                type: "file",
                mode: 0o755,
                content: Buffer.from("first"),
            },
            {
                path: "coredns",
                type: "file",
                mode: 0o755,
                content: Buffer.from("second"),
                attributes: { "security.capability": Buffer.from("0100000200040000", "hex") },
            },
        ],
    };

    it("has the structure that docker load wants, and says that it was assembled", async () => {
        const file = path.join(folder, "a/arm64.tar");
        await writeImage(file, content);
        assert.deepEqual(fs.readdirSync(path.dirname(file)), ["arm64.tar"]);
        const archive = await readTar(file);
        const [manifest] = JSON.parse(archive.get("manifest.json")!.content.toString());
        assert.deepEqual(manifest.RepoTags, ["registry.k8s.io/coredns/coredns:v1.14.7"]);
        const config = JSON.parse(archive.get(manifest.Config)!.content.toString());
        assert.equal(config.architecture, "arm64");
        assert.deepEqual(config.config.Entrypoint, ["/coredns"]);
        assert.equal(config.config.Labels["build.slipway.assembled"], "true");
        const layer = archive.get(manifest.Layers[0])!.content;
        assert.deepEqual(config.rootfs.diff_ids, [`sha256:${createHash("sha256").update(layer).digest("hex")}`]);

        const layerFile = path.join(folder, "layer.tar");
        fs.writeFileSync(layerFile, layer);
        const members = await readTar(layerFile);
        assert.deepEqual([...members.keys()], ["bin", "coredns", "usr/", "usr/bin/", "usr/bin/tool"]);
        assert.equal(members.get("coredns")!.content.toString(), "second");
        const { pax } = members.get("coredns")!.header as { pax?: Record<string, string> };
        assert.equal(pax?.["SCHILY.xattr.security.capability"], "\x01\0\0\x02\0\x04\0\0");
        assert.equal(members.get("bin")!.header.linkname, "usr/bin");
        assert.equal(members.get("usr/bin/tool")!.header.mode, 0o755);
    });

    it("has nothing below a link, which no engine could unpack", async () => {
        const entries = [...content.entries, { path: "bin/other", type: "file" } as const];
        await assert.rejects(writeImage(path.join(folder, "a.tar"), { ...content, entries }), {
            message: "/bin/other can't be in the image: /bin is a link.",
        });
    });

    it("is the same, byte for byte, when it is made again", async () => {
        const [one, two] = ["one.tar", "two.tar"].map((name) => path.join(folder, name));
        await writeImage(one, content);
        await writeImage(two, content);
        assert.ok(fs.readFileSync(one).equals(fs.readFileSync(two)));
        const archives = ["one.tgz", "two.tgz"].map((name) => path.join(folder, name));
        for (const file of archives) {
            await writeArchive(file, [{ path: "./bridge", type: "file", mode: 0o755, content: { file: one } }]);
        }
        assert.ok(fs.readFileSync(archives[0]).equals(fs.readFileSync(archives[1])));
    });
});
