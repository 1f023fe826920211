/** A copy of the state on a control plane, and the way back from it, with the real engine and the kit below a folder. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import type { Arguments } from "../../setup/arguments";
import { adopt } from "../../setup/commands/adopt";
import { refuseOwned } from "../../setup/owners";
import { prepare, type Prepared } from "../../setup/prepare";
import { Progress } from "../../setup/progress";
import { run } from "../../setup/run";
import { checkSettings } from "../../setup/settings";
import { ensureStack, findStack, stateFile } from "../../setup/stack";
import { keep, readRecord } from "../../setup/stackRecord";
import { keepCopies } from "../../setup/stateCopies";
import { LocalNode } from "../kit/local";
import { startSshServer, type SshServer } from "./sshServer";

const checkout = path.resolve(__dirname, "../..");

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
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-adopt-"));
    const home = path.join(root, "home");
    const args: Arguments = { command: "adopt", stack: "hex", switches: [], rest: [] };
    const quiet = new Progress({ stream: fs.createWriteStream("/dev/null"), live: false });
    const saved = { ...process.env };
    const node = new LocalNode();
    const copy = "/var/lib/slipway/state.json.gz";
    let server: SshServer;
    let prepared: Prepared;

    const stack = () => findStack(root, { name: "hex", needed: true });
    const pulumi = (...words: string[]) => {
        const file = words[0] !== "stack" && prepared.configFile ? ["--config-file", prepared.configFile] : [];
        const all = [...words, ...file, "--stack", "hex", "--non-interactive"];
        return run(prepared.pulumi, all, { cwd: root, env: prepared.env });
    };
    const keepNow = async () => {
        const said: string[] = [];
        await keepCopies(prepared, checkSettings(stack()), (line) => said.push(line));
        return said;
    };

    before(async () => {
        for (const name of Object.keys(process.env)) if (name.startsWith("PULUMI_")) delete process.env[name];
        Object.assign(process.env, { SLIPWAY_HOME: home, PULUMI_HOME: path.join(root, "pulumi") });
        fs.mkdirSync(home, { mode: 0o700 });
        server = await startSshServer({ translate: (command) => node.translate(command) });
        node.welcome();
        const { port, hostKey, privateKey } = server;
        fs.writeFileSync(path.join(root, "id"), privateKey, { mode: 0o600 });
        const ssh = { host: "127.0.0.1", port, user: "bb", hostKey, privateKeyFile: path.join(root, "id") };
        const nodes = [{ name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"], ssh }];
        const config = { "slipway:cluster": { name: "hex" }, "slipway:nodes": nodes };
        fs.writeFileSync(path.join(root, "Pulumi.hex.yaml"), JSON.stringify({ config }));
        fs.writeFileSync(path.join(root, "Pulumi.yaml"), "name: slipway\nruntime: nodejs\nmain: index.js\n");
        fs.writeFileSync(path.join(root, "index.js"), program);
        fs.copyFileSync(path.join(checkout, "package.json"), path.join(root, "package.json"));
        for (const name of ["node_modules", "standins"])
            fs.symlinkSync(path.join(checkout, name), path.join(root, name));
        keep("hex", {
            source: "build",
            plugins: { command: "stand-in", docker: "stand-in", kubernetes: "stand-in", tls: "stand-in" },
        });
        prepared = await prepare({ stack: "hex", root, purpose: "operate", progress: quiet });
        await ensureStack(prepared.stack, prepared.pulumi, prepared.env);
        await pulumi("up", "--yes", "--skip-preview");
    });

    after(async () => {
        await prepared?.close();
        await server?.close();
        node.dispose();
        process.env = saved;
        fs.rmSync(root, { recursive: true, force: true });
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
            /has a state here, of 4 resources.*`npm run down -- --stack hex`/,
        );
    });

    it("is missed by the first `up`, which is refused with the ways out", async () => {
        lose();
        await assert.rejects(refuseOwned({ ...args, command: "up" }, stack(), "hex"), (error: Error) => {
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
        await assert.rejects(adopt(args, root, quiet), new RegExp(`is another one: restore the file ${file}`));
        assert.ok(!fs.existsSync(stateFile(stack())), "nothing is left of the attempt");
        fs.writeFileSync(file, right, { mode: 0o600 });
    });

    it("comes back, and the next preview is empty", async () => {
        assert.equal(await adopt(args, root, quiet), 0);
        assert.equal(readRecord("hex").source, "build");
        await pulumi("preview", "--expect-no-changes");
        assert.match(await pulumi("stack", "output", "key", "--show-secrets"), /BEGIN EC PRIVATE KEY/);
        assert.deepEqual(await keepNow(), []);
    });

    it("comes back into a backend of the user's own", async () => {
        await prepared.close();
        const backend = path.join(root, "backend");
        fs.mkdirSync(backend);
        const passphrase = fs.readFileSync(path.join(home, "passphrase"), "utf8").trim();
        Object.assign(process.env, { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "wrong" });
        await assert.rejects(adopt(args, root, quiet), /restore the variable PULUMI_CONFIG_PASSPHRASE/);
        process.env.PULUMI_CONFIG_PASSPHRASE = passphrase;
        assert.equal(await adopt(args, root, quiet), 0);
        prepared = await prepare({ stack: "hex", root, purpose: "operate", progress: quiet });
        await pulumi("preview", "--expect-no-changes");
        keep("hex", { copies: {} });
        assert.deepEqual(await keepNow(), []);
    });
});
