import * as fs from "node:fs";
import * as path from "node:path";

import { addressNumber, nodeNames, parseLab, type LabConfig } from "../../lab/config";
import { makeKeyPair } from "../../lab/keys";
import { mounted } from "../../lab/load";
import { labAddress, labNodes } from "../../lab/nodes";
import { throwAwayLabel, throwAwayNode, type ThrowAwayNode } from "../../lab/throwaway";
import { chooseDocker, dockerProbes, obtainDocker, stopOwnDaemon } from "../../setup/docker";
import { architecture, docker, removeLabelled, type TestStack } from "../e2e/harness";

type Settings = Record<string, unknown>;

/** Machines that belong to nobody's lab: an inventory for a stack, each of which can be thrown away and set up anew. */
export class Machines {
    private readonly lab: LabConfig;
    private readonly network: string;
    private readonly ours: string;
    private readonly user = makeKeyPair();
    private readonly machines = new Map<string, ThrowAwayNode>();
    private daemon = false;

    /** @param lab in the words of `slipway:lab`: name, subnet, ports, how many */
    constructor(
        private readonly stack: TestStack,
        lab: Settings,
    ) {
        this.lab = parseLab(lab);
        this.network = `slipway-test-${this.lab.name}`;
        this.ours = `label=${throwAwayLabel}=${this.lab.name}`;
    }

    /** Control planes first. */
    get names(): string[] {
        return nodeNames(this.lab);
    }

    /** This machine's address in their network. */
    get gateway(): string {
        return labAddress(this.lab, 1);
    }

    /** Starts all of them, after what an interrupted run has left is gone, and writes the stack's configuration. */
    async start(cluster: Settings = {}): Promise<void> {
        const engine = await chooseDocker(dockerProbes());
        this.daemon = engine.how !== "found";
        await obtainDocker(engine, () => undefined);
        await this.clear();
        // Says which mirror the machines will see, before there are any.
        this.configure(cluster);
        await this.stack.must(["mirror"]);
        fs.writeFileSync(this.keyFile, this.user.private, { mode: 0o600 });
        const label = this.ours.slice("label=".length);
        await docker("network", "create", "--subnet", this.lab.subnet, "--label", label, this.network);
        await Promise.all(this.names.map((name) => this.boot(name)));
        this.configure(cluster);
    }

    /** A machine as its maker delivers it: a new one, or one in the place of that name's. */
    async boot(name: string): Promise<void> {
        await this.machines.get(name)?.remove();
        const index = this.names.indexOf(name);
        const { sshPort, apiPort, controlPlanes, user } = this.lab;
        const node = await throwAwayNode({
            name,
            user,
            keys: { user: this.user, host: makeKeyPair() },
            network: { name: this.network, address: labAddress(this.lab, addressNumber(index)) },
            ports: [
                { internal: 22, external: sshPort + index },
                ...(index < controlPlanes ? [{ internal: 6443, external: apiPort + index }] : []),
            ],
            mirror: mounted(this.stack.mirror()).mirrorRoot,
            label: this.lab.name,
        });
        this.machines.set(name, node);
    }

    machine(name: string): ThrowAwayNode {
        const found = this.machines.get(name);
        if (!found) throw new Error(`There is no machine ${name}.`);
        return found;
    }

    /** Writes the machines as the stack's inventory, with the host keys that they have now. `cluster` is laid over ours. */
    configure(cluster: Settings = {}, nodes: Readonly<Record<string, Settings>> = {}): void {
        const written = {
            cluster: {
                name: this.lab.name,
                architectures: [architecture],
                api: { operator: { host: "127.0.0.1", port: this.lab.apiPort } },
                ssh: { user: this.lab.user, privateKeyFile: this.keyFile },
                ...cluster,
            },
            nodes: this.names.map((name, index) => ({ name, ...this.settings(name, index), ...nodes[name] })),
        };
        this.stack.configure(JSON.parse(JSON.stringify(written)));
    }

    private settings(name: string, index: number): Settings {
        const roles = index < this.lab.controlPlanes ? ["control-plane", "worker"] : ["worker"];
        const machine = this.machines.get(name);
        if (!machine)
            return { address: labAddress(this.lab, addressNumber(index)), roles, ssh: { hostKey: "ssh-ed25519 AAAA" } };
        const { engine, ssh: own } = machine;
        const { mirrorPath } = mounted(this.stack.mirror());
        const played = labNodes(this.lab, { engine, keys: { user: this.user, host: this.user }, mirrorPath })[index];
        const { address, source, docker, containerd, kubelet, kubeProxy } = played;
        const ssh = { host: own.host, port: own.port, hostKey: own.hostKey };
        return { address, roles, ssh, source, docker, containerd, kubelet, kubeProxy };
    }

    private get keyFile(): string {
        return path.join(this.stack.home, "id_ed25519");
    }

    /** Removes everything: machines, network, state. */
    async clear(): Promise<void> {
        await removeLabelled(this.ours);
        fs.rmSync(this.stack.home, { recursive: true, force: true });
    }

    /** The same, at the end; an engine that was started for this goes, too. */
    async end(): Promise<void> {
        await this.clear();
        if (this.daemon) await stopOwnDaemon();
    }
}
