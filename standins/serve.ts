/**
 * Serves all stand-in plugins from one process. Prints one line of JSON, {"command":PORT,"docker":PORT,…}, and ends when
 * its stdin is closed, or on SIGTERM: whoever starts it keeps the other end of stdin open.
 *
 *     node --require ./bin/preload.cjs standins/serve.ts
 *     PULUMI_DEBUG_PROVIDERS=command:PORT,docker:PORT,… pulumi up
 */
import { readFileSync } from "node:fs";
import { names, type StandinName } from "./registry";
import * as registry from "./registry";
import { serve, type Server } from "./server";

/** The stand-ins that listen, by name. */
export type Ports = Record<StandinName, number>;

/** The version of the SDK package, which is the version of the plugin that the program asks the engine for. */
function sdkVersion(name: string): string {
    const text = readFileSync(require.resolve(`@pulumi/${name}/package.json`), "utf8");
    return (JSON.parse(text) as { version: string }).version;
}

/** Starts a server for each stand-in. */
export async function serveAll(): Promise<{ ports: Ports; close(): Promise<void> }> {
    const servers = new Map<StandinName, Server>();
    for (const name of names) servers.set(name, await serve(() => registry.load(name), sdkVersion(name)));
    return {
        ports: Object.fromEntries([...servers].map(([name, { port }]) => [name, port])) as Ports,
        close: async () => {
            await Promise.all([...servers.values()].map((server) => server.close()));
        },
    };
}

/** The value of PULUMI_DEBUG_PROVIDERS for these ports. */
export const debugProviders = (ports: Partial<Ports>): string =>
    Object.entries(ports)
        .map(([name, port]) => `${name}:${port}`)
        .join(",");

async function main(): Promise<void> {
    const { ports, close } = await serveAll();
    const end = () => void close().finally(() => process.exit(0));
    process.stdin.on("end", end).on("error", end).resume();
    process.on("SIGTERM", end);
    // Ctrl-C reaches the whole process group. The engine needs its plugins to come to an orderly end, so only stdin and
    // SIGTERM end this process.
    process.on("SIGINT", () => undefined);
    // One plugin's mishap must not take the others along.
    const report = (error: unknown) => void process.stderr.write(`stand-in plugins: ${String(error)}\n`);
    process.on("unhandledRejection", report).on("uncaughtException", report);
    process.stdout.write(`${JSON.stringify(ports)}\n`);
    // The largest by far is loaded before the engine asks for it: its handshake has a deadline, which loading hundreds
    // of modules on a busy machine would miss.
    setImmediate(() => void registry.load("kubernetes"));
}

if (require.main === module) void main();
