import * as fs from "node:fs";
import * as path from "node:path";

import {
    kitFolder,
    kitHash,
    kitPath,
    NodeReport,
    probeNode,
    run,
    RunResult,
    uploadedStep,
} from "../../components/remote";
import { NodeSpec } from "../../components/inventory/node";
import type { Flavour } from "../../lab/config";
import { type ThrowAwayOptions, ThrowAwayNode, throwAwayNode } from "../../lab/throwaway";
import { type Inventory, inventoryOf } from "../inventory";

/** A throw-away machine with the kit uploaded, worked on over SSH by an ordinary user, as Slipway does. */
export class Machine {
    private constructor(readonly node: ThrowAwayNode) {}

    /**
     * @param mirror a folder that the machine sees as /mnt/mirror
     * @param network one that is there, and the machine's address in it
     */
    static async start(flavour: Flavour, mirror?: string, network?: ThrowAwayOptions["network"]): Promise<Machine> {
        return new Machine(await throwAwayNode({ flavour, mirror, network }));
    }

    /** Cuts its way out: what isn't on the engine's network can't be reached any more. Returns the host's address there. */
    async cutOff(): Promise<string> {
        const [, gateway] = /default via (\S+)/.exec(await this.root("ip route")) ?? [];
        // Nobody has the last address of the engine's network.
        await this.root(`ip route replace default via ${gateway.replace(/\.\d+\.\d+$/, ".255.254")}`);
        return gateway;
    }

    /** Puts the kit where CopyToRemote puts it. */
    async upload(): Promise<void> {
        const { user } = this.node.ssh;
        for (const name of fs.readdirSync(kitFolder)) {
            const file = `/home/${user}/${path.dirname(uploadedStep())}/${name}`;
            await this.node.put(file, fs.readFileSync(path.join(kitFolder, name)));
        }
        await this.root(`chown -R ${user}: /home/${user}/.slipway`);
    }

    /** `step WORD…` over SSH; the base from the upload, everything else as installed. */
    async step(words: string, manifest = ""): Promise<RunResult> {
        const script = words.startsWith("base apply") ? uploadedStep() : `/var/lib/slipway/kit/${kitHash()}/step`;
        return run(this.node.ssh, `sh ${script} ${words}`, { stdin: manifest, timeout: 300_000 });
    }

    /** A command as root, which must succeed; what it printed. */
    async root(command: string, input?: string): Promise<string> {
        const { code, stdout, stderr } = await this.node.exec(command, input);
        if (code !== 0) {
            throw new Error(`${command}: ${stderr || stdout}`);
        }
        return stdout;
    }

    async probe(): Promise<NodeReport> {
        const spec: NodeSpec = {
            name: "probed",
            address: this.node.address,
            roles: ["worker"],
            ssh: this.node.ssh,
            labels: {},
            taints: [],
            lost: false,
            sysctls: {},
            source: "",
            runtime: "docker",
            docker: {},
            containerd: {},
            kubelet: {},
            kubeProxy: {},
        };
        return probeNode(spec, { timeout: 20_000 });
    }

    /** When a unit became active, in microseconds since boot. */
    async since(unit: string): Promise<string> {
        return this.root(`systemctl show -P ActiveEnterTimestampMonotonic ${unit}`);
    }

    /** Everything that the machine has. */
    async inventory(): Promise<Inventory> {
        return inventoryOf((command) => this.root(command));
    }

    get kit(): string {
        return kitPath();
    }

    async stop(): Promise<void> {
        await this.node.remove();
    }
}
