/** One configured cluster: its objects, read and written. */
import type { Values } from "../values";
import { Client } from "./client";
import { Discovery, isNamespacedOwn, pathOf } from "./discovery";
import { ApiError, isConflict, isNotFound, UnreachableError } from "./errors";
import { takenOver } from "./managers";
import type { KubeObject } from "./objects";
import type { Settings } from "./settings";

/** An object's address. */
export interface Address {
    apiVersion: string;
    kind: string;
    namespace?: string;
    name: string;
}

export interface WriteOptions {
    dryRun?: boolean;
    signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
    manager: string;
    force: boolean;
}

/** How long "it can't be reached" holds before it is tried again, and how long one try may take. Milliseconds. */
const unreachableFor = 5_000;
const reachWithin = 10_000;

export const addressOf = (object: KubeObject): Address => ({
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
});

export class Cluster {
    readonly client: Client | undefined;
    private readonly discovery: Discovery | undefined;
    private reached: Promise<void> | undefined;

    constructor(readonly settings: Settings) {
        if (!settings.kubeConfig) return;
        this.client = new Client(settings.kubeConfig);
        this.discovery = new Discovery(this.client);
    }

    /** Resolves when the API server answers; throws UnreachableError. */
    reach(): Promise<void> {
        this.reached ??= this.tryToReach().catch((error) => {
            setTimeout(() => (this.reached = undefined), unreachableFor).unref();
            throw error;
        });
        return this.reached;
    }

    /** Why the cluster can't be reached, or undefined. */
    async unreachable(): Promise<UnreachableError | undefined> {
        try {
            await this.reach();
            return undefined;
        } catch (error) {
            if (error instanceof UnreachableError) return error;
            throw error;
        }
    }

    /** Whether a kind's objects live in namespaces; when nobody can say: yes. */
    async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
        const own = isNamespacedOwn(apiVersion, kind);
        return (
            own ??
            this.served(apiVersion, kind)
                .then(({ namespaced }) => namespaced)
                .catch(() => true)
        );
    }

    /** Whether the API server can be reached and serves the kind. */
    async serves(apiVersion: string, kind: string): Promise<boolean> {
        if (await this.unreachable()) return false;
        return this.served(apiVersion, kind)
            .then(() => true)
            .catch(() => false);
    }

    async served(apiVersion: string, kind: string) {
        await this.reach();
        return this.discovery!.find(apiVersion.replace(/^core\//, ""), kind);
    }

    async get(address: Address, signal?: AbortSignal): Promise<KubeObject> {
        return this.client!.request<KubeObject>("GET", await this.path(address), { signal });
    }

    /** As get; undefined when it isn't there. */
    async find(address: Address, signal?: AbortSignal): Promise<KubeObject | undefined> {
        try {
            return await this.get(address, signal);
        } catch (error) {
            if (isNotFound(error)) return undefined;
            throw error;
        }
    }

    async list(kind: Omit<Address, "name">, query: Record<string, string>): Promise<KubeObject[]> {
        const path = pathOf(await this.served(kind.apiVersion, kind.kind), kind.namespace);
        const { items } = await this.client!.request<{ items: KubeObject[] }>("GET", path, { query });
        // A list's items don't say what they are themselves.
        return items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }));
    }

    /** POST: fails where the object exists. */
    async create(object: KubeObject, manager: string, { dryRun, signal }: WriteOptions): Promise<KubeObject> {
        const served = await this.served(object.apiVersion, object.kind);
        const query = { fieldManager: manager, dryRun: dryRun ? "All" : undefined };
        const path = pathOf(served, object.metadata.namespace);
        return this.client!.request<KubeObject>("POST", path, { query, body: object, signal });
    }

    /** PUT: as a whole. */
    async replace(object: KubeObject, manager: string, { dryRun, signal }: WriteOptions): Promise<KubeObject> {
        const query = { fieldManager: manager, dryRun: dryRun ? "All" : undefined };
        const path = await this.path(addressOf(object));
        return this.client!.request<KubeObject>("PUT", path, { query, body: object, signal });
    }

    /** Server-side apply: makes the object where it isn't there, sets the fields given, drops the manager's others. */
    async apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
        const { manager, force, dryRun, signal } = options;
        const query = { fieldManager: manager, force: String(force), dryRun: dryRun ? "All" : undefined };
        const contentType = "application/apply-patch+yaml"; // JSON is YAML.
        const path = await this.path(addressOf(object));
        try {
            return await this.client!.request<KubeObject>("PATCH", path, { query, body: object, contentType, signal });
        } catch (error) {
            throw isConflict(error) ? conflict(error as ApiError, manager) : error;
        }
    }

    /** Hands over to `manager` what earlier managers own of an object. */
    async takeOver(object: KubeObject, manager: string, signal?: AbortSignal): Promise<KubeObject> {
        for (let tries = 1; ; tries++) {
            const managedFields = takenOver(object, manager);
            if (!managedFields) return object;
            const { resourceVersion } = object.metadata;
            const body = [
                { op: "replace", path: "/metadata/managedFields", value: managedFields },
                { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
            ];
            const contentType = "application/json-patch+json";
            try {
                const path = await this.path(addressOf(object));
                return await this.client!.request<KubeObject>("PATCH", path, { body, contentType, signal });
            } catch (error) {
                // Somebody else, often a controller, wrote in between.
                if (!isConflict(error) || tries === 10) throw error;
                object = await this.get(addressOf(object), signal);
            }
        }
    }

    async delete(address: Address, body: Values, signal?: AbortSignal): Promise<KubeObject> {
        return this.client!.request<KubeObject>("DELETE", await this.path(address), { body, signal });
    }

    close(): void {
        this.client?.close();
    }

    private async path({ apiVersion, kind, namespace, name }: Address): Promise<string> {
        return pathOf(await this.served(apiVersion, kind), namespace ?? this.settings.defaultNamespace, name);
    }

    private async tryToReach(): Promise<void> {
        if (!this.client) throw new UnreachableError(this.settings.unusable);
        try {
            await this.client.request("GET", "/version", { timeout: reachWithin });
        } catch (error) {
            // Any answer is an answer; what may not be read here is found out where it matters.
            if (!(error instanceof ApiError) || error.code >= 500) throw asUnreachable(error, this.client.server);
        }
    }
}

function asUnreachable(error: unknown, server: string): unknown {
    if (!(error instanceof ApiError)) return error;
    return new UnreachableError(`The Kubernetes API server ${server} isn't ready: ${error.message}`);
}

function conflict(error: ApiError, manager: string): ApiError {
    const message =
        `Somebody else manages a field that the program sets (server-side apply, as "${manager}"): ${error.message} ` +
        `Leave the field out, or set the annotation pulumi.com/patchForce: "true" to take it over.`;
    return new ApiError(error.code, error.reason, message);
}
