/**
 * The Kubernetes API of a simulated cluster, on a port of 127.0.0.1: it keeps the objects that it is given, and says at
 * once that each of them is ready. It knows the kinds that the program makes, and no more of apply and watch than the
 * stand-in plugin asks for.
 */
import * as https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server proves itself with: PEM texts. */
export interface ServingPair {
    readonly certificate: string;
    readonly key: string;
}

interface Metadata {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [field: string]: unknown;
}

interface KubeObject {
    apiVersion: string;
    kind: string;
    metadata: Metadata;
    [field: string]: unknown;
}

/** Whom somebody's hand finds. */
export interface Edited {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
}

/** By apiVersion. A kind's path is its name in lower case with an "s". */
const served: Record<string, readonly string[]> = {
    v1: ["ConfigMap", "Namespace", "Node", "Secret", "Service", "ServiceAccount"],
    "apps/v1": ["DaemonSet", "Deployment", "ReplicaSet"],
    "discovery.k8s.io/v1": ["EndpointSlice"],
    "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
};
const withoutNamespace = ["ClusterRole", "ClusterRoleBinding", "Namespace", "Node"];
const pathOf = (kind: string) => `${kind.toLowerCase()}s`;

/** An answer that isn't a success. */
class Refusal extends Error {
    constructor(
        readonly code: number,
        readonly reason: string,
    ) {
        super(reason);
    }
}

export class SimulatedApi {
    /** By kind, namespace and name. */
    private readonly objects = new Map<string, KubeObject>();
    private written = 0;

    private constructor(private readonly server: https.Server) {
        server.on("request", (request, response) => void this.serve(request, response));
    }

    /** Listens from the start, but nobody gets through before it has a certificate. Any client's is accepted. */
    static async start(): Promise<SimulatedApi> {
        const server = https.createServer({ requestCert: true, rejectUnauthorized: false });
        server.on("tlsClientError", () => undefined);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return new SimulatedApi(server);
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    use({ certificate, key }: ServingPair): void {
        this.server.setSecureContext({ cert: certificate, key });
    }

    /** Changes an object, or deletes it, as somebody does by hand. */
    edit({ kind, namespace, name }: Edited, change?: (object: KubeObject) => void): void {
        const key = keyOf(kind, namespace, name);
        const object = this.objects.get(key);
        if (!object) throw new Error(`There is no ${key}.`);
        if (change) change(object);
        else this.objects.delete(key);
    }

    async close(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const url = new URL(request.url!, "https://api");
        if (url.searchParams.get("watch") === "true") {
            // Nothing changes by itself here: whoever watches has seen it all.
            response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
            return;
        }
        const send = (code: number, body: unknown) =>
            response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
        try {
            const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as KubeObject) : undefined;
            send(200, this.answer(request.method!, url, body));
        } catch (error) {
            const { code, reason } = error instanceof Refusal ? error : new Refusal(500, String(error));
            send(code, { kind: "Status", status: "Failure", code, reason, message: `${reason}: ${url.pathname}` });
        }
    }

    private answer(method: string, url: URL, body: KubeObject | undefined): unknown {
        if (url.pathname === "/version") return { major: "1", minor: "36", gitVersion: "v1.36.3" };
        const [, apiVersion = "", scope, collection, member] =
            /^\/apis?\/(v1|[^/]+\/v\d+)(?:\/namespaces\/([^/]+))?(?:\/([a-z]+)(?:\/([^/]+))?)?$/.exec(
                decodeURIComponent(url.pathname),
            ) ?? [];
        const kinds = served[apiVersion];
        if (!kinds) throw new Refusal(404, "NotFound");
        if (!collection && !scope) {
            const resources = kinds.map((kind) => {
                return { name: pathOf(kind), kind, namespaced: !withoutNamespace.includes(kind) };
            });
            return { kind: "APIResourceList", groupVersion: apiVersion, resources };
        }
        // A namespace itself: its path begins as that of what is in it.
        const [plural, name] = collection ? [collection, member] : ["namespaces", scope];
        const kind = kinds.find((known) => pathOf(known) === plural);
        if (!kind) throw new Refusal(404, "NotFound");
        const namespace = collection ? scope : undefined;
        if (method === "GET" && name === undefined) return this.list(kind, namespace, url.searchParams);
        return this.act(method, keyOf(kind, namespace, name ?? body!.metadata.name), body, url.searchParams);
    }

    private list(kind: string, namespace: string | undefined, query: URLSearchParams): unknown {
        const labels = (query.get("labelSelector") ?? "").split(",").filter(Boolean);
        const named = query.get("fieldSelector")?.replace("metadata.name=", "");
        const items = [...this.objects.values()].filter((object) => {
            const { metadata } = object;
            return (
                object.kind === kind &&
                (namespace === undefined || metadata.namespace === namespace) &&
                (named === undefined || metadata.name === named) &&
                labels.map((label) => label.split("=")).every(([key, value]) => metadata.labels?.[key] === value)
            );
        });
        return { kind: `${kind}List`, metadata: { resourceVersion: `${this.written}` }, items };
    }

    private act(method: string, key: string, body: KubeObject | undefined, query: URLSearchParams): unknown {
        const old = this.objects.get(key);
        if (method === "POST" && old) throw new Refusal(409, "AlreadyExists");
        if ((method === "GET" || method === "DELETE") && !old) throw new Refusal(404, "NotFound");
        if (method === "GET") return old;
        if (method === "DELETE") {
            this.objects.delete(key);
            return { kind: "Status", status: "Success" };
        }
        const object = this.made(body!, old);
        if (query.get("dryRun") === null) for (const one of [object, ...controlled(object)]) this.keep(one);
        return object;
    }

    /** What the server and its controllers make of what they are given: fields that aren't given stay. */
    private made(given: KubeObject, old: KubeObject | undefined): KubeObject {
        const { kind } = given;
        const uid = old?.metadata.uid ?? `uid-${++this.written}`;
        const metadata: Metadata = { ...old?.metadata, ...given.metadata, uid, generation: 1 };
        const object: KubeObject = { ...old, ...given, metadata };
        if (kind === "Service") object.spec = { clusterIP: "10.96.0.100", ...(object.spec as object) };
        if (kind === "Deployment") {
            metadata.annotations = { ...metadata.annotations, "deployment.kubernetes.io/revision": "1" };
            object.status = { observedGeneration: 1, conditions: [{ type: "Available", status: "True" }] };
        }
        return object;
    }

    private keep(object: KubeObject): void {
        object.metadata.resourceVersion = `${++this.written}`;
        const { kind, metadata } = object;
        this.objects.set(keyOf(kind, metadata.namespace, metadata.name), object);
    }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
    return `${kind} ${namespace ?? ""}/${name}`;
}

/** What a controller makes of an object, as far as somebody waits for it. */
function controlled({ kind, metadata, spec }: KubeObject): KubeObject[] {
    const { name, namespace, uid, annotations } = metadata;
    if (kind === "Deployment") {
        const { replicas, selector } = spec as { replicas: number; selector: { matchLabels: Record<string, string> } };
        const own = { name: `${name}-1`, namespace, uid: `${uid}-1`, labels: selector.matchLabels, annotations };
        return [
            {
                apiVersion: "apps/v1",
                kind: "ReplicaSet",
                metadata: { ...own, ownerReferences: [{ uid }] },
                spec: { replicas },
                status: { readyReplicas: replicas },
            },
        ];
    }
    if (kind === "Service") {
        const labels = { "kubernetes.io/service-name": name };
        return [
            {
                apiVersion: "discovery.k8s.io/v1",
                kind: "EndpointSlice",
                metadata: { name: `${name}-1`, namespace, uid: `${uid}-1`, labels },
                endpoints: [{ conditions: { ready: true } }],
            },
        ];
    }
    return [];
}
