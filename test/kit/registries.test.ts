import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { dockerMirrors, outside, registryCredentials, render } from "../../components/render";
import { writeCertificates } from "../contract/kubernetes/certificates";
import { Machine } from "./machine";
import { registryServer, type RegistryServer } from "./registryServer";

describe("kit: registries of one's own", function () {
    this.timeout(300_000);
    let machine: Machine;
    let folder: string;
    let guarded: RegistryServer;
    let mirror: RegistryServer;
    const login = "bb:of-a-registry";

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-registries-"));
        await writeCertificates(folder, "registry.lan");
        const read = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");
        machine = await Machine.start("node");
        const host = await machine.cutOff();
        await machine.root(`echo '${host} registry.lan' >>/etc/hosts`);
        const tls = { certificate: read("server.crt"), key: read("server.key") };
        guarded = await registryServer(host, { ...tls, login });
        mirror = await registryServer(host, tls);
        await machine.upload();
    });
    after(async () => {
        await machine?.stop();
        await guarded?.close();
        await mirror?.close();
        fs.rmSync(folder, { recursive: true, force: true });
    });

    it("are asked with their own authority and login, and as mirrors of docker.io", async () => {
        const authority = fs.readFileSync(path.join(folder, "ca.crt"), "utf8");
        const [own, other] = [`registry.lan:${guarded.port}`, `registry.lan:${mirror.port}`];
        const [username, password] = login.split(":");
        const registries = [
            { host: own, authority, username, password },
            { host: other, authority },
            { host: "docker.io", mirrors: [`https://${other}`] },
        ];
        const checked = validate({
            cluster: { name: "hex", registries },
            nodes: [{ name: "n1", address: "10.0.0.1", roles: ["control-plane"] }],
        });
        assert.ok("settings" in checked, JSON.stringify(checked));
        const { cluster, nodes } = checked.settings;
        const daemon = {
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            ...dockerMirrors(cluster),
        };
        const base = render(outside(nodesOf(cluster, nodes)[0], cluster), [
            { kind: "file", path: "/etc/docker/daemon.json", content: JSON.stringify(daemon) },
            { kind: "unit", name: "docker.service", state: "active", after: ["/etc/docker/daemon.json"] },
        ]);
        assert.doesNotMatch(base, /of-a-registry/);
        for (const [words, manifest] of [
            ["base apply owner=hex:abc source=https://", base],
            ["credentials apply", render(registryCredentials(cluster))],
        ]) {
            const { code, stderr } = await machine.step(words, manifest);
            assert.equal(code, 0, stderr);
        }
        const file = "/var/lib/kubelet/config.json";
        assert.equal(await machine.root(`stat -c '%a %U' ${file}`), "600 root\n");

        const refused = await machine.node.exec(`docker pull ${own}/team/demo:1`);
        assert.notEqual(refused.code, 0);
        // The kubelet reads the same file, in the form that docker's command knows.
        await machine.root(`docker --config ${path.dirname(file)} pull -q ${own}/team/demo:1`);
        assert.ok(guarded.answered.includes("/v2/team/demo/manifests/1"), guarded.answered.join());
        await machine.root("docker pull -q demo:1");
        assert.ok(mirror.answered.includes("/v2/library/demo/manifests/1"), mirror.answered.join());
    });
});
