import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";

import { hostKeyProblems } from "../../components/config/hostKeys";
import { machinesOf } from "../../setup/machines";
import type { Prepared } from "../../setup/prepare";
import { checkSettings } from "../../setup/settings";
import { findStack } from "../../setup/stack";

const root = path.resolve(__dirname, "..", "..");

describe("setup: the machines of a stack", () => {
    let folder = "";
    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-machines-"))));
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    const hex = (ssh: object) => ({
        "slipway:cluster": { name: "hex", ssh: { user: "bb", ...ssh } },
        "slipway:nodes": [
            { name: "hex-n1", address: "192.168.1.11", roles: ["control-plane"], ssh: { host: "hex-n1.local" } },
        ],
    });

    /** A stack of this configuration, with a Pulumi that has `decrypted` to say, or none. */
    function prepared(config: object, decrypted?: object): Prepared {
        const configFile = path.join(folder, "Pulumi.hex.yaml");
        fs.writeFileSync(configFile, stringify({ config }));
        const pulumi = path.join(folder, "pulumi");
        if (decrypted) {
            fs.writeFileSync(path.join(folder, "answer"), JSON.stringify(decrypted));
            const script = `#!/bin/sh\necho "$*" >${folder}/asked\ncat ${folder}/answer\n`;
            fs.writeFileSync(pulumi, script, { mode: 0o755 });
        }
        const stack = findStack(root, { name: "hex", configFile, needed: true });
        return { stack, pulumi, env: process.env, configFile, close: async () => undefined };
    }

    it("are refused where no host key is pinned, bastions too, unless it is said; never those of a lab", () => {
        const proxy = { host: "gate.example.org", user: "bb" };
        const refusal = (config: object) =>
            hostKeyProblems(checkSettings(prepared(config).stack), "`npm run trust`").join();
        assert.match(
            refusal(hex({ proxy })),
            /ssh\.hostKey is missing for hex-n1, gate\.example\.org, .*`npm run trust`.*strictHostKeyChecking: false/,
        );
        assert.equal(refusal(hex({ proxy, strictHostKeyChecking: false })), "");
        assert.equal(refusal(hex({ hostKey: "ssh-ed25519 AAAA" })), "");
        assert.equal(refusal({ "slipway:cluster": { name: "dev" }, "slipway:lab": { name: "dev" } }), "");
    });

    it("have the keys that files hold, without a word to Pulumi", async () => {
        const key = path.join(folder, "id");
        fs.writeFileSync(key, "KEY\n");
        const [node] = await machinesOf(prepared(hex({ privateKeyFile: key })));
        assert.deepEqual(node.ssh, { host: "hex-n1.local", port: 22, user: "bb", privateKey: "KEY\n" });
    });

    it("have the keys that the configuration holds encrypted", async () => {
        const config = hex({ privateKey: { secure: "v1:xyz" } });
        const clear = Object.fromEntries(
            Object.entries(hex({ privateKey: "SECRET\n" })).map(([key, value]) => [
                key,
                { value: JSON.stringify(value), objectValue: value, secret: true },
            ]),
        );
        const [node] = await machinesOf(prepared(config, clear));
        assert.equal(node.ssh.privateKey, "SECRET\n");
        const asked = fs.readFileSync(path.join(folder, "asked"), "utf8");
        assert.match(asked, /^config --json --show-secrets --stack hex .*--config-file .*Pulumi\.hex\.yaml$/m);
    });

    it("can't be told while a key can't be read", async () => {
        await assert.rejects(machinesOf(prepared(hex({ privateKeyFile: "/nowhere/id" }))), {
            message: "cluster.ssh.privateKeyFile /nowhere/id can't be read (ENOENT).",
        });
    });
});
