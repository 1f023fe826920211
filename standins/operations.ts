/** Pulumi's resource operations, carried out with a stand-in's handlers: requests in, responses out. */
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import type { Connection } from "./connections";
import { changes, type Change, type Changes } from "./diff";
import {
    InitializationFailed,
    type CheckResult,
    type Context,
    type DiffResult,
    type ResourceHandler,
} from "./provider";
import { annotate, fromStruct, reveal, toStruct, type Values } from "./values";

interface Request {
    getUrn(): string;
    getType?(): string;
    getTimeout?(): number;
    getPreview?(): boolean;
}

/** The type token of a URN: urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME. */
const typeOf = (urn: string): string => (urn.split("::")[2] ?? "").split("$").pop() ?? "";
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

function contextOf(connection: Connection, request: Request): Context {
    const urn = request.getUrn();
    return {
        urn,
        name: nameOf(urn),
        type: typeOf(urn),
        preview: request.getPreview?.() ?? false,
        timeout: request.getTimeout?.() ?? 0,
        signal: connection.aborter.signal,
        log: (severity, message) => connection.engine?.log(severity, message, { urn }),
        status: (message) => connection.engine?.log("info", message, { urn, ephemeral: true }),
    };
}

function handlerOf(connection: Connection, type: string): ResourceHandler {
    const { resources, resource } = connection.current;
    const handler = resources[type] ?? resource?.(type);
    if (handler) return handler;
    throw new Error(
        `The ${connection.provider.name} stand-in has no resource type ${type}. ` +
            `It has: ${Object.keys(resources).sort().join(", ")}. Install Pulumi's own plugin for others.`,
    );
}

function checkResponse(result: CheckResult, marked: Values): proto.CheckResponse {
    const response = new proto.CheckResponse().setInputs(toStruct(annotate(result.inputs, marked)));
    for (const { property, reason } of result.failures ?? []) {
        response.addFailures(new proto.CheckFailure().setProperty(property).setReason(reason));
    }
    return response;
}

export async function check(connection: Connection, request: proto.CheckRequest): Promise<proto.CheckResponse> {
    const context = contextOf(connection, request);
    const handler = handlerOf(connection, context.type);
    const marked = fromStruct(request.getNews());
    const args = {
        oldInputs: reveal(fromStruct(request.getOlds())),
        inputs: reveal(marked),
        randomSeed: request.getRandomseed_asU8(),
    };
    return checkResponse(handler.check ? await handler.check(args, context) : { inputs: args.inputs }, marked);
}

/** Validates the configuration of a provider resource. */
export async function checkConfig(connection: Connection, request: proto.CheckRequest): Promise<proto.CheckResponse> {
    const marked = fromStruct(request.getNews());
    const args = {
        oldInputs: reveal(fromStruct(request.getOlds())),
        inputs: reveal(marked),
        randomSeed: new Uint8Array(),
    };
    return checkResponse((await connection.provider.checkConfig?.(args)) ?? { inputs: args.inputs }, marked);
}

const { Kind } = proto.PropertyDiff;
const kinds: Record<Change, [update: proto.PropertyDiff.Kind, replace: proto.PropertyDiff.Kind]> = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
};

/** The top-level property of a path. */
export const topLevel = (path: string): string => /^[^.[]+/.exec(path)?.[0] ?? path;

function diffResponse(result: DiffResult): proto.DiffResponse {
    const replace = new Set(result.replace ?? []);
    const paths = Object.keys(result.changes);
    const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
    const response = new proto.DiffResponse()
        .setChanges(paths.length === 0 ? DIFF_NONE : DIFF_SOME)
        .setDiffsList([...new Set(paths.map(topLevel))])
        .setReplacesList([...new Set([...replace].map(topLevel))])
        .setStablesList(result.stable ?? [])
        .setDeletebeforereplace(result.deleteBeforeReplace ?? false)
        .setHasdetaileddiff(true);
    for (const [path, change] of Object.entries(result.changes)) {
        const kind = kinds[change][replace.has(path) ? 1 : 0];
        response.getDetaileddiffMap().set(path, new proto.PropertyDiff().setKind(kind).setInputdiff(true));
    }
    return response;
}

/** The diff of a type that doesn't bring its own. */
export function defaultDiff(handler: ResourceHandler, oldInputs: Values, inputs: Values): DiffResult {
    const found: Changes = changes(oldInputs, inputs);
    const { replaceOn = [], deleteBeforeReplace } = handler;
    const replaces = (path: string) => replaceOn === "*" || replaceOn.includes(topLevel(path)) || !handler.update;
    return { changes: found, replace: Object.keys(found).filter(replaces), deleteBeforeReplace };
}

function diffArgs(request: proto.DiffRequest) {
    return {
        id: request.getId(),
        oldInputs: reveal(fromStruct(request.getOldInputs())),
        oldOutputs: reveal(fromStruct(request.getOlds())),
        inputs: reveal(fromStruct(request.getNews())),
        ignoreChanges: request.getIgnorechangesList(),
    };
}

export async function diff(connection: Connection, request: proto.DiffRequest): Promise<proto.DiffResponse> {
    const context = contextOf(connection, request);
    const handler = handlerOf(connection, context.type);
    const args = diffArgs(request);
    if (handler.diff) return diffResponse(await handler.diff(args, context));
    return diffResponse(defaultDiff(handler, args.oldInputs, args.inputs));
}

/** What a changed configuration of a provider resource means. */
export async function diffConfig(connection: Connection, request: proto.DiffRequest): Promise<proto.DiffResponse> {
    const args = diffArgs(request);
    const found = await connection.provider.diffConfig?.(args);
    return diffResponse(found ?? { changes: changes(args.oldInputs, args.inputs) });
}

/** Runs a handler; what it says exists although it failed gets the secret marks of the inputs, too. */
async function keepingSecrets<Result>(marked: Values, run: () => Promise<Result>): Promise<Result> {
    try {
        return await run();
    } catch (error) {
        if (!(error instanceof InitializationFailed)) throw error;
        const { id, outputs, inputs } = error.resource;
        const resource = { id, outputs: annotate(outputs, marked), inputs: inputs && annotate(inputs, marked) };
        throw new InitializationFailed(resource, error.reasons);
    }
}

export async function create(connection: Connection, request: proto.CreateRequest): Promise<proto.CreateResponse> {
    const context = contextOf(connection, request);
    const marked = fromStruct(request.getProperties());
    const handler = handlerOf(connection, context.type);
    const made = await keepingSecrets(marked, () => handler.create({ inputs: reveal(marked) }, context));
    return new proto.CreateResponse().setId(made.id).setProperties(toStruct(annotate(made.outputs, marked)));
}

export async function update(connection: Connection, request: proto.UpdateRequest): Promise<proto.UpdateResponse> {
    const context = contextOf(connection, request);
    const handler = handlerOf(connection, context.type);
    if (!handler.update) throw new Error(`Resources of the type ${context.type} can't be updated, only replaced.`);
    const marked = fromStruct(request.getNews());
    const args = {
        id: request.getId(),
        oldInputs: reveal(fromStruct(request.getOldInputs())),
        oldOutputs: reveal(fromStruct(request.getOlds())),
        inputs: reveal(marked),
    };
    const { outputs } = await keepingSecrets(marked, () => handler.update!(args, context));
    return new proto.UpdateResponse().setProperties(toStruct(annotate(outputs, marked)));
}

export async function read(connection: Connection, request: proto.ReadRequest): Promise<proto.ReadResponse> {
    const context = contextOf(connection, request);
    const handler = handlerOf(connection, context.type);
    const inputs = fromStruct(request.getInputs());
    const outputs = fromStruct(request.getProperties());
    const args = { id: request.getId(), inputs: reveal(inputs), outputs: reveal(outputs) };
    const found = handler.read ? await keepingSecrets(outputs, () => handler.read!(args, context)) : args;
    if (found.id === "") return new proto.ReadResponse();
    return new proto.ReadResponse()
        .setId(found.id)
        .setInputs(toStruct(annotate(found.inputs, inputs)))
        .setProperties(toStruct(annotate(found.outputs, outputs)));
}

export async function remove(connection: Connection, request: proto.DeleteRequest): Promise<void> {
    const context = contextOf(connection, request);
    const args = {
        id: request.getId(),
        inputs: reveal(fromStruct(request.getOldInputs())),
        outputs: reveal(fromStruct(request.getProperties())),
    };
    await handlerOf(connection, context.type).delete?.(args, context);
}

/** Calls a function of the stand-in. */
export async function invoke(connection: Connection, request: proto.InvokeRequest): Promise<proto.InvokeResponse> {
    const token = request.getTok();
    const call = connection.current.functions?.[token];
    if (!call) {
        throw new Error(
            `The ${connection.provider.name} stand-in has no function ${token}. Install Pulumi's own plugin for it.`,
        );
    }
    const context = contextOf(connection, { getUrn: () => "", getPreview: () => request.getPreview() });
    const result = await call(reveal(fromStruct(request.getArgs())), context);
    return new proto.InvokeResponse().setReturn(toStruct(result));
}
