import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";

/** SHA-256 of some bytes, in hex. */
export function sha256(data: string | Buffer): string {
    return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of a file, in hex, without holding it in memory. */
export async function sha256OfFile(file: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(fs.createReadStream(file), hash);
    return hash.digest("hex");
}

/** A name beside a file, for writing first and renaming afterwards: a killed run never leaves half a file. */
export function beside(file: string): string {
    return `${file}.part-${process.pid}-${randomBytes(3).toString("hex")}`;
}

/** Replaces a file in one step. */
export function replaceFile(file: string, text: string): void {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const part = beside(file);
    fs.writeFileSync(part, text);
    fs.renameSync(part, file);
}

/** Gives a file a second name; copies it where the file system can't link. */
export function linkOrCopy(from: string, to: string): void {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    const part = beside(to);
    try {
        fs.linkSync(from, part);
    } catch {
        fs.copyFileSync(from, part);
    }
    fs.renameSync(part, to);
    // rename() leaves both names when they are links to one file already.
    fs.rmSync(part, { force: true });
}

/** All files below a folder, as sorted relative paths with forward slashes. */
export function listFiles(folder: string): string[] {
    if (!fs.existsSync(folder)) {
        return [];
    }
    return fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
        .sort();
}

/** 12.3 MB */
export function megabytes(bytes: number): string {
    return `${(bytes / 1e6).toFixed(1)} MB`;
}
