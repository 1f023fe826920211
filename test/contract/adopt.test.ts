/** A copy of the state on a control plane, and the way back from it, with the real engine and the kit below a folder. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as zlib from "node:zlib";

import type { Arguments } from "../../setup/arguments";
import { adopt } from "../../setup/commands/adopt";
import { refuseOwned } from "../../setup/owners";
import { run } from "../../setup/run";
import { checkSettings } from "../../setup/settings";
import { findStack, stateFile } from "../../setup/stack";
import { keep, readRecord } from "../../setup/stackRecord";
import { keepCopies } from "../../setup/stateCopies";
import { LocalNode } from "../kit/local";
import { startSshServer, type SshServer } from "./sshServer";
import { quiet, StackFolder } from "./stackFolder";

/** A secret output, a secret input, and a key of its own. */
const program = `
const pulumi = require("@pulumi/pulumi");
const tls = require("@pulumi/tls");
const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const request = new tls.CertRequest("request", { privateKeyPem: key.privateKeyPem, subject: { commonName: "hex" } });
exports.key = key.privateKeyPem;
exports.request = request.certRequestPem;
`;

describe("a state that is lost", function () {
    this.timeout(300_000);
    const args: Arguments = { command: "adopt", stack: "hex", switches: [], rest: [] };
    const node = new LocalNode();
    const copy = "/var/lib/slipway/state.json.gz";
    let server: SshServer;
    let folder: StackFolder;
    let root: string;
    let home: string;

    const stack = () => findStack(root, { name: "hex", needed: true });
    const pulumi = (...words: string[]) => folder.pulumi(words);
    const keepNow = async () => {
        const said: string[] = [];
        await keepCopies(folder.prepared, checkSettings(stack()), (line) => said.push(line));
        return said;
    };

    before(async () => {
        folder = new StackFolder(program);
        ({ root, home } = folder);
        server = await startSshServer({ translate: (command) => node.translate(command) });
        node.welcome();
        const { port, hostKey, privateKey } = server;
        folder.write("id", privateKey);
        const ssh = { host: "127.0.0.1", port, user: "bb", hostKey, privateKeyFile: folder.at("id") };
        const nodes = [{ name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"], ssh }];
        folder.configure({ cluster: { name: "hex" }, nodes });
        await folder.open();
        await pulumi("up", "--yes", "--skip-preview");
    });

    after(async () => {
        await folder?.close();
        await server?.close();
        node.dispose();
    });

    /** What is lost with a disk: the state, and what was decided. */
    const lose = () => {
        fs.rmSync(path.join(home, "state"), { recursive: true });
        fs.rmSync(path.join(home, "stacks"), { recursive: true });
    };

    it("is on the control plane, for root alone, without a secret in clear", async () => {
        assert.deepEqual(await keepNow(), []);
        assert.equal(fs.statSync(node.at(copy)).mode & 0o777, 0o600);
        const text = await run("zcat", [node.at(copy)]);
        assert.match(text, /"ciphertext"/);
        assert.ok(!text.includes("PRIVATE KEY"));
        assert.ok(!text.includes(fs.readFileSync(path.join(home, "passphrase"), "utf8").trim()));
        assert.match(text, /"stack":"hex","project":"slipway","time":"20[^"]*Z","source":"build"/);
    });

    it("is sent once: nobody is asked while nothing has changed, though Pulumi writes its state anew", async () => {
        const { logins } = server;
        const before = fs.readFileSync(stateFile(stack()), "utf8");
        await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
        assert.notEqual(fs.readFileSync(stateFile(stack()), "utf8"), before);
        assert.deepEqual(await keepNow(), []);
        assert.equal(server.logins, logins);
    });

    it("is one line of warning where a control plane doesn't take it, and is tried again", async () => {
        keep("hex", { copies: {} });
        fs.renameSync(node.at("/var/lib/slipway/owner"), node.at("/owner"));
        const [line, ...more] = await keepNow();
        assert.deepEqual(more, []);
        assert.match(line, /^No new copy of the state, the next `up` tries again: hex-n1: .* belongs to no cluster/);
        fs.renameSync(node.at("/owner"), node.at("/var/lib/slipway/owner"));
        assert.deepEqual(await keepNow(), []);
        assert.equal(Object.keys(readRecord("hex").copies ?? {})[0], "hex-n1");
    });

    it("isn't adopted over one that is there", async () => {
        await assert.rejects(
            adopt(args, root, quiet),
            /has a state here, of 4 resources.*move .*hex\.json and .* away/,
        );
    });

    it("is missed by the first `up`, which is refused with the ways out", async () => {
        lose();
        await assert.rejects(refuseOwned(args, stack(), "hex"), (error: Error) => {
            assert.match(
                error.message,
                /^hex-n1 belongs to the cluster hex \(CA abc\), of which this machine has no state/,
            );
            for (const way of ["npm run adopt -- --stack hex", "docs/backup.md", "base remove"]) {
                assert.ok(error.message.includes(way), way);
            }
            return true;
        });
        assert.ok(!fs.existsSync(stateFile(stack())));
    });

    it("doesn't come back without its passphrase, and says which file to restore", async () => {
        const file = path.join(home, "passphrase");
        const right = fs.readFileSync(file, "utf8");
        fs.rmSync(file);
        const missing = new RegExp(`encrypted, and there is no passphrase.*restore the file ${file}`);
        await assert.rejects(adopt(args, root, quiet), missing);
        fs.writeFileSync(file, "another\n", { mode: 0o600 });
        await assert.rejects(
            adopt(args, root, quiet),
            new RegExp(`is not the one its copy is sealed with.*: restore the file ${file}`),
        );
        assert.ok(!fs.existsSync(stateFile(stack())), "nothing is left of the attempt");
        fs.writeFileSync(file, right, { mode: 0o600 });
    });

    it("doesn't come back from a copy that somebody has changed on the node", async () => {
        const kept = fs.readFileSync(node.at(copy));
        const forged = JSON.parse(zlib.gunzipSync(kept).toString());
        forged.deployment.resources[1].urn += "-forged";
        fs.writeFileSync(node.at(copy), zlib.gzipSync(JSON.stringify(forged)));
        await assert.rejects(adopt(args, root, quiet), /or somebody has changed the copy/);
        fs.writeFileSync(node.at(copy), zlib.gzipSync(JSON.stringify({ ...forged, seal: undefined })));
        await assert.rejects(adopt(args, root, quiet), /or somebody has changed the copy/);
        assert.ok(!fs.existsSync(stateFile(stack())));
        fs.writeFileSync(node.at(copy), kept);
    });

    it("comes back, and the next preview is empty", async () => {
        assert.equal(await adopt(args, root, quiet), 0);
        assert.equal(readRecord("hex").source, "build");
        await pulumi("preview", "--expect-no-changes");
        assert.match(await pulumi("stack", "output", "key", "--show-secrets"), /BEGIN EC PRIVATE KEY/);
        assert.deepEqual(await keepNow(), []);
    });

    it("comes back into a backend of the user's own", async () => {
        const backend = folder.at("backend");
        fs.mkdirSync(backend);
        const passphrase = fs.readFileSync(path.join(home, "passphrase"), "utf8").trim();
        Object.assign(process.env, { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "wrong" });
        await assert.rejects(adopt(args, root, quiet), /restore the variable PULUMI_CONFIG_PASSPHRASE/);
        process.env.PULUMI_CONFIG_PASSPHRASE = passphrase;
        assert.equal(await adopt(args, root, quiet), 0);
        await folder.prepare();
        await pulumi("preview", "--expect-no-changes");
        keep("hex", { copies: {} });
        assert.deepEqual(await keepNow(), []);
    });
});
