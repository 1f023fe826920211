import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { artifacts, defaultVersions, images } from "../../mirror/catalogue";
import { loadDigests, verifyMirror } from "../../mirror/digests";
import { fillMirror } from "../../mirror/fill";
import { serveMirror } from "../../mirror/serve";
import { digest, fakeUpstream, type FakeUpstream } from "./mirror-support/upstream";
import { readTar } from "./mirror-support/tar";

describe("a mirror filled from upstream", () => {
    let folder: string;
    let upstream: FakeUpstream;
    const fill = () =>
        fillMirror({
            source: "upstream",
            architectures: ["amd64"],
            upstream: upstream.prefix,
            cache: folder,
            folder: path.join(folder, "mirror"),
            lock: { upstream: {}, build: {} },
        });

    beforeEach(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "mirror-test-"));
        upstream = await fakeUpstream(defaultVersions);
    });
    afterEach(async () => {
        await upstream.close();
        fs.rmSync(folder, { recursive: true });
    });

    it("holds every file and image, compared with what upstream publishes", async () => {
        const mirror = await fill();
        assert.deepEqual(await verifyMirror(mirror), []);
        const { source, files } = loadDigests(mirror);
        assert.equal(source, "upstream");
        const kubelet = artifacts().kubelet.path("amd64");
        assert.equal(fs.readFileSync(path.join(mirror, kubelet), "utf8"), "kubelet for amd64\n");
        assert.equal(files[kubelet].checked, `${kubelet}.sha256`);
        const criDockerd = files[artifacts()["cri-dockerd"].path("amd64")];
        assert.equal(criDockerd.checked, undefined);
        assert.match(criDockerd.remark ?? "", /publishes no checksum/);
        assert.match(files[images().nginx.path("amd64")].checked ?? "", /^docker.io\/library\/nginx@sha256:/);

        upstream.requests.length = 0;
        await fill();
        assert.deepEqual(upstream.requests, ["manifest.json"], "a full mirror fetches nothing");
    });

    it("turns an image from its registry into an archive for docker load", async () => {
        const archive = await readTar(path.join(await fill(), images().flannel.path("amd64")));
        const [manifest] = JSON.parse(archive.get("manifest.json")!.content.toString());
        assert.deepEqual(manifest.RepoTags, ["ghcr.io/flannel-io/flannel:v0.28.4"]);
        assert.equal(manifest.Config, `${digest(archive.get(manifest.Config)!.content)}.json`);
        assert.equal(manifest.Layers.length, 2);
        assert.equal(manifest.Layers[0], `${digest(archive.get(manifest.Layers[0])!.content)}.tar.gz`);
        assert.equal(archive.size, 3);
    });

    it("keeps nothing of a file that doesn't fit its published checksum, and fetches the rest", async () => {
        const kubelet = artifacts().kubelet.path("amd64");
        const right = upstream.answers.get(kubelet)!;
        upstream.answers.set(kubelet, Buffer.from("something else"));
        await assert.rejects(fill(), (error: Error) => {
            assert.match(
                error.message,
                /^kubelet 1.36.3 \(amd64\) is missing from the mirror: .*kubelet has the SHA-256/,
            );
            assert.match(error.message, new RegExp(`${digest(right)} was expected`));
            return true;
        });
        const mirror = path.join(folder, "mirror");
        assert.ok(!fs.existsSync(path.join(mirror, kubelet)));
        assert.equal(Object.keys(loadDigests(mirror).files).length, 14);

        upstream.answers.set(kubelet, right);
        upstream.requests.length = 0;
        await fill();
        assert.deepEqual(upstream.requests, ["manifest.json", `${kubelet}.sha256`, kubelet]);
        assert.deepEqual(await verifyMirror(mirror), []);
    });

    describe("with cosign on PATH", () => {
        const kubelet = artifacts().kubelet.path("amd64");
        const before = process.env.PATH;
        const calls = () => fs.readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");
        /** A cosign that writes down what it is asked, and takes what the `good` pattern fits for well signed. */
        const cosign = (good: string) => {
            const bin = path.join(folder, "bin");
            fs.mkdirSync(bin, { recursive: true });
            const script = `#!/bin/sh\necho "$*" >>'${folder}/calls'\ncase $* in version | ${good}) ;; *) echo "no match" >&2; exit 1 ;; esac\n`;
            fs.writeFileSync(path.join(bin, "cosign"), script, { mode: 0o755 });
            process.env.PATH = `${bin}:${before}`;
        };
        beforeEach(() => {
            for (const end of [".sig", ".cert"]) upstream.answers.set(`${kubelet}${end}`, Buffer.from(`kubelet${end}`));
        });
        afterEach(() => {
            process.env.PATH = before;
        });

        it("has signatures checked where upstream signs, and says so", async () => {
            cosign("*");
            const { files } = loadDigests(await fill());
            assert.equal(files[kubelet].checked, `${kubelet}.sha256, and its signature`);
            // A mirror without signatures is none the worse.
            assert.equal(
                files[artifacts().kubectl.path("amd64")].checked,
                `${artifacts().kubectl.path("amd64")}.sha256`,
            );
            const [verified, ...others] = calls().filter((call) => call.startsWith("verify-blob"));
            assert.deepEqual(others, []);
            assert.match(verified, /--signature \S+kubelet\.sig --certificate \S+kubelet\.cert /);
            assert.match(verified, /--certificate-identity krel-staging@k8s-releng-prod\.iam\.gserviceaccount\.com /);
            assert.match(verified, /--certificate-oidc-issuer https:\/\/accounts\.google\.com \S+\/kubelet$/);
        });

        it("keeps nothing of a file whose signature isn't the signer's", async () => {
            cosign("nothing");
            await assert.rejects(
                fill(),
                /kubelet is not signed by krel-staging@\S+, so it is not used: cosign .*no match/s,
            );
            const mirror = path.join(folder, "mirror");
            assert.ok(!fs.existsSync(path.join(mirror, kubelet)));
            assert.ok(!(kubelet in loadDigests(mirror).files));
        });
    });

    it("refuses a layer that was altered on the way, and an image that isn't published for the architecture", async () => {
        const layer = [...upstream.answers.keys()].filter((key) => key.includes("/blobs/"))[1];
        upstream.answers.set(layer, Buffer.from("something else"));
        const { tag } = images().coredns;
        upstream.answers.set(
            `registry.k8s.io/v2/coredns/coredns/manifests/${tag}`,
            Buffer.from(JSON.stringify({ manifests: [] })),
        );
        await assert.rejects(fill(), (error: Error) => {
            assert.match(error.message, /image registry.k8s.io\/pause:.* has the SHA-256 .* was expected/);
            assert.match(error.message, /coredns:v1.14.7 isn't published for linux\/amd64/);
            return true;
        });
    });

    it("says what upstream answered for a version that it doesn't have", async () => {
        upstream.answers.delete(artifacts().kubectl.checksums!.replace("{arch}", "amd64"));
        await assert.rejects(
            fill(),
            /kubectl 1.36.3 \(amd64\) is missing from the mirror: http.*kubectl.sha256 answered 404/,
        );
    });

    it("says of an image that can't be had which, from where, and what to do", async () => {
        const { tag } = images().nginx;
        upstream.answers.delete(`registry-1.docker.io/v2/library/nginx/manifests/${tag}`);
        await assert.rejects(fill(), (error: Error) => {
            assert.match(
                error.message,
                /^image nginx:1.26.3 \(amd64\) is missing from the mirror: http\S+ answered 404/,
            );
            assert.match(
                error.message,
                /It was asked from docker.io\/library\/nginx\. Ask for a version that is there/,
            );
            assert.match(error.message, /`--source build`.*cluster\.source/);
            return true;
        });
        const copy = fillMirror({
            source: "upstream",
            upstream: `${path.join(folder, "mirror")}/`,
            architectures: ["amd64"],
            cache: path.join(folder, "copy"),
            lock: { upstream: {}, build: {} },
        });
        await assert.rejects(copy, /The mirror .*mirror\/ doesn't hold nginx:1\.26\.3 \(amd64\): it was/);
    });

    it("is copied with the packages that it carries; one without them says so", async () => {
        const original = await fill();
        const packages = { systems: ["debian-12" as const], names: ["socat"] };
        const copy = () =>
            fillMirror({
                source: "upstream",
                upstream: `${original}/`,
                architectures: ["amd64"],
                cache: path.join(folder, "copy"),
                lock: { upstream: {}, build: {} },
                packages,
            });
        await assert.rejects(copy(), /doesn't hold packages of debian-12 \(amd64\)/);
        const carried = ["Packages", "socat.deb"].map((name) => `packages/debian-12/amd64/${name}`);
        const job = {
            ...{ name: "packages-debian-12", title: "packages", key: "1", origin: "copied" as const },
            paths: [carried[0]],
            make: async ({ out }: { out: string }) => {
                fs.mkdirSync(path.join(out, path.dirname(carried[0])), { recursive: true });
                carried.forEach((file) => fs.writeFileSync(path.join(out, file), file));
            },
        };
        await fillMirror({
            source: "upstream",
            architectures: ["amd64"],
            cache: folder,
            folder: original,
            lock: { upstream: {}, build: {} },
            jobs: [job],
        });
        const copied = await copy();
        for (const file of carried) assert.equal(fs.readFileSync(path.join(copied, file), "utf8"), file);
        assert.deepEqual(await verifyMirror(copied), []);
    });

    it("is copied by others, over HTTP or from a folder, and stands in when it can't be asked", async () => {
        const original = await fill();
        const server = await serveMirror({ folder: original });
        const lines: string[] = [];
        const copy = (from: string, cache: string) =>
            fillMirror({
                source: "upstream",
                upstream: from,
                architectures: ["amd64"],
                cache: path.join(folder, cache),
                lock: { upstream: {}, build: {} },
                progress: (line) => lines.push(line),
            });
        const copies = [await copy(server.url, "one"), await copy(`${original}/`, "two")];
        const digests = (of: string) =>
            Object.entries(loadDigests(of).files).map(([name, { sha256 }]) => [name, sha256]);
        for (const each of copies) {
            assert.deepEqual(digests(each), digests(original));
            assert.deepEqual(await verifyMirror(each), []);
        }
        await server.close();
        assert.equal(await copy(server.url, "one"), copies[0]);
        assert.ok(lines.some((line) => /can't be fetched: .* What was copied from there earlier is used./.test(line)));

        fs.writeFileSync(path.join(original, images().pause.path("amd64")), "something else");
        await assert.rejects(
            copy(`${original}/`, "three"),
            /image .*pause.* is missing from the mirror: .*was expected/,
        );
    });
});
