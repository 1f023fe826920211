import { spawn } from "node:child_process";
import * as path from "node:path";

import { eventually, type TestStack } from "../harness";

const root = path.resolve(__dirname, "..", "..", "..");

/** A command that goes on until it is told to end. */
export interface Running {
    /** What it has printed so far, on stdout and on stderr. */
    readonly stdout: () => string;
    readonly stderr: () => string;
    /** Waits for what it prints to match. */
    says(what: RegExp, seconds: number): Promise<RegExpExecArray>;
    /** Sends what Ctrl-C sends and returns the exit status. */
    interrupt(): Promise<number | null>;
}

/** Starts `slipway COMMAND` on this stack. */
export function start(stack: TestStack, ...[command, ...rest]: string[]): Running {
    const words = [command, "--stack", stack.name, "--config-file", stack.configFile, ...rest];
    const child = spawn(process.execPath, ["bin/slipway.mjs", ...words], {
        cwd: root,
        env: stack.env,
        stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (said.stdout += chunk));
    child.stderr.on("data", (chunk) => (said.stderr += chunk));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return {
        stdout: () => said.stdout,
        stderr: () => said.stderr,
        says: (what, seconds) =>
            eventually(`\`slipway ${command}\` says ${what}`, seconds, async () => {
                const found = what.exec(said.stdout) ?? what.exec(said.stderr);
                if (!found && child.exitCode !== null) throw new Error(`it ended: ${said.stdout}${said.stderr}`);
                return found ?? undefined;
            }),
        interrupt: () => {
            child.kill("SIGINT");
            return ended;
        },
    };
}
