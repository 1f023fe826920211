import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { AddressInfo } from "node:net";

export interface ProxyServer {
    readonly url: string;
    /** The hosts that were asked for through it, in their order. */
    readonly asked: string[];
    close(): Promise<void>;
}

/** A proxy that hands requests on, and answers for one host over TLS by itself: with `text`, by this certificate. */
export async function proxyServer(
    address: string,
    own: { readonly host: string; readonly text: string; readonly certificate: string; readonly key: string },
): Promise<ProxyServer> {
    const asked: string[] = [];
    const secure = https.createServer({ cert: own.certificate, key: own.key }, (_, response) => response.end(own.text));
    const proxy = http.createServer((request, response) => {
        const url = new URL(request.url!);
        asked.push(url.hostname);
        const onward = http.request(url, { method: request.method, headers: request.headers }, (answer) => {
            response.writeHead(answer.statusCode!, answer.headers);
            answer.pipe(response);
        });
        onward.on("error", () => response.writeHead(502).end());
        request.pipe(onward);
    });
    proxy.on("connect", (request, client: net.Socket) => {
        const [host] = request.url!.split(":");
        asked.push(host);
        if (host !== own.host) {
            client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
            return;
        }
        const server = net.connect((secure.address() as AddressInfo).port, "127.0.0.1", () => {
            client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
            server.pipe(client).pipe(server);
        });
        for (const socket of [server, client])
            socket.on("error", () => [server, client].forEach((one) => one.destroy()));
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    await new Promise<void>((resolve) => proxy.listen(0, address, resolve));
    const close = (server: http.Server | https.Server) =>
        new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
        });
    return {
        url: `http://${address}:${(proxy.address() as AddressInfo).port}`,
        asked,
        close: async () => {
            await close(proxy);
            await close(secure);
        },
    };
}
