import * as fs from "node:fs";

import { extract, type Header } from "tar-stream";

/** Reads an archive into memory: members by name, with their headers. */
export async function readTar(file: string): Promise<Map<string, { header: Header; content: Buffer }>> {
    const members = new Map<string, { header: Header; content: Buffer }>();
    const reader = extract();
    fs.createReadStream(file).pipe(reader);
    for await (const entry of reader) {
        const chunks: Buffer[] = [];
        for await (const chunk of entry) {
            chunks.push(chunk as Buffer);
        }
        members.set(entry.header.name, { header: entry.header, content: Buffer.concat(chunks) });
    }
    return members;
}
