/** Read: for refresh and import. */
import { InitializationFailed, type Context, type ReadArgs, type ReadResult } from "../provider";
import type { Values } from "../values";
import { assertReady, NotReadyError } from "./await";
import type { Cluster } from "./cluster";
import { liveInputs } from "./equivalence";
import { isNotFound, UnknownKindError } from "./errors";
import { managerOf } from "./managers";
import { kindOfType, markSecrets, normalized, objectOf, parseId, stateOf, type KubeObject } from "./objects";

const gone: ReadResult = { id: "", inputs: {}, outputs: {} };

/** The inputs of an object that nobody here made: everything but what servers and controllers set. */
function inputsOfImported(live: KubeObject): Values {
    const inputs = normalized(live);
    delete inputs.status;
    const annotations = { ...inputs.metadata.annotations };
    delete annotations["deployment.kubernetes.io/revision"];
    delete annotations["kubectl.kubernetes.io/last-applied-configuration"];
    inputs.metadata = { ...inputs.metadata, annotations };
    if (Object.keys(annotations).length === 0) delete inputs.metadata.annotations;
    return inputs;
}

async function readUnreachable(args: ReadArgs, context: Context, cluster: Cluster, why: Error): Promise<ReadResult> {
    if (cluster.settings.deleteUnreachable) {
        context.log("warning", `${why.message} As deleteUnreachable says, this resource counts as gone.`);
        return gone;
    }
    if (cluster.settings.skipUpdateUnreachable) {
        context.log("warning", `${why.message} As skipUpdateUnreachable says, this resource is left as it was.`);
        return args;
    }
    throw new Error(
        `${why.message} If the cluster is gone for good, run this again with PULUMI_K8S_DELETE_UNREACHABLE=true: ` +
            `then its resources leave the state.`,
    );
}

export async function read(args: ReadArgs, context: Context, cluster: Cluster): Promise<ReadResult> {
    const unreachable = await cluster.unreachable();
    if (unreachable) return readUnreachable(args, context, cluster, unreachable);
    const imported = Object.keys(args.inputs).length === 0;
    const kind = kindOfType(context.type);
    const inputs = objectOf(imported ? kind : args.inputs);
    const { apiVersion = kind.apiVersion, kind: kindName = kind.kind } = inputs;
    let live: KubeObject;
    try {
        live = await cluster.get({ apiVersion, kind: kindName, ...parseId(args.id) }, context.signal);
    } catch (error) {
        if (isNotFound(error) || error instanceof UnknownKindError) return gone;
        throw error;
    }
    const found = imported ? inputsOfImported(live) : (liveInputs(live, normalized(inputs)) as Values);
    const manager = managerOf(inputs, args.outputs);
    const outputs = stateOf(live, found, manager, args.outputs.__initialApiVersion);
    const result = { id: args.id, inputs: markSecrets(found), outputs };
    if (imported) return result;
    await assertReady(cluster, live, inputs).catch((error) => {
        throw error instanceof NotReadyError ? new InitializationFailed(result, error.reasons) : error;
    });
    return result;
}
