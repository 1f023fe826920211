import * as fs from "node:fs";
import * as path from "node:path";

import type { Origin } from "./job";
import { replaceFile, sha256OfFile } from "./files";

/** Where a mirror's files come from. */
export type Source = "upstream" | "build";

export interface FileRecord {
    readonly sha256: string;
    readonly size: number;
    readonly origin: Origin;
    /** What the digest was compared with when the file was fetched or made; absent: with nothing but itself. */
    readonly checked?: string;
    readonly remark?: string;
    /** The key of the job that made it: with another key it is made again. */
    readonly job?: string;
}

/** A mirror's manifest: every finished file with its digest. */
export interface Digests {
    readonly source: Source;
    readonly files: Readonly<Record<string, FileRecord>>;
}

export const manifestName = "manifest.json";

/** Reads a mirror's manifest. Fails with a sentence when there is none, so that a preview can say what is missing. */
export function loadDigests(folder: string): Digests {
    const digests = readManifest(folder);
    if (!digests) {
        throw new Error(
            `There is no filled mirror in ${folder} (no ${manifestName}): run \`npm run mirror\` to fill it.`,
        );
    }
    return digests;
}

/** The digest of one file of the mirror, by its path. */
export function digestOf(digests: Digests, file: string): string {
    const record = digests.files[file];
    if (!record) {
        throw new Error(`The mirror doesn't hold ${file}: run \`npm run mirror\` to add it.`);
    }
    return record.sha256;
}

/** As `loadDigests`, but undefined where there is no manifest. */
export function readManifest(folder: string): Digests | undefined {
    const file = path.join(folder, manifestName);
    if (!fs.existsSync(file)) {
        return undefined;
    }
    return parseManifest(fs.readFileSync(file, "utf8"), file);
}

/** Reads a manifest's text; `where` is for the error's sentence. */
export function parseManifest(text: string, where: string): Digests {
    try {
        const { source, files } = JSON.parse(text);
        if (typeof files !== "object" || files === null) {
            throw new Error("it lists no files");
        }
        return { source, files };
    } catch (error) {
        const advice = "remove it and run `npm run mirror`";
        throw new Error(`The mirror's manifest ${where} can't be read (${(error as Error).message}): ${advice}.`);
    }
}

/** Adds files to a mirror's manifest, replaced in one step. */
export function recordFiles(folder: string, source: Source, files: Record<string, FileRecord>): void {
    const all = { ...readManifest(folder)?.files, ...files };
    const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    replaceFile(path.join(folder, manifestName), `${JSON.stringify({ source, files: sorted }, null, 2)}\n`);
}

/** What is wrong with one file, as a sentence; undefined when it is as recorded. */
export async function problemWith(folder: string, file: string, record: FileRecord): Promise<string | undefined> {
    const full = path.join(folder, file);
    const stat = fs.statSync(full, { throwIfNoEntry: false });
    if (!stat?.isFile()) {
        return `${file} is missing.`;
    }
    if (stat.size !== record.size) {
        return `${file} has ${stat.size} bytes instead of ${record.size}: it is truncated or was altered.`;
    }
    if ((await knownDigest(folder, file, stat)) !== record.sha256) {
        return `${file} was altered: its SHA-256 isn't ${record.sha256}.`;
    }
    return undefined;
}

/**
 * Checks every file of a mirror against its manifest. Returns one sentence for each file that doesn't fit.
 *
 * @param readAll read every file, also those that carry no mark of a change
 */
export async function verifyMirror(folder: string, readAll = false): Promise<string[]> {
    const problems: string[] = [];
    if (readAll) fs.rmSync(path.join(folder, seenName), { force: true });
    for (const [file, record] of Object.entries(loadDigests(folder).files)) {
        const problem = await problemWith(folder, file, record);
        if (problem) {
            problems.push(problem);
        }
    }
    return problems;
}

/**
 * Digests found earlier, by file and by the marks that any change to it leaves (inode, size, change time), so that
 * looking at an unchanged mirror again doesn't read hundreds of megabytes. A file of convenience: lost, it is made again.
 */
const seenName = ".seen.json";

async function knownDigest(folder: string, file: string, stat: fs.Stats): Promise<string> {
    const marks = [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(" ");
    const seen = readSeen(folder);
    if (seen[file]?.marks !== marks) {
        seen[file] = { marks, sha256: await sha256OfFile(path.join(folder, file)) };
        replaceFile(path.join(folder, seenName), JSON.stringify({ ...readSeen(folder), [file]: seen[file] }));
    }
    return seen[file].sha256;
}

function readSeen(folder: string): Record<string, { marks: string; sha256: string }> {
    try {
        return JSON.parse(fs.readFileSync(path.join(folder, seenName), "utf8"));
    } catch {
        return {};
    }
}
