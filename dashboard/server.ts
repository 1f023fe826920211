import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { refuse, safeHeaders } from "./guard";
import { routeOf, type PageFile, type Range, type Route } from "./routes";
import type { ClusterView, DriftView, GraphsView, ManagedView } from "./views";

/** Where the page's data come from. Each may fail with an Error whose message is a sentence for the page. */
export interface Sources {
    cluster(): Promise<ClusterView>;
    graphs(range: Range): Promise<GraphsView>;
    managed(): Promise<ManagedView>;
    drift(): Promise<DriftView>;
}

export interface Dashboard {
    /** "http://127.0.0.1:PORT/#TOKEN": whoever has it may look. What follows "#" never leaves the browser. */
    readonly url: string;
    close(): Promise<void>;
}

/**
 * Serves the page on 127.0.0.1, with a new token for each run.
 *
 * @param port 0: one that is free
 * @throws what listening failed with, such as EADDRINUSE
 */
export async function serveDashboard(sources: Sources, port = 0): Promise<Dashboard> {
    const token = randomBytes(32).toString("base64url");
    const server = http.createServer((request, response) => {
        const { port } = server.address() as AddressInfo;
        const route = routeOf(request.url ?? "");
        const refusal = refuse({ ...asked(request), data: route?.what !== "file" }, port, token);
        if (refusal) return sendJson(response, refusal.status, { problem: refusal.problem });
        if (!route) return sendJson(response, 404, { problem: "There is no such thing here." });
        if (route.what === "file") return send(response, 200, route.type, readPage(route.file));
        dataOf(sources, route).then(
            (data) => sendJson(response, 200, data),
            (error: Error) => sendJson(response, 503, { problem: error.message }),
        );
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/#${token}`,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

const asked = ({ method, headers }: http.IncomingMessage) => ({ method, headers });

function dataOf(sources: Sources, route: Exclude<Route, { what: "file" }>): Promise<unknown> {
    return route.what === "graphs" ? sources.graphs(route.range) : sources[route.what]();
}

const readPage = (file: PageFile) => fs.readFileSync(path.join(__dirname, "page", file));

function sendJson(response: http.ServerResponse, status: number, data: unknown): void {
    send(response, status, "application/json; charset=utf-8", Buffer.from(JSON.stringify(data)));
}

function send(response: http.ServerResponse, status: number, type: string, body: Buffer): void {
    const headers = { ...safeHeaders, "content-type": type, "content-length": body.length };
    response.writeHead(status, status === 405 ? { ...headers, allow: "GET" } : headers).end(body);
}
