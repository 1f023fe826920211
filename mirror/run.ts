import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface RunOptions {
    readonly cwd?: string;
    /** Laid over the environment of this process. */
    readonly env?: Record<string, string>;
    /** Sees each line of stderr as it comes. */
    readonly onError?: (line: string) => void;
}

/** Runs a command and returns what it wrote to stdout. Fails with a sentence that ends in its last lines of stderr. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await runBinary(command, args, options)).toString("utf8");
}

/** As `run`, for output that isn't text. */
export function runBinary(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, {
            cwd: options.cwd,
            env: { ...process.env, ...options.env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        const output: Buffer[] = [];
        const tail: string[] = [];
        child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
        createInterface({ input: child.stderr }).on("line", (line) => {
            tail.push(line);
            tail.splice(0, tail.length - 15);
            options.onError?.(line);
        });
        child.on("error", (error: NodeJS.ErrnoException) =>
            reject(error.code === "ENOENT" ? new Error(`The command ${command} was not found on PATH.`) : error),
        );
        child.on("close", (status, signal) => {
            if (status === 0) {
                resolve(Buffer.concat(output));
            } else {
                const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
                reject(new Error(`${command} ${args.slice(0, 2).join(" ")} ${how}.\n${tail.join("\n")}`.trimEnd()));
            }
        });
    });
}
