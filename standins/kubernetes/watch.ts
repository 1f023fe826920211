/** Follows objects: lists them, then watches, and begins anew when the watch ends. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster";
import { pathOf } from "./discovery";
import { ApiError } from "./errors";
import type { KubeObject } from "./objects";

/** Which objects: of one kind, in one namespace, by name or labels. */
export interface Selection {
    apiVersion: string;
    kind: string;
    namespace?: string;
    name?: string;
    /** "key=value,key=value" */
    labels?: string;
}

interface WatchEvent {
    type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
    object: KubeObject & { code?: number; reason?: string; message?: string };
}

/** Seconds after which the server ends a watch, so that a connection that died unnoticed is made anew. */
const watchFor = 60;

/** Pauses between attempts, in milliseconds: quick first, for an API server that restarts. */
const pauses = [100, 200, 400, 800, 1000];

const queryOf = ({ name, labels }: Selection): Record<string, string | undefined> => ({
    fieldSelector: name === undefined ? undefined : `metadata.name=${name}`,
    labelSelector: labels,
});

/** The items of a list, which don't say what they are themselves. */
const withKind = (items: KubeObject[], { apiVersion, kind }: Selection): KubeObject[] =>
    items.map((item) => ({ ...item, apiVersion, kind }));

/** The lines of a text that arrives in pieces. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of chunks) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop()!;
        yield* lines;
    }
}

/** Calls `changed` with all selected objects, first of all and after each change, until `signal` is aborted. */
export async function follow(
    cluster: Cluster,
    selection: Selection,
    changed: (objects: KubeObject[]) => void,
    signal: AbortSignal,
): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
        try {
            await followOnce(cluster, selection, changed, signal, () => (failures = 0));
        } catch (error) {
            if (signal.aborted) return;
            // What won't get better by itself: no permission, a malformed request.
            if (error instanceof ApiError && [400, 401, 403].includes(error.code)) throw error;
            const pause = pauses[Math.min(failures++, pauses.length - 1)];
            await sleep(pause, undefined, { signal }).catch(() => undefined);
        }
    }
}

async function followOnce(
    cluster: Cluster,
    selection: Selection,
    changed: (objects: KubeObject[]) => void,
    signal: AbortSignal,
    succeeded: () => void,
): Promise<void> {
    const served = await cluster.served(selection.apiVersion, selection.kind);
    const path = pathOf(served, selection.namespace);
    const query = queryOf(selection);
    const list = await cluster.client!.request<{ items: KubeObject[]; metadata: { resourceVersion: string } }>(
        "GET",
        path,
        { query, signal },
    );
    const objects = new Map(withKind(list.items, selection).map((item) => [item.metadata.uid, item]));
    succeeded();
    changed([...objects.values()]);
    const { resourceVersion } = list.metadata;
    const watch = { ...query, watch: "true", resourceVersion, timeoutSeconds: String(watchFor) };
    const answer = await cluster.client!.open("GET", path, { query: watch, signal });
    for await (const line of linesOf(answer)) {
        if (line === "") continue;
        const { type, object } = JSON.parse(line) as WatchEvent;
        if (type === "ERROR") throw new ApiError(object.code ?? 500, object.reason ?? "", object.message ?? "");
        if (type === "BOOKMARK") continue;
        if (type === "DELETED") objects.delete(object.metadata.uid);
        else objects.set(object.metadata.uid, object);
        changed([...objects.values()]);
    }
}
