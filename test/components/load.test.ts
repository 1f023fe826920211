import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { writeCertificates } from "../contract/kubernetes/certificates";
import { loadSettings } from "../../components/config/load";

/** Sets a stack's configuration as the engine hands it over: one JSON text for each key. */
function configure(settings: Record<string, unknown>): void {
    const texts = Object.entries(settings).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    pulumi.runtime.setAllConfig(Object.fromEntries(texts));
}

const valid = {
    "slipway:cluster": { name: "hex" },
    "slipway:nodes": [
        { name: "n1", address: "192.168.1.1", roles: ["control-plane"], ssh: { hostKey: "ssh-ed25519 AAAA" } },
    ],
};

describe("loading the configuration", () => {
    before(() =>
        pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "hex"),
    );
    after(() => pulumi.runtime.setAllConfig({}));

    it("reads what the stack says", () => {
        configure({ ...valid, "slipway:workloads": { "my-nginx": { replicas: 1 } }, "kubernetes:x": "y" });
        const settings = loadSettings();
        assert.equal(settings.cluster.name, "hex");
        assert.deepEqual(settings.workloads, { "my-nginx": { replicas: 1, port: 80 } });
    });

    it("reads the lab's configuration, the embedded default", () => {
        const file = path.join(__dirname, "..", "..", "Pulumi.dev.yaml");
        configure(parse(fs.readFileSync(file, "utf8")).config);
        assert.ok(loadSettings().lab);
    });

    it("reads authorities from files, and says of each one why it is none", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-authorities-"));
        await writeCertificates(folder, "api");
        const at = (name: string) => path.join(folder, name);
        const authority = fs.readFileSync(at("ca.crt"), "utf8");
        const load = (authorities: string[]) => {
            configure({ ...valid, "slipway:cluster": { name: "hex", authorities } });
            return loadSettings().cluster.authorities;
        };
        assert.deepEqual(load([at("ca.crt"), authority]), [authority, authority]);
        assert.throws(
            () => load([at("none"), at("server.crt"), at("server.key"), at("ca.crt")]),
            (error: Error) => {
                assert.match(error.message, /authorities\[0\] \S+none can't be read \(ENOENT\)/);
                assert.match(error.message, /authorities\[1\] \S+server.crt must hold certificates of authorities/);
                assert.match(error.message, /authorities\[2\] \S+server.key holds a private key/);
                assert.doesNotMatch(error.message, /authorities\[3\]|PRIVATE/);
                return true;
            },
        );
        fs.rmSync(folder, { recursive: true });
    });

    it("lists every problem at once, names the file to mend, and shows no stack trace", () => {
        configure({ "slipway:cluster": "{", "slipway:nods": [], "slipway:workloads": { "hello-kub": {} } });
        assert.throws(loadSettings, (error: Error) => {
            assert.ok(pulumi.RunError.isInstance(error));
            assert.match(error.message, /nothing was touched/);
            assert.match(error.message, /Pulumi\.hex\.yaml/);
            for (const part of [
                /nods is not a setting: did you mean "nodes"/,
                /cluster is not an object/,
                /hello-kube/,
            ]) {
                assert.match(error.message, part);
            }
            return true;
        });
    });

    it("refuses machines whose host key isn't pinned, before anything is sent to them", () => {
        const node = { ...valid["slipway:nodes"][0], ssh: {} };
        configure({ ...valid, "slipway:nodes": [node] });
        assert.throws(loadSettings, /ssh\.hostKey is missing for n1.*npm run trust -- --stack hex/);
        configure({
            ...valid,
            "slipway:nodes": [node],
            "slipway:cluster": { name: "hex", ssh: { strictHostKeyChecking: false } },
        });
        assert.equal(loadSettings().nodes.length, 1);
    });

    it("takes private keys from files, and says which one can't be read", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-keys-"));
        const key = path.join(folder, "id");
        fs.writeFileSync(key, "KEY\n", { mode: 0o600 });
        configure({ ...valid, "slipway:cluster": { name: "hex", ssh: { privateKeyFile: key } } });
        assert.equal(loadSettings().cluster.ssh.privateKey, "KEY\n");
        fs.rmSync(folder, { recursive: true });
        assert.throws(() => loadSettings(), /cluster\.ssh\.privateKeyFile .*\/id can't be read \(ENOENT\)/);
    });
});
