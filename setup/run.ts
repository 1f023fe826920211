import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "./failure";

export interface RunOptions {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** Called with each line of stdout and stderr as it comes. */
    readonly onLine?: (line: string) => void;
    /** What is being done, for the error: "building Pulumi". */
    readonly purpose?: string;
    /** Milliseconds after which the program is ended. Unlimited unless given. */
    readonly timeout?: number;
}

/** How many of its last lines a failing program may show. */
const lastLines = 15;

/**
 * Runs a program without a shell and returns its stdout.
 *
 * @throws Failure with the program, its exit status and its last lines.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { status, stdout, tail } = await attempt(command, args, options);
    if (status === 0) return stdout;
    const doing = options.purpose ? `${options.purpose} failed: ` : "";
    throw new Failure(`${doing}\`${path.basename(command)} ${args.join(" ")}\` ended with ${status}.\n${tail}`.trim());
}

export interface Attempt {
    /** The exit status, or why there is none: a signal's name, "time-out", "ENOENT". */
    readonly status: number | string;
    readonly stdout: string;
    /** The last lines of stdout and stderr, as they came. */
    readonly tail: string;
}

/** As `run`, but a failure is a result. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): Promise<Attempt> {
    return new Promise((resolve) => {
        const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
        const tail: string[] = [];
        let stdout = "";
        const keep = (line: string) => {
            tail.push(line);
            if (tail.length > lastLines) tail.shift();
            options.onLine?.(line);
        };
        const rests = [child.stdout, child.stderr].map((stream) => {
            let rest = "";
            stream.setEncoding("utf8");
            stream.on("data", (text: string) => {
                if (stream === child.stdout) stdout += text;
                const lines = (rest + text).split(/\r?\n|\r/);
                rest = lines.pop() ?? "";
                lines.filter((line) => line.trim() !== "").forEach(keep);
            });
            return () => rest.trim() !== "" && keep(rest);
        });
        let late = false;
        const timer =
            options.timeout === undefined
                ? undefined
                : setTimeout(() => {
                      late = true;
                      child.kill("SIGKILL");
                  }, options.timeout);
        const done = (status: number | string) => {
            clearTimeout(timer);
            rests.forEach((flush) => flush());
            resolve({ status, stdout, tail: tail.join("\n") });
        };
        child.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
        child.on("close", (code, signal) => done(late ? "time-out" : (code ?? signal ?? "no status")));
    });
}

/** Where PATH has an executable, or undefined. */
export function which(name: string, searchPath = process.env.PATH ?? ""): string | undefined {
    return searchPath
        .split(path.delimiter)
        .filter((folder) => folder !== "")
        .map((folder) => path.join(folder, name))
        .find(isExecutable);
}

/** Whether this is a file that may be run. */
export function isExecutable(file: string): boolean {
    try {
        fs.accessSync(file, fs.constants.X_OK);
        return fs.statSync(file).isFile();
    } catch {
        return false;
    }
}
