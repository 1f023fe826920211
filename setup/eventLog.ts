import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";

/** Pulumi's event log as it is written. */
export interface EventPipe {
    /** For `--event-log`. */
    readonly path: string;
    /** To be called when Pulumi has ended: waits for the last line, and clears up. */
    close(): Promise<void>;
}

/** Reads to the end, also when nobody hears it any more: Pulumi would wait for a reader. */
const reader = "cat 2>/dev/null || cat >/dev/null";

/**
 * A pipe for Pulumi's event log. The log holds private keys, in the engine's debug messages: it never becomes a file.
 *
 * @param take is given each line
 */
export function openEventLog(take: (line: string) => void): EventPipe {
    // Nobody else may look into a folder of mkdtemp.
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-events-"));
    const pipe = path.join(folder, "log");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    // While it is open here its reader waits, for Pulumi has not come yet.
    const open = fs.openSync(pipe, "r+");
    const end = fs.openSync(pipe, "r");
    // A process group of its own: Ctrl-C in the terminal is Pulumi's to handle, and Pulumi still has something to say.
    const child = spawn("sh", ["-c", reader], { stdio: [end, "pipe", "ignore"], detached: true });
    fs.closeSync(end);
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", take);
    const ended = new Promise<void>((resolve) => lines.once("close", resolve));
    return {
        path: pipe,
        async close() {
            fs.closeSync(open);
            await ended;
            fs.rmSync(folder, { recursive: true, force: true });
        },
    };
}
