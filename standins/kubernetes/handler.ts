/** Serves every resource type of the package alike: its token says which kind it is. */
import {
    InitializationFailed,
    type Context,
    type CreateArgs,
    type CreateResult,
    type DeleteArgs,
    type ResourceHandler,
    type UpdateArgs,
    type UpdateResult,
} from "../provider";
import { hasUnknown, type Values } from "../values";
import { NotReadyError, untilReady } from "./await";
import { check } from "./check";
import { addressOf, type Cluster } from "./cluster";
import { diff } from "./diff";
import { isAlreadyExists, isForbidden, isMissingNamespace } from "./errors";
import { managerOf } from "./managers";
import { idOf, isPatch, normalized, objectOf, stateOf, type KubeObject } from "./objects";
import { read } from "./read";
import { remove } from "./remove";
import { create, relinquish, update } from "./write";

/** Waits, and keeps in the state what exists when the wait fails. */
async function ready(
    object: KubeObject,
    args: { cluster: Cluster; inputs: KubeObject; context: Context },
    stateFor: (live: KubeObject) => Values,
): Promise<KubeObject> {
    try {
        return await untilReady({ object, ...args });
    } catch (error) {
        const reasons = error instanceof NotReadyError ? error.reasons : [String((error as Error).message)];
        const live = error instanceof NotReadyError ? error.object : object;
        throw new InitializationFailed({ id: idOf(live), outputs: stateFor(live) }, reasons);
    }
}

async function createObject({ inputs }: CreateArgs, context: Context, cluster: Cluster): Promise<CreateResult> {
    const object = objectOf(inputs);
    const manager = managerOf(inputs);
    if (context.preview) {
        const predictable =
            !hasUnknown(object) &&
            !isPatch(context.type, object.kind) &&
            (await cluster.serves(object.apiVersion, object.kind));
        return { id: "", outputs: predictable ? await predict(object, inputs, manager, context, cluster) : inputs };
    }
    await cluster.reach();
    const made = await create(cluster, object, manager, context);
    const stateFor = (live: KubeObject) => stateOf(live, inputs, manager, object.apiVersion);
    const live = await ready(made, { cluster, inputs: object, context }, stateFor);
    return { id: idOf(live), outputs: stateFor(live) };
}

/** What the server would make of it; where it can't say, the inputs are all that is known. */
async function predict(object: KubeObject, inputs: Values, manager: string, context: Context, cluster: Cluster) {
    try {
        const planned = await create(cluster, object, manager, context);
        // An empty status would look like a known one.
        delete planned.status;
        return stateOf(planned, inputs, manager, object.apiVersion);
    } catch (error) {
        if (isForbidden(error) || isAlreadyExists(error) || isMissingNamespace(error)) return inputs;
        throw error;
    }
}

async function updateObject(args: UpdateArgs, context: Context, cluster: Cluster): Promise<UpdateResult> {
    const inputs = normalized(args.inputs);
    const object = objectOf(inputs);
    const blind = context.preview && (hasUnknown(object) || !(await cluster.serves(object.apiVersion, object.kind)));
    if (blind) return { outputs: inputs };
    await cluster.reach();
    const manager = managerOf(inputs, args.oldOutputs);
    const before = await cluster.find(addressOf({ ...object, metadata: args.oldOutputs.metadata }), context.signal);
    if (!before) {
        throw new Error(`${object.kind} ${args.id} is gone from the cluster: run \`pulumi refresh\`, then try again.`);
    }
    const stateFor = (live: KubeObject) => stateOf(live, inputs, manager, args.oldOutputs.__initialApiVersion);
    let written: KubeObject;
    try {
        written = await update({ cluster, object, live: before, manager, context });
    } catch (error) {
        if (context.preview && isForbidden(error)) return { outputs: inputs };
        throw error;
    }
    if (context.preview) return { outputs: stateFor(written) };
    const live = await ready(written, { cluster, inputs: object, context }, stateFor);
    const oldManager = args.oldOutputs.__fieldManager;
    if (oldManager && oldManager !== manager) await relinquish(cluster, live, oldManager, context.signal);
    return { outputs: stateFor(live) };
}

async function deleteObject({ id, inputs, outputs }: DeleteArgs, context: Context, cluster: Cluster): Promise<void> {
    const unreachable = await cluster.unreachable();
    if (unreachable && cluster.settings.deleteUnreachable) {
        context.log("warning", `${unreachable.message} As deleteUnreachable says, this resource counts as deleted.`);
        return;
    }
    if (unreachable) {
        throw new Error(
            `${unreachable.message} So ${id} can't be deleted. If the cluster is gone for good, run this again with ` +
                `PULUMI_K8S_DELETE_UNREACHABLE=true: then its resources leave the state.`,
        );
    }
    const live = objectOf(outputs);
    const wanted = objectOf(outputs.__inputs ?? inputs);
    if (!isPatch(context.type, live.kind)) return remove(cluster, live, wanted, context);
    await relinquish(cluster, live, managerOf(wanted, outputs), context.signal);
}

export const handlerFor = (cluster: Cluster): ResourceHandler => ({
    check: (args, context) => check(args, context, cluster),
    diff: (args, context) => diff(args, context, cluster),
    create: (args, context) => createObject(args, context, cluster),
    update: (args, context) => updateObject(args, context, cluster),
    read: (args, context) => read(args, context, cluster),
    delete: (args, context) => deleteObject(args, context, cluster),
});
