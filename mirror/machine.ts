import * as fs from "node:fs";
import * as path from "node:path";
import { createGunzip } from "node:zlib";

import { extract } from "tar-stream";

import type { Architecture } from "../components/inventory/node";

/** The field e_machine of an ELF header, which is at byte 18: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const machines: Readonly<Record<number, Architecture>> = { 62: "amd64", 183: "arm64" };

const headerLength = 20;

/**
 * Executables that are for another kind of processor than the path of their file says, a sentence each. Files whose path
 * names none, and images, aren't looked into.
 *
 * @param file path in the mirror, of an executable or of an archive
 */
export async function wrongMachines(folder: string, file: string): Promise<string[]> {
    const wanted = /(?<![a-z0-9])(?:amd64|arm64)(?![a-z0-9])/.exec(file)?.[0];
    if (wanted === undefined || file.startsWith("images/")) return [];
    const whole = { member: "", header: headerOf(path.join(folder, file)) };
    const isGzip = whole.header.readUInt16BE(0) === 0x1f8b;
    const headers = isGzip && /\.t(ar\.)?gz$/.test(file) ? await headersInArchive(path.join(folder, file)) : [whole];
    return headers
        .filter(({ header }) => header.toString("latin1", 0, 4) === "\x7fELF")
        .map(({ member, header }) => ({ member, machine: header.readUInt16LE(18) }))
        .filter(({ machine }) => machines[machine] !== wanted)
        .map(({ member, machine }) => {
            const which = member ? `${member} in ${file}` : file;
            return `${which} is for ${machines[machine] ?? `another kind of processor (ELF machine ${machine})`}, not for ${wanted}.`;
        });
}

interface Header {
    readonly member: string;
    /** Filled up with zeros where there is less. */
    readonly header: Buffer;
}

function headerOf(file: string): Buffer {
    const header = Buffer.alloc(headerLength);
    const opened = fs.openSync(file, "r");
    try {
        fs.readSync(opened, header, 0, headerLength, 0);
    } finally {
        fs.closeSync(opened);
    }
    return header;
}

async function headersInArchive(file: string): Promise<Header[]> {
    const headers: Header[] = [];
    const archive = extract();
    const bytes = fs.createReadStream(file);
    const plain = createGunzip();
    const broken = (error: Error) => archive.destroy(error);
    bytes.on("error", broken).pipe(plain).on("error", broken).pipe(archive);
    for await (const entry of archive) {
        let start = Buffer.alloc(0);
        for await (const chunk of entry) {
            if (start.length < headerLength) start = Buffer.concat([start, chunk as Buffer]);
        }
        const header = Buffer.concat([start.subarray(0, headerLength), Buffer.alloc(headerLength)], headerLength);
        if (entry.header.type === "file") headers.push({ member: entry.header.name, header });
    }
    return headers;
}
