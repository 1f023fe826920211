/**
 * Drives a plugin over Pulumi's provider protocol, as the engine does: the stand-in, or the genuine one where
 * SLIPWAY_GENUINE_PLUGINS names a folder with `pulumi-resource-NAME` in it.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import * as registry from "../../standins/registry";
import { serve } from "../../standins/server";
import { fromStruct, toStruct, type Values } from "../../standins/values";

/** A plugin that listens. */
export interface Plugin {
    genuine: boolean;
    /** A connection of its own, configured, as one provider resource has it. */
    connect(config?: Values): Promise<Instance>;
    close(): Promise<void>;
}

/** A resource as the state has it; secrets are marked. */
export interface Resource {
    type: string;
    name: string;
    id: string;
    inputs: Values;
    outputs: Values;
}

export interface Diff {
    changed: boolean;
    replaces: string[];
    /** By property path: whether the path asks for a replacement. */
    paths: Record<string, "update" | "replace">;
}

type Unary<Request, Response> = (
    request: Request,
    metadata: grpc.Metadata,
    options: Partial<grpc.CallOptions>,
    done: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

const urnOf = (type: string, name: string) => `urn:pulumi:test::contract::${type}::${name}`;

/** One connection to a plugin. */
export class Instance {
    constructor(private readonly client: ResourceProviderClient) {}

    async check(type: string, name: string, inputs: Values): Promise<{ inputs: Values; failures: string[] }> {
        const request = new proto.CheckRequest()
            .setUrn(urnOf(type, name))
            .setOlds(toStruct({}))
            .setNews(toStruct(inputs));
        request.setRandomseed(new Uint8Array(32).fill(7));
        const response = await this.call(this.client.check, request);
        const failures = response
            .getFailuresList()
            .map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
        return { inputs: fromStruct(response.getInputs()), failures };
    }

    /** Checks and creates, or previews that. */
    async create(type: string, name: string, wanted: Values, options: { preview?: boolean } = {}): Promise<Resource> {
        const { inputs, failures } = await this.check(type, name, wanted);
        if (failures.length > 0) throw new Error(failures.join("\n"));
        const request = new proto.CreateRequest()
            .setUrn(urnOf(type, name))
            .setProperties(toStruct(inputs))
            .setPreview(options.preview ?? false);
        const response = await this.call(this.client.create, request);
        return { type, name, id: response.getId(), inputs, outputs: fromStruct(response.getProperties()) };
    }

    async diff(old: Resource, wanted: Values): Promise<Diff> {
        const { inputs } = await this.check(old.type, old.name, wanted);
        const request = new proto.DiffRequest()
            .setId(old.id)
            .setUrn(urnOf(old.type, old.name))
            .setOldInputs(toStruct(old.inputs))
            .setOlds(toStruct(old.outputs))
            .setNews(toStruct(inputs));
        const response = await this.call(this.client.diff, request);
        const { ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
        const kinds = [...response.getDetaileddiffMap().entries()].map(([key, detail]) => {
            const replace = [ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE].some((kind) => kind === detail.getKind());
            return [key, replace ? "replace" : "update"] as const;
        });
        return {
            changed: response.getChanges() === proto.DiffResponse.DiffChanges.DIFF_SOME,
            replaces: response.getReplacesList(),
            paths: Object.fromEntries(kinds),
        };
    }

    async update(old: Resource, wanted: Values, options: { preview?: boolean } = {}): Promise<Resource> {
        const { inputs } = await this.check(old.type, old.name, wanted);
        const request = new proto.UpdateRequest()
            .setId(old.id)
            .setUrn(urnOf(old.type, old.name))
            .setOldInputs(toStruct(old.inputs))
            .setOlds(toStruct(old.outputs))
            .setNews(toStruct(inputs))
            .setPreview(options.preview ?? false);
        const response = await this.call(this.client.update, request);
        return { ...old, inputs, outputs: fromStruct(response.getProperties()) };
    }

    async read(old: Resource): Promise<Resource> {
        const request = new proto.ReadRequest()
            .setId(old.id)
            .setUrn(urnOf(old.type, old.name))
            .setInputs(toStruct(old.inputs))
            .setProperties(toStruct(old.outputs));
        const response = await this.call(this.client.read, request);
        const outputs = fromStruct(response.getProperties());
        return { ...old, id: response.getId(), inputs: fromStruct(response.getInputs()), outputs };
    }

    async delete(old: Resource): Promise<void> {
        const request = new proto.DeleteRequest()
            .setId(old.id)
            .setUrn(urnOf(old.type, old.name))
            .setOldInputs(toStruct(old.inputs))
            .setProperties(toStruct(old.outputs));
        await this.call(this.client.delete, request);
    }

    async call<Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> {
        return new Promise((resolve, reject) =>
            method.call(this.client, request, new grpc.Metadata(), {}, (error, response) =>
                error ? reject(new Error(error.details)) : resolve(response),
            ),
        );
    }
}

/** Starts a plugin. */
export async function openPlugin(name: registry.StandinName): Promise<Plugin> {
    const { port, genuine, close } = (await startGenuine(name)) ?? (await startStandin(name));
    const clients: ResourceProviderClient[] = [];
    return {
        genuine,
        connect: async (config = {}) => {
            // A pool of its own keeps this client from sharing its connection with others.
            const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
                "grpc.use_local_subchannel_pool": 1,
            });
            clients.push(client);
            const instance = new Instance(client);
            const configure = new proto.ConfigureRequest().setArgs(toStruct(config)).setAcceptsecrets(true);
            configure.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
            await instance.call(client.configure, configure);
            return instance;
        },
        close: async () => {
            for (const client of clients) client.close();
            await close();
        },
    };
}

interface Started {
    port: number;
    genuine: boolean;
    close(): Promise<void>;
}

async function startStandin(name: registry.StandinName): Promise<Started> {
    const server = await serve(() => registry.load(name), "0.0.0");
    return { ...server, genuine: false };
}

async function startGenuine(name: string): Promise<Started | undefined> {
    const folder = process.env.SLIPWAY_GENUINE_PLUGINS;
    if (!folder) return undefined;
    const executable = path.join(folder, `pulumi-resource-${name}`);
    if (!existsSync(executable)) throw new Error(`SLIPWAY_GENUINE_PLUGINS has no ${executable}.`);
    const child = spawn(executable, ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<number>((resolve, reject) => {
        child.stdout.once("data", (data: Buffer) => resolve(Number(data.toString().trim())));
        child.once("exit", (code) => reject(new Error(`${executable} ended with status ${code}.`)));
    });
    return { port, genuine: true, close: async () => void child.kill() };
}
