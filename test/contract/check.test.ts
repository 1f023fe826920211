/** Machines are asked before anything is changed: by `check`, and by `up` for those that it would build on. */
import assert from "node:assert/strict";

import { refuseUnfit } from "../../setup/askMachines";
import { check } from "../../setup/commands/others";
import { machinesOf } from "../../setup/machines";
import { checkSettings } from "../../setup/settings";
import { findStack } from "../../setup/stack";
import { LocalNode } from "../kit/local";
import { keyPair, startSshServer, type SshServer } from "./sshServer";
import { quiet, StackFolder } from "./stackFolder";

describe("slipway check, of the machines", () => {
    let folder: StackFolder;
    let machines: LocalNode[];
    let servers: SshServer[];
    const sudo = process.getuid?.() === 0 ? "" : "unshare --map-root-user ";

    before(async () => {
        const user = keyPair();
        machines = [new LocalNode(), new LocalNode()];
        machines[1].write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="14.04"\nPRETTY_NAME="Ubuntu 14.04.6 LTS"\n');
        machines.forEach((machine, i) => machine.write("/etc/machine-id", `${i}\n`));
        // The script comes on standard input, whoever runs it.
        const play = ({ root }: LocalNode) => `SLIPWAY_ROOT=${root} ${sudo}sh -s`;
        servers = await Promise.all([
            ...machines.map((machine) => startSshServer({ user, translate: () => play(machine) })),
            startSshServer({
                user,
                translate: (command) => command.replace('"$(id -u)"', "1").replaceAll("sudo", "false"),
            }),
        ]);
        folder = new StackFolder("");
        folder.write("id", user.privateKey);
        await folder.open();
    });
    after(async () => {
        await Promise.all([...servers.map((server) => server.close()), folder.close()]);
        machines.forEach((machine) => machine.dispose());
    });

    /** An inventory of these machines, by their ports; the first is the control plane. */
    const configure = (...ports: number[]) =>
        folder.configure({
            cluster: {
                name: "hex",
                source: "/mnt/mirror/",
                ssh: { user: "bb", host: "127.0.0.1", privateKeyFile: folder.at("id") },
                architectures: ["amd64", "arm64"],
                kubelet: { failCgroupV1: false, resolvConf: "/etc/resolv.conf" },
                network: { backend: "host-gw" },
            },
            nodes: ports.map((port, i) => ({
                ...pinned(port),
                name: `hex-n${i + 1}`,
                address: `127.0.1.${i + 1}`,
                roles: i === 0 ? ["control-plane", "worker"] : ["worker"],
            })),
        });

    /** How to log in there; a port of nobody's has some key. */
    const pinned = (port: number) => {
        const { hostKey } = servers.find((server) => server.port === port) ?? servers[0];
        return { ssh: { port, ...(trusted && { hostKey }) } };
    };
    let trusted = true;

    const checking = async () => {
        let printed = "";
        const write = process.stdout.write;
        process.stdout.write = ((text: string) => ((printed += text), true)) as typeof write;
        try {
            const args = { command: "check", stack: "hex", switches: [], rest: [] } as const;
            return { status: await check(args, folder.root, quiet), printed };
        } finally {
            process.stdout.write = write;
        }
    };
    const trees = () => machines.map((machine) => machine.tree());

    it("says what stands against each, all at once, and changes nothing", async () => {
        configure(servers[0].port, servers[1].port, servers[2].port, 1);
        const before = trees();
        const { status, printed } = await checking();
        assert.equal(status, 1);
        assert.match(printed, /Machines: 4 were asked, \d with findings\./);
        assert.match(
            printed,
            /✘ hex-n2: Ubuntu 14\.04\.6 LTS starts its services with upstart .*: install 22\.04 or newer\./,
        );
        assert.match(
            printed,
            /✘ hex-n3: bb may not use sudo without a password: give it `bb ALL=\(ALL\) NOPASSWD: ALL`/,
        );
        assert.match(printed, /✘ hex-n4: 127\.0\.0\.1:1 can't be reached over SSH/);
        assert.doesNotMatch(printed, /✘ .*hex-n1/);
        assert.deepEqual(trees(), before);
    });

    it("is content with machines that fit", async () => {
        configure(servers[0].port);
        const { printed } = await checking();
        assert.match(printed, /Machines: 1 were asked/);
        assert.doesNotMatch(printed, /✘ hex/);
    });

    it("asks nobody before host keys are pinned", async () => {
        trusted = false;
        configure(servers[0].port);
        trusted = true;
        const { logins } = servers[0];
        const { status, printed } = await checking();
        assert.equal(status, 1);
        assert.match(printed, /⚠ The machines were not asked: their host keys come first\./);
        assert.equal(servers[0].logins, logins);
    });

    const refusing = async () => {
        const stack = findStack(folder.root, { name: "hex", needed: true });
        await refuseUnfit(stack, () => machinesOf({ stack }), checkSettings(stack), quiet);
    };

    it("up refuses before it begins, but for a machine that may still be booting", async () => {
        configure(servers[0].port, servers[1].port);
        const before = trees();
        await assert.rejects(refusing, /hex-n2: Ubuntu 14\.04\.6[^]*Nothing was changed on any machine/);
        assert.deepEqual(trees(), before);
        configure(servers[0].port, 1);
        await refusing();
    });

    it("up asks nobody where every machine is a node already", async () => {
        configure(servers[0].port);
        const state = { deployment: { resources: [baseOf("hex-n1", "127.0.1.1")] } };
        const asked = servers[0].commands.length;
        await importState(state);
        await refusing();
        assert.equal(servers[0].commands.length, asked);
    });

    const baseOf = (node: string, address: string) => ({
        urn: `urn:pulumi:hex::slipway::command:remote:Command::${node}-base`,
        type: "command:remote:Command",
        custom: true,
        id: "1",
        inputs: { triggers: [node, address] },
    });

    /** Adds resources to the stack's state, as an `up` would leave them. */
    async function importState({ deployment }: { deployment: { resources: object[] } }): Promise<void> {
        const state = JSON.parse(await folder.pulumi(["stack", "export"]));
        folder.write("state.json", JSON.stringify({ ...state, deployment: { ...state.deployment, ...deployment } }));
        await folder.pulumi(["stack", "import", "--force", "--file", folder.at("state.json")]);
    }
});
