import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";

import { megabytes } from "../files";
import type { Progress } from "../job";

/** How long a server may say nothing, in milliseconds. */
const patience = 30_000;
const attempts = 3;

export interface DownloadOptions {
    /** SHA-256 that the file must have, in hex. */
    readonly expected?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly say?: Progress;
}

/** Fetches a file, checks it, and returns its SHA-256. A file that doesn't fit its digest is not kept. */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<string> {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const found = await patiently(url, options.headers, async (response, alive) => {
        const total = Number(response.headers.get("content-length")) || undefined;
        const hash = createHash("sha256");
        let size = 0;
        const count = new Transform({
            transform(chunk: Buffer, _encoding, done) {
                alive();
                hash.update(chunk);
                size += chunk.length;
                options.say?.(`${megabytes(size)}${total ? ` of ${megabytes(total)}` : ""}`, true);
                done(null, chunk);
            },
        });
        await pipeline(Readable.fromWeb(response.body as ReadableStream), count, fs.createWriteStream(file));
        return hash.digest("hex");
    });
    if (options.expected && options.expected !== found) {
        fs.rmSync(file);
        throw new Error(
            `${url} has the SHA-256 ${found}, but ${options.expected} was expected: ` +
                `it was altered or cut short on the way. It was thrown away.`,
        );
    }
    return found;
}

/** Fetches something small. */
export async function downloadText(url: string, headers?: Readonly<Record<string, string>>): Promise<string> {
    return patiently(url, headers, (response) => response.text());
}

/** The SHA-256 of one file, from the file of sums that upstream publishes: a bare digest, or lines of `sha256sum`. */
export async function publishedSum(url: string, name: string): Promise<string> {
    const lines = (await downloadText(url)).split("\n").map((line) => line.trim().split(/\s+\*?/));
    const line = lines.find((words) => words[1] && path.basename(words[1]) === name) ?? lines[0];
    if (!/^[0-9a-f]{64}$/.test(line[0]) || (line[1] && path.basename(line[1]) !== name)) {
        throw new Error(`${url} doesn't say what the SHA-256 of ${name} is.`);
    }
    return line[0];
}

/** An answer that isn't a success: trying again won't help unless the server says it is its own fault. */
export class Refused extends Error {
    constructor(
        url: string,
        readonly response: Response,
    ) {
        super(`${url} answered ${response.status} ${response.statusText}.`.replace(" .", "."));
    }
}

/** Asks for a URL and hands the answer on; tries again after broken connections, silence and errors of the server. */
export async function patiently<T>(
    url: string,
    headers: Readonly<Record<string, string>> | undefined,
    use: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
    for (let attempt = 1; ; attempt++) {
        const abort = new AbortController();
        const timer = setTimeout(() => abort.abort(new Error(`no answer for ${patience / 1000} s`)), patience);
        try {
            const response = await open(url, { headers, signal: abort.signal });
            if (!response.ok) {
                throw new Refused(url, response);
            }
            return await use(response, () => timer.refresh());
        } catch (error) {
            if (error instanceof Refused && error.response.status < 500 && error.response.status !== 429) {
                throw error;
            }
            if (attempt === attempts) {
                throw error instanceof Refused
                    ? error
                    : new Error(`${url} can't be fetched: ${reason(error as Error)}.`);
            }
            await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
        } finally {
            clearTimeout(timer);
        }
    }
}

/** fetch(), that knows folders too: an operator's mirror may be mounted ("/mnt/mirror/"). */
async function open(url: string, init: RequestInit): Promise<Response> {
    if (!url.startsWith("/")) {
        return fetch(url, init);
    }
    const stat = fs.statSync(url, { throwIfNoEntry: false });
    return stat?.isFile()
        ? new Response(Readable.toWeb(fs.createReadStream(url)) as globalThis.ReadableStream, {
              headers: { "content-length": String(stat.size) },
          })
        : new Response(null, { status: 404, statusText: "Not Found" });
}

/** The answer's status and headers, whatever the status: for asking how to sign in. */
export async function ask(url: string): Promise<Response> {
    const response = await open(url, { signal: AbortSignal.timeout(patience) });
    await response.body?.cancel();
    return response;
}

function reason(error: Error): string {
    const cause = error.cause as { code?: string; message?: string } | undefined;
    return cause?.code ?? cause?.message ?? error.message;
}
