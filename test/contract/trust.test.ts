/** Host keys are collected, shown and pinned: with servers that stand for machines and a bastion. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { parse, stringify } from "yaml";

import { fingerprint, trust } from "../../setup/commands/trust";
import { keyPair, startSshServer, type SshServer } from "./sshServer";
import { quiet, StackFolder } from "./stackFolder";

describe("slipway trust", () => {
    let folder: StackFolder;
    let bastion: SshServer;
    let servers: SshServer[];
    const file = () => folder.at("Pulumi.hex.yaml");
    /** What was printed, and the exit status. */
    const trusting = async (values: Record<string, string> = {}) => {
        let printed = "";
        const write = process.stdout.write;
        process.stdout.write = ((text: string) => ((printed += text), true)) as typeof write;
        try {
            const args = { command: "trust", stack: "hex", values, switches: [], rest: [] } as const;
            return { status: await trust(args, folder.root, quiet), printed };
        } finally {
            process.stdout.write = write;
        }
    };
    const nodes = () =>
        (parse(fs.readFileSync(file(), "utf8")) as { config: Record<string, Written[]> }).config["slipway:nodes"];
    interface Written {
        ssh: { hostKey?: string; port?: number };
    }

    before(async () => {
        const { privateKey, line } = keyPair();
        const start = () => startSshServer({ translate: () => "exit 1", user: { privateKey, line } });
        [bastion, ...servers] = await Promise.all([start(), start(), start()]);
        folder = new StackFolder("");
        folder.write("id", privateKey);
        const [first, second] = servers;
        folder.write(
            "Pulumi.hex.yaml",
            `config:
  slipway:cluster:
    name: hex
    ssh: { user: bb, privateKeyFile: ${folder.at("id")} }
  slipway:nodes:
    # The one in the cupboard.
    - name: hex-n1
      address: 192.168.1.11
      roles: [control-plane, worker]
      ssh: { host: 127.0.0.1, port: ${first.port} }
    - name: hex-n2
      address: 192.168.1.12
      ssh:
        host: 127.0.0.1
        port: ${second.port}
        proxy: { host: 127.0.0.1, port: ${bastion.port}, user: bb, privateKeyFile: ${folder.at("id")} }
`,
        );
    });
    after(async () => {
        await folder?.close();
        await Promise.all([bastion, ...(servers ?? [])].map((server) => server?.close()));
    });

    it("shows each machine's fingerprint as ssh-keygen does, and pins its key beside what stood there", async () => {
        const { status, printed } = await trusting();
        assert.equal(status, 0);
        const pinned = nodes().map(({ ssh }) => ssh.hostKey);
        assert.deepEqual(
            pinned,
            servers.map(({ hostKey }) => hostKey),
        );
        const text = fs.readFileSync(file(), "utf8");
        assert.match(text, /# The one in the cupboard\./);
        assert.ok(text.includes(bastion.hostKey));
        for (const { hostKey } of [bastion, ...servers]) {
            fs.writeFileSync(folder.at("key.pub"), `${hostKey}\n`);
            const [, told] = execFileSync("ssh-keygen", ["-lf", folder.at("key.pub")], { encoding: "utf8" }).split(" ");
            assert.ok(fingerprint(hostKey).startsWith(`${told} `));
            assert.ok(printed.includes(told));
        }
        assert.equal(printed.match(/pinned now/g)?.length, 3);
        assert.deepEqual(
            servers.map(({ logins }) => logins),
            [0, 0],
            "nobody logs in to a machine that isn't trusted yet",
        );
    });

    it("changes nothing when all is as pinned", async () => {
        const before = fs.readFileSync(file(), "utf8");
        const { status, printed } = await trusting();
        assert.equal(status, 0);
        assert.equal(printed.match(/as pinned/g)?.length, 3);
        assert.equal(fs.readFileSync(file(), "utf8"), before);
    });

    it("never replaces a pinned key by itself, but for the machine that --accept names", async () => {
        const other = keyPair().line;
        const before = fs.readFileSync(file(), "utf8").replace(servers[0].hostKey, other);
        fs.writeFileSync(file(), before);
        const refused = await trusting();
        assert.equal(refused.status, 1);
        assert.ok(refused.printed.includes(`CHANGED: ${fingerprint(other)} is pinned`));
        assert.equal(fs.readFileSync(file(), "utf8"), before);
        await assert.rejects(
            trusting({ "--accept": "hex-n3" }),
            /There is no machine hex-n3 \(did you mean "hex-n\d"\?\)/,
        );
        assert.equal((await trusting({ "--accept": "hex-n1" })).status, 0);
        assert.equal(nodes()[0].ssh.hostKey, servers[0].hostKey);
    });

    it("says which machine gives no answer, and pins the others", async () => {
        const written = parse(fs.readFileSync(file(), "utf8")) as { config: Record<string, Written[]> };
        const [first, second] = written.config["slipway:nodes"];
        delete first.ssh.hostKey;
        second.ssh.port = 1;
        fs.writeFileSync(file(), stringify(written));
        const { status, printed } = await trusting();
        assert.equal(status, 1);
        assert.match(printed, /hex-n2 +127\.0\.0\.1:1 +- +127\.0\.0\.1:\S+ (could not reach|can't be reached)/);
        assert.equal(nodes()[0].ssh.hostKey, servers[0].hostKey);
    });
});
