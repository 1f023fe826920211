/** Copies files and folders to a machine over SFTP, to the places that the genuine plugin would put them. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, posix, relative } from "node:path";
import type { Client, SFTPWrapper, Stats } from "ssh2";

/** SFTP's "no such file". */
const noSuchFile = 2;

/** Files on their way at once. */
const atOnce = 8;

function call<Result>(act: (done: (error: Error | null | undefined, result: Result) => void) => void): Promise<Result> {
    return new Promise((resolve, reject) => act((error, result) => (error ? reject(error) : resolve(result))));
}

/** The remote file system: what SFTP offers, with promises and whole sentences. */
class Remote {
    constructor(private readonly sftp: SFTPWrapper) {}

    /** Undefined when there is nothing. */
    async stat(path: string): Promise<Stats | undefined> {
        try {
            return await call<Stats>((done) => this.sftp.stat(path, done));
        } catch (error) {
            if ((error as { code?: unknown }).code === noSuchFile) return undefined;
            throw new Error(`The remote path ${path} can't be looked at: ${(error as Error).message}.`);
        }
    }

    async makeFolder(path: string): Promise<void> {
        const found = await this.stat(path);
        if (found && !found.isDirectory()) throw new Error(`The remote path ${path} exists but is not a folder.`);
        if (found) return;
        if (dirname(path) !== path) await this.makeFolder(posix.dirname(path));
        await call<void>((done) => this.sftp.mkdir(path, done)).catch((error: Error) => {
            throw new Error(`The remote folder ${path} can't be made: ${error.message}.`);
        });
    }

    async write(path: string, content: string): Promise<void> {
        await call<void>((done) => this.sftp.writeFile(path, content, done)).catch((error: Error) => {
            throw new Error(`The remote file ${path} can't be written: ${error.message}.`);
        });
    }

    async put(source: string, path: string): Promise<void> {
        await call<void>((done) => this.sftp.fastPut(source, path, done)).catch((error: Error) => {
            throw new Error(`${source} can't be copied to the remote file ${path}: ${error.message}.`);
        });
    }
}

/** Files below a folder, relative to it. */
async function filesBelow(folder: string): Promise<{ folders: string[]; files: string[] }> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.map((entry) => ({ entry, path: relative(folder, join(entry.parentPath, entry.name)) }));
    const named = (wanted: boolean) =>
        paths
            .filter(({ entry }) => entry.isDirectory() === wanted)
            .map(({ path }) => path)
            .sort();
    return { folders: named(true), files: named(false) };
}

async function copyFolder(remote: Remote, source: string, destination: string): Promise<void> {
    const into = source.endsWith("/") ? destination : posix.join(destination, basename(source));
    await remote.makeFolder(into);
    const { folders, files } = await filesBelow(source);
    for (const folder of folders) await remote.makeFolder(posix.join(into, folder));
    const next = files[Symbol.iterator]();
    const work = async () => {
        for (const file of next) await remote.put(join(source, file), posix.join(into, file));
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, files.length) }, work));
}

async function copyFile(remote: Remote, source: string, destination: string): Promise<void> {
    const found = await remote.stat(destination);
    const into = found?.isDirectory() ? posix.join(destination, basename(source)) : destination;
    if (!found) await remote.makeFolder(posix.dirname(into));
    await remote.put(source, into);
}

async function copyText(remote: Remote, text: string, destination: string): Promise<void> {
    const found = await remote.stat(destination);
    if (found?.isDirectory()) {
        throw new Error(`The remote path ${destination} is a folder; a text asset needs the path of a file.`);
    }
    if (!found) await remote.makeFolder(posix.dirname(destination));
    await remote.write(destination, text);
}

/**
 * Copies a local file or folder, or a text, to `destination`.
 *
 * | source | destination is a folder | is absent | is a file |
 * | --- | --- | --- | --- |
 * | dir | destination/dir | destination/dir | error |
 * | dir/ | its content into destination | its content into destination | error |
 * | file | destination/file | destination | overwritten |
 * | text | error | destination | overwritten |
 *
 * Missing parents are made. Modes are not carried over: files get the server's default.
 */
export async function copy(
    client: Client,
    source: { path?: string; text?: string },
    destination: string,
): Promise<void> {
    const sftp = await call<SFTPWrapper>((done) => client.sftp(done));
    try {
        const remote = new Remote(sftp);
        if (source.path === undefined) return await copyText(remote, source.text ?? "", destination);
        const local = await stat(source.path).catch(() => {
            throw new Error(`The file or folder ${source.path} to be copied does not exist.`);
        });
        await (local.isDirectory() ? copyFolder : copyFile)(remote, source.path, destination);
    } finally {
        sftp.end();
    }
}
