/** Deletes objects, and waits until they are gone. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../provider";
import { timeoutOf, titleOf } from "./await";
import { addressOf, type Cluster } from "./cluster";
import { isNotFound, UnknownKindError } from "./errors";
import { annotation, type KubeObject } from "./objects";
import { Progress } from "./progress";
import { follow } from "./watch";

/** Kinds for which the skipAwait annotation counts when they are deleted, too. */
const mayNotWait = new Set(["v1/Namespace", "v1/Pod", "v1/ReplicationController", "batch/v1/Job"])
    .add("apps/v1/DaemonSet")
    .add("apps/v1/Deployment")
    .add("apps/v1/StatefulSet");

const policies: Record<string, string> = { orphan: "Orphan", background: "Background" };

/** How dependents go: with the annotation's word, else before the object itself. */
const propagationOf = (inputs: KubeObject): string =>
    policies[annotation(inputs, "pulumi.com/deletionPropagationPolicy")?.toLowerCase() ?? ""] ?? "Foreground";

export async function remove(
    cluster: Cluster,
    object: KubeObject,
    inputs: KubeObject,
    context: Context,
): Promise<void> {
    try {
        const options = { propagationPolicy: propagationOf(inputs) };
        const answer = await cluster.delete(addressOf(object), options, context.signal);
        // The object itself comes back when it has to wait for its finalizers.
        if (answer.kind === "Status") return;
    } catch (error) {
        // A kind that isn't served any more took its objects along.
        if (isNotFound(error) || error instanceof UnknownKindError) return;
        throw error;
    }
    const kind = `${object.apiVersion}/${object.kind}`;
    if (annotation(inputs, "pulumi.com/skipAwait") === "true" && mayNotWait.has(kind)) return;
    await untilGone(cluster, object, timeoutOf(context, inputs), context);
}

async function untilGone(cluster: Cluster, object: KubeObject, timeout: number, context: Context): Promise<void> {
    const { uid } = object.metadata;
    const gone = new AbortController();
    const late = AbortSignal.timeout(timeout * 1000);
    const progress = new Progress(context);
    let last: KubeObject = object;
    const look = ([found]: KubeObject[]) => {
        if (!found || (uid !== undefined && found.metadata.uid !== uid)) return gone.abort();
        last = found;
        progress.say(`Waiting until it is gone${holders(found)}`);
    };
    const stop = AbortSignal.any([gone.signal, late, context.signal]);
    // Who may delete may not be allowed to watch.
    await follow(cluster, addressOf(object), look, stop).catch(() => poll(cluster, object, look, stop));
    progress.end();
    if (gone.signal.aborted) return;
    if (context.signal.aborted) throw context.signal.reason;
    throw new Error(`${titleOf(object)} wasn't gone ${timeout} s after its deletion${holders(last)}.`);
}

/** What keeps an object: its finalizers, and for a namespace what is in it. */
function holders(object: KubeObject): string {
    const conditions: { type: string; status: string; message?: string }[] = object.status?.conditions ?? [];
    const contents = conditions.filter(({ type, status }) => /^Namespace.*Remaining$/.test(type) && status === "True");
    const finalizers = object.metadata.finalizers ?? [];
    if (contents.length > 0) return `: ${contents.map(({ message }) => message).join(" ")}`;
    return finalizers.length > 0 ? `: finalizers hold it (${finalizers.join(", ")})` : "";
}

async function poll(
    cluster: Cluster,
    object: KubeObject,
    look: (found: KubeObject[]) => void,
    stop: AbortSignal,
): Promise<void> {
    for (let pause = 100; !stop.aborted; pause = Math.min(pause * 2, 1000)) {
        const found = await cluster.find(addressOf(object), stop);
        look(found ? [found] : []);
        await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
    }
}
