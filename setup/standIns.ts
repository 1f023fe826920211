import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Failure } from "./failure";
import { preload } from "./paths";

/** The running stand-in providers: one process for all. */
export interface StandIns {
    /** For PULUMI_DEBUG_PROVIDERS: the engine attaches to these ports and looks for no plugin. */
    readonly debugProviders: string;
    stop(): Promise<void>;
}

/** How long the process may take until it says its ports, in milliseconds. */
const patience = 30_000;

/**
 * Starts the stand-ins for these providers. They end when our end of their stdin closes, so also when we are killed.
 *
 * @param log where what they write to stderr goes.
 */
export async function startStandIns(root: string, names: readonly string[], log: string): Promise<StandIns> {
    fs.mkdirSync(path.dirname(log), { recursive: true, mode: 0o700 });
    const errors = fs.openSync(log, "w", 0o600);
    const child = spawn(process.execPath, ["--require", preload, path.join("standins", "serve.ts")], {
        cwd: root,
        // A process group of its own: Ctrl-C in the terminal is Pulumi's to handle, and Pulumi needs its providers then.
        detached: true,
        stdio: ["pipe", "pipe", errors],
    });
    fs.closeSync(errors);
    const [stdin, stdout] = [child.stdin as Writable, child.stdout as Readable];
    stdin.on("error", () => undefined);
    const ended = new Promise<string>((resolve) => {
        child.on("exit", (code, signal) => resolve(`ended with ${code ?? signal}`));
        child.on("error", (error) => resolve(error.message));
    });
    const stop = async () => {
        stdin.end();
        const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
        await ended;
        clearTimeout(timer);
    };
    const firstLine = new Promise<string>((resolve) => createInterface({ input: stdout }).once("line", resolve));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve(`said nothing in ${patience / 1000} s`), patience);
    });
    const answer = await Promise.race([firstLine, late, ended]);
    clearTimeout(timer);
    const ports = readPorts(answer);
    if (!ports) {
        await stop();
        const lines = fs.readFileSync(log, "utf8").trim().split("\n").slice(-10).join("\n");
        throw new Failure(`The stand-in plugins didn't start (${answer}). The end of ${log}:\n${lines}`);
    }
    const missing = names.filter((name) => !(name in ports));
    if (missing.length > 0) {
        await stop();
        throw new Failure(
            `There is no stand-in for Pulumi's plugin ${missing.join(", ")}, and the genuine one isn't installed: ` +
                "run `pulumi plugin install resource NAME VERSION` where Pulumi's download site can be reached.",
        );
    }
    // Only what is still open of ours would keep this process alive.
    stdout.resume();
    child.unref();
    for (const pipe of [stdin, stdout]) (pipe as unknown as { unref(): void }).unref();
    return { debugProviders: names.map((name) => `${name}:${ports[name]}`).join(","), stop };
}

function readPorts(line: string): Record<string, number> | undefined {
    try {
        const ports: unknown = JSON.parse(line);
        return typeof ports === "object" && ports !== null ? (ports as Record<string, number>) : undefined;
    } catch {
        return undefined;
    }
}
