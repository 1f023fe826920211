/** The stand-ins' framework: values on the wire, diffs, one port for many provider resources, and errors. */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import * as rpc from "@pulumi/pulumi/runtime/rpc";
import * as signatures from "../../standins/signatures";
import { changes } from "../../standins/diff";
import { decodeConfig, InitializationFailed, type Provider } from "../../standins/provider";
import { serve, type Server } from "../../standins/server";
import { annotate, Archive, Asset, fromStruct, reveal, Secret, secret, toStruct, UNKNOWN } from "../../standins/values";

describe("stand-in values", () => {
    it("are marked as the SDK marks them", () => {
        for (const name of Object.keys(signatures) as (keyof typeof signatures)[]) {
            assert.equal(signatures[name], rpc[name], name);
        }
    });

    it("survive the wire: secrets, unknowns, assets, archives, nothing where nothing was", () => {
        const values = {
            text: "a",
            list: [1, null, { deep: secret("s") }],
            later: UNKNOWN,
            hidden: secret({ inner: [UNKNOWN] }),
            file: new Asset({ path: "kit", hash: "0f" }),
            files: new Archive({ assets: { a: new Asset({ text: "t" }) } }),
        };
        assert.deepEqual(fromStruct(toStruct({ ...values, absent: undefined })), values);
    });

    it("become secret in outputs where they are secret in inputs", () => {
        const inputs = { connection: secret({ host: "h" }), list: [{ a: "1", b: secret("2") }], open: "o" };
        const outputs = { ...reveal(inputs), more: "m" };
        assert.deepEqual(annotate(outputs, inputs), { ...inputs, more: "m" });
    });

    it("differ by path; secret marks don't count, files count by content", () => {
        const before = { a: { "b.c": 1, d: [1, 2] }, e: secret("x"), f: new Asset({ path: "p", hash: "1" }), g: null };
        const after = { a: { "b.c": 2, d: [1] }, e: "x", f: new Asset({ path: "q", hash: "1" }), h: UNKNOWN };
        assert.deepEqual(changes(before, after), { 'a["b.c"]': "update", "a.d[1]": "delete", h: "add" });
    });

    it("are the same with and without the notes of bridged plugins", () => {
        const genuine = { __defaults: [], subject: { __defaults: [], commonName: "a" }, algorithm: "RSA" };
        assert.deepEqual(changes(genuine, { subject: { commonName: "a" }, algorithm: "RSA" }), {});
    });

    it("are decoded from a provider's configuration where they are JSON", () => {
        const config = { flag: "true", object: '{"a":1}', text: "plain" };
        assert.deepEqual(decodeConfig(config, ["flag", "object", "text"]), {
            flag: true,
            object: { a: 1 },
            text: "plain",
        });
    });
});

describe("a stand-in's server", () => {
    const closed: string[] = [];
    const provider: Provider = {
        name: "echo",
        configure: (config) => ({
            resources: {
                "echo:index:Echo": {
                    create: async ({ inputs }) => {
                        if (inputs.fail) throw new InitializationFailed({ id: "half", outputs: inputs }, ["not ready"]);
                        return { id: "1", outputs: { ...inputs, who: config.who } };
                    },
                    replaceOn: ["name"],
                    deleteBeforeReplace: true,
                    update: async ({ inputs }) => ({ outputs: inputs }),
                },
            },
            close: () => closed.push(config.who),
        }),
    };
    let server: Server;
    const clients: ResourceProviderClient[] = [];

    before(async () => void (server = await serve(async () => provider, "1.2.3")));
    after(async () => {
        for (const client of clients) client.close();
        await server.close();
        assert.deepEqual(closed.sort(), ["me", "you"]);
    });

    const call = <Request, Response>(
        method: (request: Request, done: (error: grpc.ServiceError | null, response: Response) => void) => unknown,
        client: ResourceProviderClient,
        request: Request,
    ) =>
        new Promise<Response>((resolve, reject) =>
            method.call(client, request, (error, response) => (error ? reject(error) : resolve(response))),
        );
    const connect = async (who: string) => {
        const client = new ResourceProviderClient(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), {
            "grpc.use_local_subchannel_pool": 1,
        });
        clients.push(client);
        const request = new proto.ConfigureRequest().setArgs(toStruct({ who, version: "1.2.3" }));
        await call<proto.ConfigureRequest, proto.ConfigureResponse>(client.configure, client, request);
        return client;
    };
    const create = (client: ResourceProviderClient, inputs: object, type = "echo:index:Echo") =>
        call<proto.CreateRequest, proto.CreateResponse>(
            client.create,
            client,
            new proto.CreateRequest().setUrn(`urn:pulumi:s::p::${type}::n`).setProperties(toStruct({ ...inputs })),
        );

    it("keeps the configurations of two provider resources on one port apart", async () => {
        const [me, you] = [await connect("me"), await connect("you")];
        assert.equal(fromStruct((await create(me, {})).getProperties()).who, "me");
        assert.equal(fromStruct((await create(you, {})).getProperties()).who, "you");
    });

    it("gives back as secret what came as secret", async () => {
        const made = await create(clients[0]!, { password: secret("x") });
        assert(fromStruct(made.getProperties()).password instanceof Secret);
    });

    it("says which properties replace, and that the old one goes first", async () => {
        const request = new proto.DiffRequest()
            .setUrn("urn:pulumi:s::p::echo:index:Echo::n")
            .setOldInputs(toStruct({ name: "a", size: 1 }))
            .setNews(toStruct({ name: "b", size: 2 }));
        const client = clients[0]!;
        const response = await call<proto.DiffRequest, proto.DiffResponse>(client.diff, client, request);
        assert.deepEqual(response.getReplacesList(), ["name"]);
        assert.deepEqual(response.getDiffsList(), ["name", "size"]);
        assert.equal(response.getDeletebeforereplace(), true);
        const { UPDATE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
        const kind = (path: string) => response.getDetaileddiffMap().get(path)?.getKind();
        assert.deepEqual([kind("name"), kind("size")], [UPDATE_REPLACE, UPDATE]);
    });

    it("sends along what exists of a resource that isn't right", async () => {
        const error = await create(clients[0]!, { fail: true, password: secret("x") }).then(
            () => assert.fail("it succeeded"),
            (failure: grpc.ServiceError) => failure,
        );
        assert.equal(error.details, "not ready");
        const [bytes] = error.metadata.get("grpc-status-details-bin");
        const [detail] = Status.deserializeBinary(Uint8Array.from(bytes as Buffer)).getDetailsList();
        const failed = proto.ErrorResourceInitFailed.deserializeBinary(detail!.getValue_asU8());
        assert.equal(failed.getId(), "half");
        assert.deepEqual(failed.getReasonsList(), ["not ready"]);
        assert(fromStruct(failed.getProperties()).password instanceof Secret);
    });

    it("names the types it has when asked for another", async () => {
        await assert.rejects(
            create(clients[0]!, {}, "echo:index:Other"),
            /no resource type echo:index:Other.*echo:index:Echo/,
        );
    });
});
