import * as fs from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import { pack, type Pack } from "tar-stream";

import { beside } from "./files";

/** One thing in an archive. Contents are bytes, or the path of a file to read when its turn comes. */
export interface Entry {
    /** Without a leading slash. */
    readonly path: string;
    readonly type: "file" | "directory" | "link";
    readonly mode?: number;
    readonly uid?: number;
    readonly gid?: number;
    readonly content?: Buffer | { readonly file: string };
    readonly target?: string;
    /** Extended attributes ("security.capability"), for a layer's files. */
    readonly attributes?: Readonly<Record<string, Buffer>>;
}

/** Every entry carries this time, so that the same content gives the same archive. */
const time = new Date(Date.UTC(2026, 0, 1));

/** Writes entries, in the order given, into a tar archive; gzipped when the name says so. */
export async function writeArchive(file: string, entries: readonly Entry[]): Promise<void> {
    const archive = pack();
    const part = beside(file);
    const written = pipeline([
        archive,
        ...(/\.t?gz$/.test(file) ? [createGzip({ level: 6 })] : []),
        fs.createWriteStream(part),
    ] as unknown as [NodeJS.ReadableStream, NodeJS.WritableStream]);
    const filled = (async () => {
        for (const entry of entries) {
            await add(archive, entry);
        }
        archive.finalize();
    })();
    await Promise.all([written, filled]);
    fs.renameSync(part, file);
}

function add(archive: Pack, entry: Entry): Promise<void> {
    const content = entry.content;
    const onDisk = content !== undefined && !Buffer.isBuffer(content) ? content.file : undefined;
    const attributes = Object.entries(entry.attributes ?? {});
    const header: Parameters<Pack["entry"]>[0] & { pax?: Record<string, string> } = {
        name: entry.type === "directory" ? `${entry.path}/` : entry.path,
        type: entry.type === "link" ? "symlink" : entry.type,
        mode: entry.mode ?? (entry.type === "file" ? 0o644 : entry.type === "directory" ? 0o755 : 0o777),
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        mtime: time,
        size: onDisk ? fs.statSync(onDisk).size : Buffer.isBuffer(content) ? content.length : 0,
        ...(entry.target !== undefined && { linkname: entry.target }),
        ...(attributes.length && {
            pax: Object.fromEntries(
                attributes.map(([name, value]) => [`SCHILY.xattr.${name}`, value.toString("latin1")]),
            ),
        }),
    };
    return new Promise((resolve, reject) => {
        const done = (error?: Error | null) => (error ? reject(error) : resolve());
        if (onDisk) {
            const sink = archive.entry(header, done);
            fs.createReadStream(onDisk).on("error", reject).pipe(sink);
        } else if (Buffer.isBuffer(content)) {
            archive.entry(header, content, done);
        } else {
            archive.entry(header, Buffer.alloc(0), done);
        }
    });
}
