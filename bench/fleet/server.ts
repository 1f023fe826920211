/**
 * Simulated nodes: one SSH server for each, all in this process, on ports of 127.0.0.1. A node lets everybody in, reads
 * a command's stdin to its end, and answers after 5 ms. Prints one line of JSON and ends when its stdin is closed.
 *
 *     node --require tsx/cjs bench/fleet/server.ts 100
 */
import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Server, utils } from "ssh2";

/** How to reach the nodes. */
export interface Fleet {
    ports: number[];
    hostKey: string;
    privateKey: string;
}

/** How long a node takes for a command, in milliseconds. */
const nodeTime = 5;

function makeKey(): { pem: string; line: string } {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "sec1", format: "pem" }).toString();
    const parsed = utils.parseKey(pem);
    if (parsed instanceof Error) throw parsed;
    return { pem, line: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}` };
}

function makeNode(hostKey: string): Server {
    return new Server({ hostKeys: [hostKey] }, (connection) => {
        (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
        connection.on("error", () => undefined);
        connection.on("authentication", (login) => login.accept());
        connection.on("session", (acceptSession) =>
            acceptSession().on("exec", (accept) => {
                const channel = accept();
                channel.resume();
                channel.on("end", () =>
                    setTimeout(() => {
                        channel.write("applied\n");
                        channel.exit(0);
                        channel.end();
                    }, nodeTime),
                );
            }),
        );
    });
}

async function main(count: number): Promise<void> {
    const host = makeKey();
    const ports: number[] = [];
    for (let i = 0; i < count; i += 1) {
        const node = makeNode(host.pem);
        await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
        ports.push((node.address() as AddressInfo).port);
    }
    const fleet: Fleet = { ports, hostKey: host.line, privateKey: makeKey().pem };
    process.stdout.write(`${JSON.stringify(fleet)}\n`);
    process.stdin.on("end", () => process.exit(0)).resume();
}

void main(Number(process.argv[2]));
