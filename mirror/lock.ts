import * as fs from "node:fs";
import * as path from "node:path";

import { loadDigests, type Digests, type Source } from "./digests";
import { replaceFile } from "./files";

/**
 * Digests that an operator has pinned, by where the files come from and their path in the mirror. Upstream's differ
 * from those of files built here. What isn't pinned is checked against the checksum that upstream publishes beside
 * the file, or (built) against Go's checksum database, and recorded in the mirror's manifest.
 */
export type Lock = Readonly<Record<Source, Readonly<Record<string, string>>>>;

/** The lock file of this checkout. */
export const lockFile = path.join(__dirname, "lock.json");

export function loadLock(file = lockFile): Lock {
    try {
        const lock: Partial<Lock> = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
        return { upstream: lock.upstream ?? {}, build: lock.build ?? {} };
    } catch (error) {
        throw new Error(`The lock file ${file} can't be read: ${(error as Error).message}.`);
    }
}

/** Fails when a file is pinned to another digest. Returns whether it is pinned. */
export function checkLock(lock: Lock, source: Source, file: string, sha256: string): boolean {
    const pinned = lock[source][file];
    if (pinned && pinned !== sha256) {
        throw new Error(
            `${file} has the SHA-256 ${sha256}, but mirror/lock.json pins ${pinned}. ` +
                `It was not put into the mirror. When the new file is the right one, change its pin.`,
        );
    }
    return pinned !== undefined;
}

/** Pins everything that a filled mirror holds, beside the pins that are there. */
export function pinMirror(folder: string, file = lockFile): void {
    const digests: Digests = loadDigests(folder);
    const lock = loadLock(file);
    const pins = Object.entries(digests.files).map(([name, record]) => [name, record.sha256]);
    const pinned = { ...lock, [digests.source]: { ...lock[digests.source], ...Object.fromEntries(pins) } };
    replaceFile(file, `${JSON.stringify(pinned, null, 2)}\n`);
}
