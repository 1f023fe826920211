import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { pipeline } from "node:stream";

export interface ServeOptions {
    readonly folder: string;
    /** Default 127.0.0.1. Nodes need an address that they reach. */
    readonly host?: string;
    /** Default: any free one. */
    readonly port?: number;
}

/** Serves a mirror's files over HTTP, for nodes that don't see its folder. Returns the prefix that nodes are given. */
export async function serveMirror(options: ServeOptions): Promise<{ url: string; close(): Promise<void> }> {
    const { folder, host = "127.0.0.1", port = 0 } = options;
    const root = fs.realpathSync(folder);
    const server = http.createServer((request, response) => answer(root, request, response));
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            reject(
                error.code === "EADDRINUSE"
                    ? new Error(
                          `Port ${port} of ${host} is taken: the mirror can't be served there. Choose another port.`,
                      )
                    : error,
            ),
        );
        server.listen(port, host, resolve);
    });
    return {
        url: `http://${host}:${(server.address() as AddressInfo).port}/`,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

function answer(root: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    const file = fileFor(root, request.url ?? "/");
    const stat = file && fs.statSync(file, { throwIfNoEntry: false });
    if (request.method !== "GET" && request.method !== "HEAD") {
        response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (!file || !stat || !stat.isFile()) {
        response.writeHead(404, { "content-type": "text/plain" }).end("The mirror doesn't hold this file.\n");
    } else {
        response.writeHead(200, { "content-length": stat.size, "content-type": "application/octet-stream" });
        if (request.method === "HEAD") {
            response.end();
        } else {
            pipeline(fs.createReadStream(file), response, () => undefined);
        }
    }
}

/** The file that a request means, if it lies in the mirror and is no private file of it. */
function fileFor(root: string, url: string): string | undefined {
    try {
        const name = decodeURIComponent(new URL(url, "http://mirror").pathname);
        const file = path.join(root, path.posix.normalize(name));
        return name.includes("\0") || /\/\./.test(name) ? undefined : file;
    } catch {
        return undefined;
    }
}
