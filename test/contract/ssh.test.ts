/** What looks at machines over SSH, with servers that stand for machines and a bastion. */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import type { SshTarget } from "../../components/inventory/node";
import { askHostKey, run } from "../../components/remote/ssh";
import { keyPair, startSshServer, type SshServer } from "./sshServer";

describe("SSH", () => {
    const user = keyPair();
    let machine: SshServer;
    let bastion: SshServer;
    const hop = ({ port, hostKey }: SshServer) => ({
        host: "127.0.0.1",
        port,
        user: "bb",
        hostKey,
        privateKey: user.privateKey,
    });
    const behind = (more: Partial<SshTarget["proxy"]> = {}): SshTarget => ({
        ...hop(machine),
        proxy: { ...hop(bastion), ...more },
    });

    beforeEach(async () => {
        [machine, bastion] = await Promise.all([startSshServer({ user }), startSshServer({ user })]);
    });
    afterEach(() => Promise.all([machine.close(), bastion.close()]));

    it("goes through a bastion with one login for all who do so at a time, and leaves none open", async () => {
        const ask = (_: unknown, index: number) => run(behind(), `echo ${index}`, { timeout: 15_000 });
        const answers = await Promise.all(Array.from({ length: 20 }, ask));
        assert.deepEqual(
            answers.map(({ stdout }) => stdout),
            answers.map((_, index) => `${index}\n`),
        );
        assert.deepEqual([bastion.logins, machine.logins, bastion.commands], [1, 20, []]);
        await run(behind(), "true");
        assert.equal(bastion.logins, 2);
        while (bastion.open > 0 || machine.open > 0) await new Promise((resolve) => setImmediate(resolve));
    });

    it("sends nothing through a bastion that shows another key, and to a machine behind one that does", async () => {
        const other = keyPair().line;
        const why = /shows another host key than the one pinned/;
        await assert.rejects(run(behind({ hostKey: other }), "echo told"), why);
        assert.deepEqual([bastion.logins, machine.logins], [0, 0]);
        await assert.rejects(run({ ...behind(), hostKey: other }, "echo told"), why);
        assert.deepEqual([bastion.logins, machine.logins, machine.commands], [1, 0, []]);
    });

    it("notices that a machine behind a bastion has hung up in the middle of a command", async () => {
        const running = run(behind(), "sleep 60");
        while (machine.commands.length === 0) await new Promise((resolve) => setImmediate(resolve));
        machine.hangUp();
        await assert.rejects(running, /the connection closed before the command ended/);
    });

    it("takes a new login when the bastion had ended the one before, and says which of them can't be reached", async () => {
        const gone = behind();
        await bastion.close();
        await assert.rejects(run(gone, "true"), new RegExp(`127.0.0.1:${bastion.port} can't be reached over SSH`));
        bastion = await startSshServer({ user });
        assert.equal((await run(behind(), "true")).code, 0);
        const { port } = machine;
        await machine.close();
        const refused = new RegExp(
            `127.0.0.1:${bastion.port} could not reach 127.0.0.1:${port}|127.0.0.1:${port} can't`,
        );
        await assert.rejects(run(behind(), "true"), refused);
        assert.equal(await askHostKey(hop(bastion)), bastion.hostKey);
        machine = await startSshServer({ user });
    });

    describe("with an agent", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-agent-"));
        const socket = path.join(folder, "agent");
        const inherited = process.env.SSH_AUTH_SOCK;
        let agent: ChildProcess;

        before(async () => {
            agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
            await once(agent.stdout!, "data");
            process.env.SSH_AUTH_SOCK = socket;
        });
        after(() => {
            agent.kill();
            if (inherited === undefined) delete process.env.SSH_AUTH_SOCK;
            else process.env.SSH_AUTH_SOCK = inherited;
            fs.rmSync(folder, { recursive: true, force: true });
        });

        it("logs in to bastion and machine where no key is named, and is refused without the key", async () => {
            const { proxy, ...target } = behind();
            const asked = { ...target, privateKey: undefined, proxy: { ...proxy!, privateKey: undefined } };
            await assert.rejects(run(asked, "true"), /refuses the login of bb: its authorized_keys lacks the key/);
            execFileSync("ssh-add", ["-q", "-"], { input: user.privateKey });
            assert.equal((await run(asked, "echo in")).stdout, "in\n");
        });
    });
});
