import { docker } from "../e2e/harness";

/**
 * A network of a test's own. On the engine's network a machine that was off may come back with another address, for
 * tests run side by side.
 */
export class OwnNetwork {
    private constructor(
        readonly name: string,
        private readonly prefix: string,
    ) {}

    /** @param third of 172.31.N.0/24: 239 to 241 are taken by tests, 231 to 238 by labs */
    static async create(name: string, third: number): Promise<OwnNetwork> {
        const network = new OwnNetwork(`slipway-test-${name}`, `172.31.${third}`);
        const subnet = `${network.prefix}.0/24`;
        await docker("network", "create", "--subnet", subnet, "--label", "slipway.test=true", network.name);
        return network;
    }

    /** Where `Machine.start` puts a machine: 11 is the first one's. */
    place(last = 11): { readonly name: string; readonly address: string } {
        return { name: this.name, address: `${this.prefix}.${last}` };
    }

    async remove(): Promise<void> {
        await docker("network", "rm", this.name);
    }
}
