/** A dead worker is forgotten: with the real engine, and servers that stand for machines. */
import assert from "node:assert/strict";

import type { Arguments } from "../../setup/arguments";
import { forget } from "../../setup/commands/forget";
import { nodesInState } from "../../setup/nodeInState";
import { exportState, findStack, readState } from "../../setup/stack";
import { keyPair, startSshServer, type SshServer } from "./sshServer";
import { quiet, StackFolder } from "./stackFolder";

/** Nodes as the cluster makes them, with what makes forgetting hard: others have waited for the one that is dead. */
const program = `
const pulumi = require("@pulumi/pulumi");
const command = require("@pulumi/command");
const fs = require("node:fs");
const config = new pulumi.Config("slipway");
const privateKey = fs.readFileSync(config.requireObject("cluster").ssh.privateKeyFile, "utf8");
const nodes = config.requireObject("nodes").map((node) => ({ ...node, ssh: { user: "bb", privateKey, ...node.ssh } }));
const component = (type, name, parent) => new pulumi.ComponentResource("slipway:" + type, name, {}, { parent });
const cluster = component("index:Cluster", "hex");
const step = (node, name, opts) => new command.remote.Command(name, {
    connection: node.ssh, create: "apply " + name, delete: "remove " + name, triggers: [node.name, node.address], logging: "none",
}, opts);
component("controlplane:ControlPlane", nodes[0].name + "-control-plane", cluster);
let turn = [];
const members = nodes.map((node) => {
    const prepared = component("node:PreparedNode", node.name, cluster);
    const base = step(node, node.name + "-base", { parent: prepared });
    const agents = component("node:NodeAgents", node.name + "-agents", cluster);
    const activate = step(node, node.name + "-activate", { parent: agents, dependsOn: [base, ...turn] });
    turn = [activate];
    return step(nodes[0], node.name + "-member", { parent: cluster, dependsOn: activate, deletedWith: base });
});
step(nodes[0], "gate", { parent: cluster, dependsOn: members });
`;

describe("a dead node", function () {
    this.timeout(300_000);
    let folder: StackFolder;
    let servers: SshServer[] = [];
    const nodes = () =>
        servers.map(({ port, hostKey }, index) => ({
            name: `hex-n${index + 1}`,
            address: ["192.168.1.11", "192.168.1.12", "127.0.0.1"][index],
            roles: index === 0 ? ["control-plane", "worker"] : ["worker"],
            ssh: { host: "127.0.0.1", port, hostKey },
        }));
    const configure = (list: object[]) =>
        folder.configure({
            cluster: { name: "hex", ssh: { user: "bb", privateKeyFile: folder.at("id") } },
            nodes: list,
        });
    const forgetting = (node: string, ...switches: string[]) =>
        forget({ command: "forget", stack: "hex", node, switches, rest: [] } satisfies Arguments, folder.root, quiet);
    const known = () => nodesInState(readState(findStack(folder.root, { name: "hex", needed: true }))?.resources ?? []);

    before(async () => {
        const { privateKey, line } = keyPair();
        const translate = (command: string) => (/lost=yes/.test(command) ? outcome : "cat >/dev/null");
        servers = await Promise.all([1, 2, 3].map(() => startSshServer({ translate, user: { privateKey, line } })));
        folder = new StackFolder(program);
        folder.write("id", privateKey);
        configure(nodes());
        await folder.open();
        await folder.pulumi(["up", "--yes", "--skip-preview"]);
    });
    let outcome = "true";

    after(async () => {
        await folder?.close();
        await Promise.all(servers.map((server) => server.close()));
    });

    it("must be one that the state knows, a worker, and dead", async () => {
        const before = folder.prepared && (await exportState(folder.prepared));
        await assert.rejects(forgetting("hex-n4"), /Stack hex knows no node hex-n4 \(did you mean "hex-n\d"\?\)/);
        await assert.rejects(forgetting("hex-n1"), /hex-n1 is the only control plane/);
        await assert.rejects(forgetting("hex-n2"), /hex-n2 answers on SSH, so it isn't dead.*npm run up.*--force/);
        assert.deepEqual(await exportState(folder.prepared), before);
    });

    it("stays known while no control plane takes it out of the API", async () => {
        await servers[1].close();
        outcome = "echo 'The API does not answer.' >&2; exit 1";
        await assert.rejects(
            forgetting("hex-n2"),
            /No control plane took hex-n2 out[^]*hex-n1: The API does not answer\./,
        );
        assert.deepEqual(known().sort(), ["hex-n1", "hex-n2", "hex-n3"]);
        outcome = "true";
    });

    it("is taken out of the API, then out of the state; nothing else is touched, and the preview is empty", async () => {
        for (const server of servers) server.commands.length = 0;
        assert.equal(await forgetting("hex-n2"), 0);
        const asked = servers[0].commands.filter((command) => /lost=yes/.test(command));
        assert.deepEqual(asked, ["sh /var/lib/slipway/kit/current/step member remove hex-n2 lost=yes"]);
        assert.deepEqual(servers[2].commands, []);
        assert.deepEqual(known().sort(), ["hex-n1", "hex-n3"]);
        assert.doesNotMatch(JSON.stringify(await exportState(folder.prepared)), /hex-n2/);
        configure(nodes().filter(({ name }) => name !== "hex-n2"));
        await folder.pulumi(["preview", "--expect-no-changes"]);
        await assert.rejects(forgetting("hex-n2"), /knows no node hex-n2/);
    });

    it("is forgotten too when the configuration has it no more, and though it answers when that is said", async () => {
        configure(nodes().slice(0, 1));
        servers[2].commands.length = 0;
        // Looked for at its address by the way to the others, whose port is the control plane's here.
        await assert.rejects(forgetting("hex-n3"), /hex-n3 answers on SSH/);
        assert.equal(await forgetting("hex-n3", "--force"), 0);
        assert.deepEqual(servers[2].commands, []);
        assert.deepEqual(known(), ["hex-n1"]);
        await folder.pulumi(["preview", "--expect-no-changes"]);
    });
});
