import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Failure } from "./failure";
import { isSame, processStart, type ProcessMark } from "./processes";

/** Who works on a stack. */
export interface Holder extends ProcessMark {
    readonly host: string;
    readonly command: string;
    /** Stands in the environment of everything the holder started, as SLIPWAY_RUN. */
    readonly run: string;
}

export interface Lock {
    readonly holder: Holder;
    /** The one before us that never gave its lock back: it was killed, and may have left processes. */
    readonly dead?: Holder;
    release(): void;
}

/**
 * Takes a stack's lock. One whose process is gone, killed, is taken over.
 *
 * @throws Failure when another process works on the stack.
 */
export function acquire(file: string, command: string, alive: (holder: Holder) => boolean = isAlive): Lock {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const run = crypto.randomUUID();
    const holder = { pid: process.pid, started: processStart(process.pid), host: os.hostname(), command, run };
    const mine = `${file}.${run}`;
    fs.writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
    let dead: Holder | undefined;
    try {
        while (!link(mine, file)) {
            const other = read(file);
            if (other && alive(other)) {
                throw new Failure(
                    `\`slipway ${other.command}\` is working on this stack already (process ${other.pid}): ` +
                        "wait until it ends, then try again.",
                );
            }
            dead = other ?? dead;
            // Renaming succeeds for one of several that find the same dead holder; the others go round again.
            const aside = `${mine}.dead`;
            if (rename(file, aside)) fs.rmSync(aside, { force: true });
        }
    } finally {
        fs.rmSync(mine, { force: true });
    }
    const release = () => {
        if (read(file)?.run === run) fs.rmSync(file, { force: true });
    };
    return { holder, dead, release };
}

/** On another host nobody can tell: that holder counts as alive. */
function isAlive(holder: Holder): boolean {
    return holder.host !== os.hostname() || isSame(holder);
}

/** Linking fails where the name exists, and the file is complete when the name appears. */
function link(from: string, to: string): boolean {
    try {
        fs.linkSync(from, to);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw error;
    }
}

function rename(from: string, to: string): boolean {
    try {
        fs.renameSync(from, to);
        return true;
    } catch {
        return false;
    }
}

function read(file: string): Holder | undefined {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8")) as Holder;
    } catch {
        return undefined;
    }
}

/** What Pulumi's file backend writes into a lock. */
export interface PulumiLock {
    readonly pid: number;
    readonly hostname: string;
    readonly username: string;
    readonly timestamp: string;
}

/** The locks that lie in a stack's folder of the file backend. */
export function pulumiLocks(folder: string): PulumiLock[] {
    if (!fs.existsSync(folder)) return [];
    return fs
        .readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .flatMap((name) => {
            try {
                return [JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as PulumiLock];
            } catch {
                // Given back while we looked.
                return [];
            }
        });
}

/** Whether a lock's process is gone. A process of that id that started after the lock was written is another one. */
export function isStale(
    lock: PulumiLock,
    host = os.hostname(),
    startedAt: (pid: number) => number | undefined = startTime,
): boolean {
    if (lock.hostname !== host) return false;
    const started = startedAt(lock.pid);
    // A second of grace: the kernel counts in ticks since boot.
    return started === undefined || started > Date.parse(lock.timestamp) + 1000;
}

/** When a process started, in milliseconds since 1970, or undefined when there is none. */
function startTime(pid: number): number | undefined {
    const start = processStart(pid);
    if (start === "") return undefined;
    if (process.platform !== "linux") return Date.parse(start);
    const boot = /^btime (\d+)$/m.exec(fs.readFileSync("/proc/stat", "utf8"));
    // USER_HZ is 100 on every architecture that Linux exports to user space today.
    return boot ? Number(boot[1]) * 1000 + Number(start) * 10 : 0;
}
