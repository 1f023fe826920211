/** HTTP to an API server, as the kubeconfig says. Connections are kept and used again. */
import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError, messageOf, UnreachableError } from "./errors";

export interface RequestOptions {
    query?: Record<string, string | undefined>;
    body?: unknown;
    contentType?: string;
    signal?: AbortSignal;
    /** Milliseconds until an answer must be complete; 30 s when not given. */
    timeout?: number;
}

/** How often a request is repeated when the server asks for it (429, or 5xx with Retry-After). */
const maxRepeats = 10;

export class Client {
    readonly server: string;
    private agent: http.Agent | undefined;

    constructor(private readonly kubeConfig: Pick<KubeConfig, "getCurrentCluster" | "applyToHTTPSOptions">) {
        this.server = kubeConfig.getCurrentCluster()!.server.replace(/\/+$/, "");
    }

    /** Sends a request and returns the decoded answer. Throws ApiError or UnreachableError. */
    async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
        const limit = AbortSignal.timeout(options.timeout ?? 30_000);
        const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
        for (let repeats = 0; ; repeats++) {
            try {
                const answer = await this.open(method, path, { ...options, signal });
                return JSON.parse(await textOf(answer)) as T;
            } catch (error) {
                if (options.signal?.aborted) throw options.signal.reason;
                if (limit.aborted) throw this.unreachable(`no answer within ${(options.timeout ?? 30_000) / 1000} s`);
                const pause = error instanceof ApiError ? error.retryAfter : undefined;
                if (pause !== undefined && repeats < maxRepeats) await sleep(pause * 1000, undefined, { signal });
                else if (error instanceof LostConnection && repeats === 0 && method !== "POST") continue;
                else throw error instanceof LostConnection ? this.unreachable(error.message) : error;
            }
        }
    }

    /** Sends a request and returns the answer as soon as it begins: a watch. */
    async open(method: string, path: string, options: RequestOptions = {}): Promise<http.IncomingMessage> {
        const url = new URL(this.server + path);
        for (const [key, value] of Object.entries(options.query ?? {})) {
            if (value !== undefined) url.searchParams.set(key, value);
        }
        const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
        const headers: http.OutgoingHttpHeaders = { accept: "application/json", "user-agent": "slipway" };
        if (body) Object.assign(headers, { "content-type": options.contentType ?? "application/json" });
        if (body) headers["content-length"] = body.length;
        const request = { method, headers, signal: options.signal, ...(await this.credentials()) };
        Object.assign(headers, request.credentialHeaders);
        const answer = await this.send(url, request, body);
        if (answer.statusCode! >= 300) throw await apiError(answer);
        return answer;
    }

    close(): void {
        this.agent?.destroy();
    }

    /** What the kubeconfig adds to a request: a token is asked for each time, it may have been renewed. */
    private async credentials() {
        const options: https.RequestOptions = {};
        await this.kubeConfig.applyToHTTPSOptions(options);
        if (!this.agent) {
            const agent = options.agent as http.Agent & { options: https.AgentOptions };
            // A proxy's agent stays as it is.
            const direct = Object.getPrototypeOf(agent) === https.Agent.prototype;
            this.agent = direct ? new https.Agent({ ...agent.options, keepAlive: true }) : agent;
        }
        const credentialHeaders = options.headers as http.OutgoingHttpHeaders | undefined;
        return { agent: this.agent, auth: options.auth ?? undefined, credentialHeaders };
    }

    private send(url: URL, options: https.RequestOptions, body?: Buffer): Promise<http.IncomingMessage> {
        return new Promise((resolve, reject) => {
            const request = (url.protocol === "http:" ? http : https).request(url, options, resolve);
            request.on("error", (error: NodeJS.ErrnoException) => {
                const lost = request.reusedSocket && ["ECONNRESET", "EPIPE"].includes(error.code ?? "");
                reject(lost ? new LostConnection(error.message) : this.unreachable(messageOf(error)));
            });
            request.end(body);
        });
    }

    private unreachable(reason: string): UnreachableError {
        return new UnreachableError(`The Kubernetes API server ${this.server} can't be reached: ${reason}.`);
    }
}

/** A kept connection that the server had closed meanwhile. */
class LostConnection extends Error {}

async function textOf(answer: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8");
}

async function apiError(answer: http.IncomingMessage): Promise<ApiError> {
    const code = answer.statusCode!;
    const text = await textOf(answer);
    let status: { reason?: string; message?: string; details?: { kind?: string; retryAfterSeconds?: number } } = {};
    try {
        status = JSON.parse(text);
    } catch {
        // Not the API server's own answer: a proxy's, or plain text.
    }
    const header = Number(answer.headers["retry-after"]);
    const mayRepeat = code === 429 || code >= 500;
    const pause = mayRepeat && answer.headers["retry-after"] !== undefined && Number.isFinite(header);
    const message = status.message ?? `The API server answered ${code}: ${text.trim() || answer.statusMessage}`;
    return new ApiError(code, status.reason ?? "", message, status.details?.kind, pause ? header : undefined);
}
