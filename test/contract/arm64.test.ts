/** What is made here for arm64: a cheap program of it, as the mirror makes it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { defaultVersions, images } from "../../mirror/catalogue";
import { fillMirror } from "../../mirror/fill";
import { mirrorJobs } from "../../mirror/jobs";

/** Runs programs for arm64 on this machine: nothing where it is one; undefined where nothing can. */
function emulator(): string[] | undefined {
    if (os.arch() === "arm64") return [];
    const found = ["qemu-aarch64-static", "qemu-aarch64"].find(
        (name) => spawnSync(name, ["-version"]).error === undefined,
    );
    return found === undefined ? undefined : [found];
}

describe("what is made for arm64", function () {
    this.timeout(300_000);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-arm64-"));
    const program = path.join(folder, "pause");
    after(() => fs.rmSync(folder, { recursive: true, force: true }));

    it("says so in its image, and is an executable for it", async function () {
        if (spawnSync("go", ["version"]).error) {
            console.log("      skipped: there is no Go here to build with");
            return this.skip();
        }
        const jobs = mirrorJobs("build", defaultVersions, "arm64").filter(({ name }) => name === "image-pause");
        const lock = { upstream: {}, build: {} };
        const filling = { source: "build", architectures: ["arm64"], jobs, lock, folder, cache: folder } as const;
        const mirror = await fillMirror(filling);
        const archive = path.join(mirror, images().pause.path("arm64"));
        const read = (file: string, input?: Buffer) =>
            execFileSync("tar", ["-xOf", input ? "-" : archive, file], { input, maxBuffer: 64 << 20 });
        const [{ Config, Layers }] = JSON.parse(read("manifest.json").toString()) as {
            Config: string;
            Layers: string[];
        }[];
        assert.equal(JSON.parse(read(Config).toString()).architecture, "arm64");
        fs.writeFileSync(program, read("pause", read(Layers[0])), { mode: 0o755 });
        const header = fs.readFileSync(program).subarray(0, 20);
        assert.deepEqual([header.toString("latin1", 0, 4), header.readUInt16LE(18)], ["\x7fELF", 183]);
    });

    it("runs, by emulation where this machine is none", function () {
        const emulated = emulator();
        if (!emulated || !fs.existsSync(program)) {
            const reason = emulated ? "there is no program to run" : "qemu-user-static isn't installed";
            console.log(`      skipped: ${reason}`);
            return this.skip();
        }
        const [command, ...rest] = [...emulated, program, "-v"];
        assert.equal(execFileSync(command, rest, { encoding: "utf8" }), `pause ${defaultVersions.pause}\n`);
    });
});
