/** What @pulumi/command's plugin does, as its documentation, its source and facts of the project say. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { Archive, Asset, Secret, UNKNOWN, type Values } from "../../standins/values";
import { openPlugin, type Instance, type Plugin } from "./plugin";
import { keyPair, startSshServer, type SshServer } from "./sshServer";

const Command = "command:remote:Command";
const CopyToRemote = "command:remote:CopyToRemote";

describe("the command plugin", () => {
    let plugin: Plugin;
    let command: Instance;
    let server: SshServer;
    let folder: string;
    let connection: Values;

    before(async () => {
        plugin = await openPlugin("command");
        command = await plugin.connect();
        server = await startSshServer({ password: "open sesame" });
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-command-"));
        const { port, hostKey, privateKey } = server;
        connection = { host: "127.0.0.1", port, user: "somebody", hostKey, privateKey };
    });

    after(async () => {
        await plugin?.close();
        await server?.close();
        fs.rmSync(folder, { recursive: true });
    });

    const file = (name: string) => path.join(folder, name);
    const exists = (name: string) => fs.existsSync(file(name));

    it("runs create with stdin and gives its output without the last newline", async () => {
        const made = await command.create(Command, "one", { connection, create: "cat; echo e >&2", stdin: "a\nb\n\n" });
        assert.equal(made.outputs.stdout, "a\nb\n");
        assert.equal(made.outputs.stderr, "e");
        assert.match(made.id, /^one[0-9a-f]{8}$/);
    });

    it("keeps connection secret, with its defaults filled in", async () => {
        const made = await command.create(Command, "one", { connection, create: "true" });
        for (const values of [made.inputs, made.outputs]) {
            assert(values.connection instanceof Secret);
            const { dialErrorLimit, perDialTimeout } = values.connection.value;
            assert.deepEqual({ dialErrorLimit, perDialTimeout }, { dialErrorLimit: 10, perDialTimeout: 15 });
        }
    });

    it("touches nothing in a preview, and doesn't know the output", async () => {
        const create = `touch ${file("preview")}`;
        const planned = await command.create(Command, "one", { connection, create }, { preview: true });
        assert.equal(planned.outputs.stdout, UNKNOWN);
        assert.equal(planned.outputs.create, create);
        assert(!exists("preview"));
    });

    it("keeps the output known in a preview only while no input changes", async () => {
        const made = await command.create(Command, "one", { connection, create: "echo hi" });
        const planned = await command.update(made, { connection, create: "echo ho" }, { preview: true });
        assert.equal(planned.outputs.stdout, UNKNOWN);
    });

    it("finds nothing to do for the same inputs, updates for any other, replaces for triggers", async () => {
        const inputs = { connection, create: "true", triggers: ["a", "b"] };
        const made = await command.create(Command, "one", inputs);
        assert.equal((await command.diff(made, inputs)).changed, false);
        assert.deepEqual((await command.diff(made, { ...inputs, create: "false" })).paths, { create: "update" });
        const moved = await command.diff(made, { ...inputs, connection: { ...connection, port: 1 } });
        assert(moved.changed);
        assert(!Object.values(moved.paths).includes("replace"));
        assert.equal((await command.diff(made, { ...inputs, triggers: ["a", "c"] })).changed, true);
    });

    it("runs update, or create where there is none, and hands the old output on in the environment", async () => {
        const made = await command.create(Command, "one", { connection, create: "echo first" });
        const again = await command.update(made, { connection, create: "echo again $PULUMI_COMMAND_STDOUT" });
        assert.equal(again.outputs.stdout, "again first");
        const inputs = { connection, create: "false", update: "echo <$PULUMI_COMMAND_STDOUT>" };
        const quiet = { ...inputs, update: 'echo "<$PULUMI_COMMAND_STDOUT>"', addPreviousOutputInEnv: false };
        assert.equal((await command.update(made, quiet)).outputs.stdout, "<>");
    });

    it("deletes with what the state has stored", async () => {
        fs.writeFileSync(file("precious"), "");
        const inputs = { connection, create: "true", delete: `xargs rm -f`, stdin: file("precious") };
        await command.delete(await command.create(Command, "one", inputs));
        assert(!exists("precious"));
    });

    it("reads back what the state has", async () => {
        const made = await command.create(Command, "one", { connection, create: "echo hi" });
        assert.deepEqual(await command.read(made), made);
    });

    it("fails with status, command and all that was printed", async () => {
        await assert.rejects(
            command.create(Command, "one", { connection, create: "echo out; echo err >&2; exit 3" }),
            /Process exited with status 3: running "echo out; echo err >&2; exit 3":\n(out\nerr|err\nout)/,
        );
    });

    it("refuses a connection without a host", async () => {
        await assert.rejects(command.create(Command, "one", { connection: { user: "x" }, create: "true" }), /host/);
    });

    it("refuses another host key than the one expected", async () => {
        const other = { ...connection, hostKey: keyPair().line, dialErrorLimit: 0 };
        await assert.rejects(
            command.create(Command, "one", { connection: other, create: "true" }),
            /host key|mismatch/,
        );
    });

    it("accepts any host key when none is given, and a password instead of a key", async () => {
        const login = { ...connection, hostKey: undefined, privateKey: undefined, password: "open sesame" };
        const made = await command.create(Command, "one", { connection: login, create: "echo in" });
        assert.equal(made.outputs.stdout, "in");
    });

    it("says that the login was refused", async () => {
        const login = { ...connection, privateKey: keyPair().privateKey, dialErrorLimit: 1 };
        await assert.rejects(
            command.create(Command, "one", { connection: login, create: "true" }),
            /login was refused|unable to authenticate/,
        );
    });

    it("gives up after dialErrorLimit refusals", async () => {
        const nobody = { ...connection, port: await freePort(), dialErrorLimit: 2 };
        await assert.rejects(
            command.create(Command, "one", { connection: nobody, create: "true" }),
            /connection refused/,
        );
    });

    it("waits for a machine that isn't up yet", async () => {
        const port = await freePort();
        const late = { host: "127.0.0.1", port, password: "late", dialErrorLimit: -1 };
        const made = command.create(Command, "one", { connection: late, create: "echo up" });
        await new Promise((resolve) => setTimeout(resolve, 400));
        const lateServer = await startSshServer({ port, password: "late" });
        try {
            assert.equal((await made).outputs.stdout, "up");
        } finally {
            await lateServer.close();
        }
    });

    it("goes through a bastion", async () => {
        const bastion = await startSshServer({ password: "bridge" });
        try {
            const proxy = { host: "127.0.0.1", port: bastion.port, password: "bridge", hostKey: bastion.hostKey };
            const made = await command.create(Command, "one", {
                connection: { ...connection, proxy },
                create: "echo far",
            });
            assert.equal(made.outputs.stdout, "far");
            assert.equal(bastion.logins, 1);
            assert.deepEqual(bastion.commands, []);
        } finally {
            await bastion.close();
        }
    });

    it("says that a machine behind a bastion has hung up in the middle of a command", async () => {
        const user = keyPair();
        const [bastion, machine] = await Promise.all([startSshServer({ user }), startSshServer({ user })]);
        try {
            const { privateKey } = user;
            const to = ({ port, hostKey }: SshServer) => ({ host: "127.0.0.1", port, user: "bb", hostKey, privateKey });
            const made = command.create(Command, "one", {
                connection: { ...to(machine), proxy: to(bastion) },
                create: "sleep 60",
            });
            while (machine.commands.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
            machine.hangUp();
            await assert.rejects(made, /lost before the process had ended|exited without exit status/);
        } finally {
            await Promise.all([bastion.close(), machine.close()]);
        }
    });

    it("runs twenty commands on a machine at once", async function () {
        const logins = server.logins;
        const runs = Array.from({ length: 20 }, (_, i) =>
            command.create(Command, `many${i}`, { connection, create: `sleep 0.1; echo ${i}` }),
        );
        const outputs = (await Promise.all(runs)).map(({ outputs }) => outputs.stdout);
        assert.deepEqual(
            outputs,
            runs.map((_, i) => `${i}`),
        );
        // The stand-in shares logins; the genuine plugin needs one for each.
        if (!plugin.genuine) assert(server.logins - logins <= 3, `${server.logins - logins} logins`);
    });

    describe("CopyToRemote", () => {
        const hash = (text: string) => text.padEnd(64, "0");
        const asset = (source: string, version = "1") => new Asset({ path: source, hash: hash(version) });
        const archive = (source: string, version = "1") => new Archive({ path: source, hash: hash(version) });
        const copy = (source: Asset | Archive, remotePath: string) =>
            command.create(CopyToRemote, "copy", { connection, source, remotePath });

        before(() => {
            fs.mkdirSync(file("kit/lib"), { recursive: true });
            fs.writeFileSync(file("kit/step"), "#!/bin/sh\n");
            fs.writeFileSync(file("kit/lib/parse.awk"), "BEGIN {}\n");
        });

        it("copies a file to a path, into a folder, and over a file", async () => {
            await copy(asset(file("kit/step")), file("new/deep/step"));
            assert.equal(fs.readFileSync(file("new/deep/step"), "utf8"), "#!/bin/sh\n");
            fs.mkdirSync(file("into"));
            await copy(asset(file("kit/step")), file("into"));
            assert(exists("into/step"));
            fs.writeFileSync(file("old"), "old and longer than the new one");
            await copy(asset(file("kit/step")), file("old"));
            assert.equal(fs.readFileSync(file("old"), "utf8"), "#!/bin/sh\n");
        });

        it("copies a folder below the path, and with a slash its content to the path", async () => {
            await copy(archive(file("kit")), file("a"));
            assert(exists("a/kit/lib/parse.awk"));
            await copy(archive(`${file("kit")}/`), file("b/c"));
            assert(exists("b/c/lib/parse.awk"));
            assert(exists("b/c/step"));
            await assert.rejects(copy(archive(file("kit")), file("kit/step")), /step/);
        });

        it("writes a text", async () => {
            await copy(new Asset({ text: "hello", hash: hash("2") }), file("hello"));
            assert.equal(fs.readFileSync(file("hello"), "utf8"), "hello");
        });

        it("copies again for another content or path only", async () => {
            const made = await copy(asset(file("kit/step")), file("target"));
            fs.rmSync(file("target"));
            const inputs = { connection, source: asset(file("kit/step")), remotePath: file("target") };
            await command.update(made, { ...inputs, connection: { ...connection, dialErrorLimit: 3 } });
            assert(!exists("target"));
            await command.update(made, { ...inputs, source: asset(file("kit/step"), "2") });
            assert(exists("target"));
        });

        it("leaves what it copied when it is deleted", async () => {
            const made = await copy(asset(file("kit/step")), file("stays"));
            await command.delete(made);
            assert(exists("stays"));
        });
    });
});

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}
