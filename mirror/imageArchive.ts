import * as fs from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

import { extract } from "tar-stream";

/** Configurations of images and the list of them are small; what is larger is a layer. */
const largestText = 1 << 20;

/**
 * The images in an archive that `docker save` wrote, gzipped or not: their architecture by their reference.
 *
 * @throws Error when the file can't be read, or isn't such an archive
 */
export async function imagesInArchive(file: string): Promise<ReadonlyMap<string, string>> {
    const texts = await smallMembers(file);
    const list = texts.get("manifest.json");
    if (list === undefined) {
        throw new Error("it has no manifest.json");
    }
    const images = JSON.parse(list) as { Config: string; RepoTags: string[] | null }[];
    return new Map(
        images.flatMap(({ Config, RepoTags }) => {
            const config = JSON.parse(texts.get(Config) ?? "{}") as { architecture?: string };
            return (RepoTags ?? []).map((tag) => [tag, config.architecture ?? "an unknown architecture"] as const);
        }),
    );
}

async function smallMembers(file: string): Promise<Map<string, string>> {
    const members = new Map<string, string>();
    const reader = extract();
    const gzipped = isGzipped(file);
    const source = fs.createReadStream(file);
    const read = gzipped ? pipeline(source, createGunzip(), reader) : pipeline(source, reader);
    const kept = (async () => {
        for await (const entry of reader) {
            if (entry.header.type !== "file" || (entry.header.size ?? 0) > largestText) {
                entry.resume();
                continue;
            }
            const chunks: Buffer[] = [];
            for await (const chunk of entry) {
                chunks.push(chunk as Buffer);
            }
            members.set(entry.header.name, Buffer.concat(chunks).toString("utf8"));
        }
    })();
    await Promise.all([read, kept]);
    return members;
}

function isGzipped(file: string): boolean {
    const start = Buffer.alloc(2);
    const descriptor = fs.openSync(file, "r");
    try {
        fs.readSync(descriptor, start, 0, 2, 0);
    } finally {
        fs.closeSync(descriptor);
    }
    return start[0] === 0x1f && start[1] === 0x8b;
}
