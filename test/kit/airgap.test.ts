import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { archives, base, packageNames, render } from "../../components/render";
import { loadDigests } from "../../mirror/digests";
import { sha256 } from "../../mirror/files";
import { fillMirror } from "../../mirror/fill";
import { packageJobs } from "../../mirror/packages/job";
import { serveMirror } from "../../mirror/serve";
import { hostArchitecture } from "../../setup/plan";
import { Machine } from "./machine";

const architecture = hostArchitecture();
const index = `packages/debian-12/${architecture}/Packages`;
const tool = "#!/bin/sh\necho tool\n";
const stage = `artifact tool 1 host.example/tool amd64=${sha256(tool)} arm64=${sha256(tool)}
| 0755 /opt/tool
`;
const installed = "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'";

/** What a cluster asks of a control plane's system, with packages from the mirror. */
function settings() {
    const checked = validate({
        cluster: { name: "hex", packages: "mirror", systems: ["debian-12"], source: "http://mirror/" },
        nodes: [
            {
                name: "n1",
                address: "10.0.0.1",
                roles: ["control-plane"],
                // What the lab's machines can have.
                docker: { "exec-opts": ["native.cgroupdriver=cgroupfs"] },
            },
        ],
    });
    assert.ok("settings" in checked);
    const { cluster, nodes } = checked.settings;
    return { cluster, nodes: nodesOf(cluster, nodes) };
}

describe("kit: a bare machine whose way out is cut", function () {
    this.timeout(300_000);
    const { cluster, nodes } = settings();
    let machine: Machine;
    let mirror: string;
    let server: Awaited<ReturnType<typeof serveMirror>>;
    let manifest: string;
    let found: string;
    const apply = (text: string) => machine.step(`base apply owner=hex:abc source=${server.url}`, text);

    before(async () => {
        mirror = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-airgap-"));
        const wanted = { systems: cluster.systems, names: packageNames(nodes, cluster) };
        const jobs = packageJobs(wanted, [architecture]);
        await fillMirror({ source: "build", architectures: [architecture], folder: mirror, jobs });
        fs.mkdirSync(path.join(mirror, "host.example"));
        fs.writeFileSync(path.join(mirror, "host.example/tool"), tool);
        const digests = loadDigests(mirror);
        // Without its executables, which this mirror doesn't have.
        const own = base(nodes[0], cluster, digests, nodes).flat();
        const system = own.filter(({ kind }) => kind !== "artifact");
        manifest = render(system, archives(cluster, digests));
        machine = await Machine.start("bare");
        server = await serveMirror({ folder: mirror, host: await machine.cutOff() });
        found = await machine.root(installed);
        await machine.upload();
    });
    after(async () => {
        await machine?.stop();
        await server?.close();
        fs.rmSync(mirror, { recursive: true, force: true });
    });

    /** Swaps a file of the mirror for one that was tampered with, for one apply that must fail. */
    async function altered(file: string): Promise<string> {
        const full = path.join(mirror, file);
        const right = fs.readFileSync(full);
        // The mirror's files are links to what is kept for others.
        fs.rmSync(full);
        fs.writeFileSync(full, Buffer.concat([right, Buffer.from("\n")]));
        const { code, stderr } = await apply(manifest);
        fs.writeFileSync(full, right);
        assert.equal(code, 1);
        assert.equal(await machine.root(installed), found, "nothing was installed");
        return stderr;
    }

    it("reaches the mirror and nothing else", async () => {
        await assert.rejects(machine.root("curl -sS --max-time 1 http://deb.debian.org/"));
        await machine.root(`curl -sSf -o /dev/null ${server.url}manifest.json`);
    });

    it("installs nothing of a mirror whose index or package was altered, and names the file", async () => {
        assert.match(await altered(index), /packages of debian-12: http.*\/Packages has the wrong digest/);
        const deb = fs.readdirSync(path.dirname(path.join(mirror, index))).find((name) => name.startsWith("ethtool"))!;
        assert.match(await altered(`${path.dirname(index)}/${deb}`), /package ethtool\S*: http.* has the wrong digest/);
    });

    it("says which system a mirror was not filled for", async () => {
        const { code, stderr } = await apply(manifest.replace("archive debian-12", "archive debian-13"));
        assert.equal(code, 1);
        assert.match(stderr, /carries no packages of debian-12 for \w+, .*name it in cluster.systems/s);
    });

    it("gets docker and everything else from the mirror; a second apply changes nothing", async () => {
        const first = await apply(manifest);
        assert.equal(first.code, 0, first.stderr);
        assert.match(first.stdout, /mended: installed .*docker\.io/);
        await machine.root("docker info");
        assert.deepEqual(await apply(manifest), { code: 0, stdout: "", stderr: "" });
        assert.deepEqual(await machine.step("base check", manifest), { code: 0, stdout: "", stderr: "" });
        const staged = await machine.step("stage apply", stage);
        assert.equal(staged.code, 0, staged.stderr);
        assert.equal(await machine.root("/opt/tool"), "tool\n");
    });

    it("carries nothing of it any more after remove", async () => {
        for (const kind of ["stage", "base"]) {
            const removed = await machine.step(`${kind} remove`);
            assert.equal(removed.code, 0, removed.stderr);
        }
        assert.equal(await machine.root(installed), found);
        assert.equal(await machine.root("ls -d /var/lib/slipway /opt/tool 2>/dev/null || true"), "");
    });
});
