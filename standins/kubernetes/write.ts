/** Makes and changes objects. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../provider";
import { addressOf, type Cluster } from "./cluster";
import { isAlreadyExists, isInvalid, isMissingNamespace, isNotFound, messageOf, UnknownKindError } from "./errors";
import { createManager, isUntouched } from "./managers";
import { annotation, isDefinition, isPatch, type KubeObject } from "./objects";
import { Progress } from "./progress";

/** For how long a create is tried again whose namespace or kind isn't there, as the genuine plugin. Milliseconds. */
const mayComeWithin = 31_000;

function mustForce(object: KubeObject, cluster: Cluster, context: Context, live?: KubeObject): boolean {
    if (annotation(object, "pulumi.com/patchForce") === "true" || cluster.settings.patchForce) return true;
    if (context.preview && (!live || isUntouched(live))) return true;
    return live !== undefined && (live.metadata.managedFields ?? []).length === 0;
}

/** Creates an object; in a preview, as a dry run. Fails where it exists, unless it is to be patched or adopted. */
export async function create(
    cluster: Cluster,
    object: KubeObject,
    manager: string,
    context: Context,
): Promise<KubeObject> {
    const { signal, preview: dryRun } = context;
    const upsert = isPatch(context.type, object.kind) || cluster.settings.upsert;
    const force = mustForce(object, cluster, context);
    const write = () =>
        upsert
            ? cluster.apply(object, { manager, force, dryRun, signal })
            : cluster.create(object, createManager, { dryRun, signal });
    const until = Date.now() + mayComeWithin;
    const progress = new Progress(context);
    for (let pause = 100; ; pause = Math.min(pause * 2, 1000)) {
        try {
            const made = await write();
            progress.end();
            return made;
        } catch (error) {
            if (isAlreadyExists(error) && !dryRun) throw new Error(alreadyExists(error), { cause: error });
            const mayCome = isNotFound(error) || error instanceof UnknownKindError;
            if (!mayCome || Date.now() + pause > until || (dryRun && isMissingNamespace(error))) throw error;
            progress.say(`Trying again: ${messageOf(error)}`);
            await sleep(pause, undefined, { signal });
        }
    }
}

/** Changes an object by server-side apply; in a preview, as a dry run. */
export async function update(args: {
    cluster: Cluster;
    object: KubeObject;
    live: KubeObject;
    manager: string;
    context: Context;
}): Promise<KubeObject> {
    const { cluster, object, manager, context } = args;
    const { signal, preview: dryRun } = context;
    if (isDefinition(object)) {
        const { resourceVersion } = args.live.metadata;
        return cluster.replace({ ...object, metadata: { ...object.metadata, resourceVersion } }, manager, context);
    }
    const keep = dryRun || isPatch(context.type, object.kind);
    const live = keep ? args.live : await cluster.takeOver(args.live, manager, signal);
    const force = mustForce(object, cluster, context, live);
    return cluster.apply(object, { manager, force, dryRun, signal });
}

/** Gives back all fields that a manager owns of an object, which stays; fields of no other manager go. */
export async function relinquish(
    cluster: Cluster,
    object: KubeObject,
    manager: string,
    signal: AbortSignal,
): Promise<void> {
    const live = await cluster.find(addressOf(object), signal);
    if (!live) return;
    const { apiVersion, kind, metadata } = live;
    const { name, namespace, uid } = metadata;
    // With the uid, so that an object that goes away meanwhile isn't made anew.
    const empty: KubeObject = { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}), uid } };
    try {
        await cluster.apply(empty, { manager, force: false, signal });
    } catch (error) {
        if (!isInvalid(error)) throw error;
        throw new Error(
            `This Patch is the only one that sets a field which ${kind} ${name} must have, so the fields can't be ` +
                `given back: ${messageOf(error)} Set retainOnDelete, or let somebody else set the field first.`,
        );
    }
}

const alreadyExists = (error: unknown): string =>
    `${messageOf(error)}: it wasn't made by this stack, or its state was lost, or another resource has the same name. ` +
    `Give it another name, adopt it with \`pulumi import\`, change it with a Patch resource, or delete it.`;
