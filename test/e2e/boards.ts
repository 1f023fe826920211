import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

import { addressNumber, flavourOf, nodeNames, parseLab } from "../../lab/config";
import { makeKeyPair } from "../../lab/keys";
import { mounted } from "../../lab/load";
import { labAddress, labNodes } from "../../lab/nodes";
import { throwAwayLabel, throwAwayNode, type ThrowAwayNode } from "../../lab/throwaway";
import { chooseDocker, dockerProbes, obtainDocker, stopOwnDaemon } from "../../setup/docker";
import { architecture, docker, removeLabelled, TestStack } from "./harness";
import type { Configuration } from "./tables";

const example = path.resolve(__dirname, "..", "..", "Pulumi.hex.yaml");

/**
 * What plays the boards: six machines that know nothing of each other, with an ordinary user and fixed addresses. One has
 * Debian 13, and one its containers with containerd.
 */
const lab = parseLab({
    name: "hex",
    subnet: "172.31.233.0/24",
    controlPlanes: 1,
    workers: 5,
    sshPort: 2331,
    apiPort: 6433,
    user: "bb",
    debian13: ["hex-3"],
});

/** The only machine whose SSH can be reached from here: the boards' can be from it. Its number is below the boards'. */
const bastion = { name: "hex-bastion", user: "jump", address: labAddress(lab, addressNumber(-1)) };

/** Which boards listen elsewhere than on 22. */
const sshPorts: Readonly<Record<string, number>> = { "hex-n4": 2222 };
const network = `slipway-test-${lab.name}`;
const ours = `label=${throwAwayLabel}=${lab.name}`;

type Settings = Record<string, unknown>;
interface HexNode extends Settings {
    readonly name: string;
}

/** Six machines for Pulumi.hex.yaml, which the stack takes as an inventory like any other. */
export class Boards {
    private readonly machines = new Map<string, ThrowAwayNode>();
    private readonly user = makeKeyPair();
    private readonly jump = makeKeyPair();
    private bastion?: ThrowAwayNode;
    /** Boards whose containers aren't docker's. */
    readonly runtimes: Record<string, string> = { "hex-n4": "containerd" };
    private readonly hex = parse(fs.readFileSync(example, "utf8")).config as Record<string, Settings & HexNode[]>;
    private daemon = false;

    constructor(private readonly stack: TestStack) {}

    /** The boards' names, as the example has them. */
    get names(): string[] {
        return this.hex["slipway:nodes"].map(({ name }) => name);
    }

    /** Starts all six, after what an interrupted run has left is gone. */
    async start(): Promise<void> {
        const engine = await chooseDocker(dockerProbes());
        this.daemon = engine.how !== "found";
        await obtainDocker(engine, () => undefined);
        await this.clear();
        // Says which mirror the machines will see, before there are any.
        this.configure(this.names);
        await this.stack.must(["mirror"]);
        fs.writeFileSync(this.keyFile, this.user.private, { mode: 0o600 });
        await docker("network", "create", "--subnet", lab.subnet, "--label", ours.slice("label=".length), network);
        await Promise.all([this.bootBastion(), ...this.names.map((name) => this.boot(name))]);
    }

    /** A machine that lets its users through and nothing else. */
    private async bootBastion(): Promise<void> {
        this.bastion = await throwAwayNode({
            name: bastion.name,
            user: bastion.user,
            keys: { user: this.jump, host: makeKeyPair() },
            network: { name: network, address: bastion.address },
            ports: [{ internal: 22, external: lab.sshPort }],
            label: lab.name,
        });
        fs.writeFileSync(this.jumpKeyFile, this.jump.private, { mode: 0o600 });
        await configureSsh(this.bastion, "ForceCommand /usr/sbin/nologin\nPermitTTY no\n");
    }

    /** A machine as its maker delivers it, under the name and the address of a board: a new one, or one in its place. */
    async boot(name: string): Promise<void> {
        await this.machines.get(name)?.remove();
        const index = this.names.indexOf(name);
        const node = await throwAwayNode({
            name,
            flavour: flavourOf(lab, nodeNames(lab)[index]),
            user: lab.user,
            keys: { user: this.user, host: makeKeyPair() },
            network: { name: network, address: labAddress(lab, addressNumber(index)) },
            ports: index < lab.controlPlanes ? [{ internal: 6443, external: lab.apiPort }] : [],
            mirror: mounted(this.stack.mirror()).mirrorRoot,
            label: lab.name,
        });
        if (sshPorts[name]) await configureSsh(node, `Port ${sshPorts[name]}\n`);
        this.machines.set(name, node);
    }

    /** The machine that plays a board. */
    machine(name: string): ThrowAwayNode {
        const found = this.machines.get(name);
        if (!found) throw new Error(`There is no board ${name}.`);
        return found;
    }

    /**
     * Writes the example as the stack's configuration, of these boards alone, with what playing them makes necessary:
     * other addresses instead of names, the bastion, and what every lab node gets. `more` is laid over `cluster`.
     */
    configure(names: readonly string[], more: Settings = {}): void {
        this.stack.configure({ ...this.configuration(names, more) });
    }

    /** What `configure` writes, for whoever edits it. */
    configuration(names: readonly string[], more: Settings = {}): Configuration {
        const cluster = this.hex["slipway:cluster"];
        const nodes = this.hex["slipway:nodes"]
            .filter(({ name }) => names.includes(name))
            .map((node) => ({ ...node, ...this.forced(node.name) }));
        const written = {
            cluster: {
                ...cluster,
                source: undefined,
                architectures: [architecture],
                api: { operator: { host: "127.0.0.1", port: lab.apiPort } },
                ssh: { ...(cluster.ssh as Settings), privateKeyFile: this.keyFile, proxy: this.proxy },
                ...more,
            },
            nodes,
            workloads: this.hex["slipway:workloads"],
        };
        // Two boards share nothing: an edit of one's settings is no edit of another's.
        return JSON.parse(JSON.stringify(written));
    }

    private forced(name: string): Settings {
        const machine = this.machines.get(name);
        if (!machine) return {};
        const { engine, ssh: own } = machine;
        const keys = { user: this.user, host: this.user };
        const { mirrorPath } = mounted(this.stack.mirror());
        const played = labNodes(lab, { engine, keys, mirrorPath })[this.names.indexOf(name)];
        const { address, source, docker, containerd, kubelet, kubeProxy } = played;
        const ssh = { host: address, port: sshPorts[name], hostKey: own.hostKey };
        return { address, ssh, source, runtime: this.runtimes[name], docker, containerd, kubelet, kubeProxy };
    }

    private get proxy(): Settings | undefined {
        if (!this.bastion) return undefined;
        const { host, port, user, hostKey } = this.bastion.ssh;
        return { host, port, user, hostKey, privateKeyFile: this.jumpKeyFile };
    }

    private get jumpKeyFile(): string {
        return path.join(this.stack.home, "id_jump");
    }

    private get keyFile(): string {
        return path.join(this.stack.home, "id_ed25519");
    }

    /** What the bastion's users did there so far, as its sshd tells: how often one came in. */
    async logins(): Promise<number> {
        const { stdout } = await this.bastion!.exec(
            `journalctl -q -o cat -u ssh | grep -c '^Accepted publickey for ${bastion.user} '`,
        );
        return Number(stdout);
    }

    /** Removes everything: machines, network, state. */
    async clear(): Promise<void> {
        await removeLabelled(ours);
        fs.rmSync(this.stack.home, { recursive: true, force: true });
    }

    /** The same, at the end; an engine that was started for this goes, too. */
    async end(): Promise<void> {
        await this.clear();
        if (this.daemon) await stopOwnDaemon();
    }
}

/** Adds to a machine's sshd_config, and has it read. */
async function configureSsh(machine: ThrowAwayNode, text: string): Promise<void> {
    await machine.put("/etc/ssh/sshd_config.d/machine.conf", text);
    const { code, stderr } = await machine.exec("systemctl reload ssh");
    if (code !== 0) throw new Error(`The SSH server of ${machine.name} took no settings: ${stderr}`);
}
