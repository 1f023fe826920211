import * as fs from "node:fs";
import { objectDrift, type ObjectDrift, type StateObject } from "../operations/changes/live";
import type { Client } from "../standins/kubernetes/client";
import { Discovery, pathOf } from "../standins/kubernetes/discovery";
import { isNotFound, UnknownKindError } from "../standins/kubernetes/errors";
import { kindOfType, parseId } from "../standins/kubernetes/objects";
import { accessOf, apiClient } from "./apiAccess";
import { kubeconfigFile, readOutputs } from "./outputs";
import type { Prepared } from "./prepare";
import { exportState, readState, type Stack, type StateResource } from "./stack";

/** What a look at the Kubernetes API found. */
export interface ApiLook {
    readonly drift: readonly ObjectDrift[];
    /** Why nothing could be found out: one sentence. */
    readonly problem?: string;
}

/** Milliseconds in which the API must have begun to answer, and in which it must have told everything. */
const patience = { first: 2000, all: 15_000 };

/**
 * Compares every Kubernetes object of a stack's state with what the API has of it: what somebody changed there by hand.
 * Never throws. Meant to go on beside `preparing`, for which it only waits where the state isn't in our own backend.
 *
 * Pulumi's refresh finds the same, and takes a run of its engine for it each time; this takes a few requests.
 */
export async function lookAtApi(stack: Stack, preparing: Promise<Prepared>): Promise<ApiLook> {
    try {
        const objects = (await appliedResources(stack, preparing)).filter(isObject);
        if (objects.length === 0) return { drift: [] };
        const kubeconfig = await kubeconfigOf(stack, preparing);
        if (kubeconfig === undefined) return { drift: [] };
        return { drift: await compareAll(kubeconfig, objects) };
    } catch (error) {
        return { drift: [], problem: (error as Error).message.split("\n")[0] };
    }
}

/** What the state of a stack has. */
export async function appliedResources(stack: Stack, preparing: Promise<Prepared>): Promise<readonly StateResource[]> {
    const state = stack.ownBackend ? readState(stack) : (await exportState(await preparing)).deployment;
    return state?.resources ?? [];
}

type AppliedObject = StateResource & StateObject & { readonly id: string };

const isObject = (resource: StateResource): resource is AppliedObject =>
    resource.type.startsWith("kubernetes:") && resource.id !== undefined && resource.inputs !== undefined;

/** The one that the last `up` left is there at once. */
async function kubeconfigOf(stack: Stack, preparing: Promise<Prepared>): Promise<string | undefined> {
    const file = kubeconfigFile(stack.name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : (await readOutputs(await preparing)).kubeconfig;
}

async function compareAll(kubeconfig: string, objects: readonly AppliedObject[]): Promise<ObjectDrift[]> {
    const client = apiClient(accessOf(kubeconfig));
    try {
        await client.request("GET", "/api/v1", { timeout: patience.first });
        const discovery = new Discovery(client);
        const signal = AbortSignal.timeout(patience.all);
        const found = await Promise.all(
            objects.map(async (object) => objectDrift(object, await liveOf(object, { client, discovery, signal }))),
        );
        return found.filter((drift) => drift !== undefined);
    } finally {
        client.close();
    }
}

interface Asking {
    readonly client: Client;
    readonly discovery: Discovery;
    readonly signal: AbortSignal;
}

/** An object as the API has it; undefined: it is gone, or its kind is. */
async function liveOf(object: AppliedObject, { client, discovery, signal }: Asking) {
    const { apiVersion, kind } = { ...kindOfType(object.type), ...object.inputs } as Record<string, string>;
    const { namespace, name } = parseId(object.id);
    try {
        const served = await discovery.find(apiVersion, kind);
        return await client.request<Record<string, unknown>>("GET", pathOf(served, namespace, name), { signal });
    } catch (error) {
        if (isNotFound(error) || error instanceof UnknownKindError) return undefined;
        throw error;
    }
}
