import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { containerd, Fragment, render } from "../../components/render";
import { parseLab } from "../../lab/config";
import { makeKeyPair } from "../../lab/keys";
import { labNodes } from "../../lab/nodes";
import { artifacts, defaultVersions, optionalVersions } from "../../mirror/catalogue";
import { loadDigests } from "../../mirror/digests";
import { fillMirror } from "../../mirror/fill";
import { mirrorJobs } from "../../mirror/jobs";
import { chooseSource, hostArchitecture } from "../../setup/plan";
import { probeSites } from "../../setup/reachability";
import { differences, type Inventory } from "../inventory";
import { boards } from "../support";
import { Machine } from "./machine";

const image = "demo:1";

/** A mirror of containerd alone, and of an image that is put there later. */
async function mirrorOfContainerd(folder: string): Promise<void> {
    const { source } = await chooseSource({ reach: probeSites });
    const versions = { ...defaultVersions, containerd: optionalVersions.containerd };
    const architecture = hostArchitecture();
    const file = artifacts(versions).containerd!.path(architecture);
    const from = source === "upstream" ? "upstream" : "build";
    const jobs = mirrorJobs(from, versions, architecture).filter(({ paths }) => paths.includes(file));
    await fillMirror({ source: from, versions, architectures: [architecture], jobs, folder });
}

describe("kit: a machine with containerd beside a docker of its owner's", function () {
    this.timeout(600_000);
    const mirror = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-mirror-"));
    let machine: Machine;
    let found: Inventory;
    let steps: Record<"base" | "stage" | "activate", string>;

    before(async () => {
        await mirrorOfContainerd(mirror);
        machine = await Machine.start("node", mirror);
        found = await machine.inventory();
        await machine.upload();
        const { cluster } = boards({ runtime: "containerd" });
        const lab = parseLab({ name: "kit", controlPlanes: 1, workers: 0, containerd: ["kit-1"] });
        const keys = { user: makeKeyPair(), host: makeKeyPair() };
        const [node] = labNodes(lab, { engine: machine.node.engine, keys, mirrorPath: "" });
        const digests = loadDigests(mirror);
        const text = (fragment: Fragment) => render(fragment);
        steps = {
            base: text(containerd.base(node, cluster, digests)),
            stage: "",
            activate: text(containerd.active(node, cluster)),
        };
    });
    after(async () => {
        await machine?.stop();
        fs.rmSync(mirror, { recursive: true, force: true });
    });

    const ctr = (words: string) =>
        machine.root(`/opt/containerd/current/ctr -a /run/cri-containerd/containerd.sock -n k8s.io ${words}`);
    const settled = { code: 0, stdout: "", stderr: "" };

    it("base: starts it beside docker; the activation restarts nothing", async () => {
        const words = "owner=hex:abc source=/mnt/mirror/";
        const first = await machine.step(`base apply ${words}`, steps.base);
        assert.equal(first.code, 0, first.stderr);
        const since = await machine.since("cri-containerd");
        assert.deepEqual(await machine.step("base check", steps.base), settled);
        const activated = await machine.step("activate apply", steps.activate);
        assert.equal(activated.code, 0, activated.stderr);
        assert.deepEqual(await machine.step("activate check", steps.activate), settled);
        assert.equal(await machine.since("cri-containerd"), since);
        assert.equal((await machine.root("systemctl is-active docker containerd")).trim(), "active\nactive");
    });

    it("stage: imports an image under the name that pods use, and proves that it can run it", async () => {
        // Through a pipe, for the machine sees the mirror read-only.
        const archive = path.join(mirror, "images", "demo.tar");
        fs.mkdirSync(path.dirname(archive));
        await machine.root(`set -e
            mkdir -p /tmp/image/bin
            cp -L /bin/busybox /tmp/image/bin/
            ldd /bin/busybox | grep -o '/lib[^ ]*' | while read -r lib; do cp -L --parents "$lib" /tmp/image; done
            tar -cf - -C /tmp/image . | docker import - ${image} >/dev/null
            docker save -o /tmp/demo.tar ${image}
            docker image rm ${image} >/dev/null`);
        fs.writeFileSync(archive, Buffer.from(await machine.root("base64 -w 0 /tmp/demo.tar"), "base64"));
        const digest = (await machine.root("sha256sum /tmp/demo.tar; rm -r /tmp/demo.tar /tmp/image")).slice(0, 64);
        steps.stage = `image ${image} images/demo.tar in=containerd amd64=${digest} arm64=${digest}
prove containerd ${image} /bin/busybox true
`;
        const staged = await machine.step("stage apply", steps.stage);
        assert.equal(staged.code, 0, staged.stderr);
        assert.match(await ctr("images list -q"), /^docker\.io\/library\/demo:1$/m);
        assert.deepEqual(await machine.step("stage apply", steps.stage), settled);
        await ctr(`images remove --sync docker.io/library/${image}`);
        const missing = await machine.step("stage check", steps.stage);
        assert.match(missing.stdout, /image demo:1 is not loaded/);
        assert.equal((await machine.step("stage apply", steps.stage)).code, 0);
    });

    it("remove takes containers, shims, mounts and data with it, and leaves the machine as it was found", async () => {
        await ctr(
            "run --detach --runc-root /run/cri-containerd/runc " +
                `docker.io/library/${image} pod-of-old /bin/busybox sleep 1000`,
        );
        assert.match(await machine.root("runc --root /run/cri-containerd/runc/k8s.io list -q"), /pod-of-old/);
        for (const kind of ["activate", "stage", "base"]) {
            const removed = await machine.step(`${kind} remove`);
            assert.equal(removed.code, 0, removed.stderr);
        }
        assert.equal(await machine.root("pgrep -af 'cri[-]containerd|busybox [s]leep' || true"), "");
        assert.equal(await machine.root("grep cri-containerd /proc/mounts || true"), "");
        assert.equal(await machine.root("ls -d /run/cri-containerd /run/slipway 2>/dev/null || true"), "");
        assert.equal((await machine.root("systemctl is-active docker containerd")).trim(), "active\nactive");
        // The mirror got an image, which docker has made.
        const elsewhere = /\/(mnt\/mirror|var\/lib\/docker)/;
        const remaining = differences(found, await machine.inventory()).filter((line) => !elsewhere.test(line));
        assert.deepEqual(remaining, []);
    });
});
