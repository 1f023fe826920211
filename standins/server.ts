/** Serves one stand-in over Pulumi's provider protocol (pulumirpc.ResourceProvider), on a port of 127.0.0.1. */
import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Connections, type Connection } from "./connections";
import * as operations from "./operations";
import { InitializationFailed, type Provider } from "./provider";
import { fromStruct, reveal, toStruct } from "./values";

/** A stand-in that listens. */
export interface Server {
    port: number;
    close(): Promise<void>;
}

/** Properties every provider resource has, which the engine uses itself. */
const engineKeys = ["version", "pluginDownloadURL", "__internal"];

/** How an error goes back to the engine: one that stored something carries it along. */
function failure(error: unknown): grpc.ServiceError {
    const message = error instanceof Error ? error.message : String(error);
    const metadata = new grpc.Metadata();
    if (error instanceof InitializationFailed) {
        const { id, outputs, inputs } = error.resource;
        const detail = new proto.ErrorResourceInitFailed()
            .setId(id)
            .setProperties(toStruct(outputs))
            .setReasonsList(error.reasons);
        if (inputs) detail.setInputs(toStruct(inputs));
        const any = new Any();
        any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
        const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(message);
        status.addDetails(any);
        metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
    }
    return Object.assign(new Error(message), { code: grpc.status.UNKNOWN, details: message, metadata });
}

type Call<Request> = grpc.ServerUnaryCall<Request, unknown>;
type Reply = grpc.sendUnaryData<unknown>;

function serviceOf(connections: Connections, version: string): grpc.UntypedServiceImplementation {
    /** A method of the protocol; its answer waits for the log lines it wrote. */
    const method = <Request>(run: (connection: Connection, request: Request) => Promise<unknown>, fresh = false) => {
        return async (call: Call<Request>, reply: Reply): Promise<void> => {
            try {
                const connection = await connections.of(call.getPeer(), fresh);
                const response = await run(connection, call.request).finally(() => connection.engine?.flush());
                reply(null, response);
            } catch (error) {
                reply(failure(error));
            }
        };
    };
    const refuse = (what: string) => method(() => Promise.reject(new Error(`The stand-in plugins don't do ${what}.`)));
    return {
        getPluginInfo: method(async () => new PluginInfo().setVersion(version)),
        handshake: method(async (connection, request: proto.ProviderHandshakeRequest) => {
            connection.attach(request.getEngineAddress());
            return new proto.ProviderHandshakeResponse().setAcceptSecrets(true);
        }, true),
        attach: method(async (connection, request: { getAddress(): string }) => {
            if (!connection.engine) connection.attach(request.getAddress());
            return new Empty();
        }),
        configure: method(async (connection, request: proto.ConfigureRequest) => {
            const config = reveal(fromStruct(request.getArgs()));
            for (const key of engineKeys) delete config[key];
            await connection.configure(config);
            return new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
        }),
        checkConfig: method(operations.checkConfig),
        diffConfig: method(operations.diffConfig),
        check: method(operations.check),
        diff: method(operations.diff),
        create: method(operations.create),
        update: method(operations.update),
        read: method(operations.read),
        delete: method(async (connection, request: proto.DeleteRequest) => {
            await operations.remove(connection, request);
            return new Empty();
        }),
        invoke: method(operations.invoke),
        call: refuse("methods"),
        construct: refuse("components"),
        parameterize: refuse("parameters"),
        getSchema: method(async (connection) =>
            new proto.GetSchemaResponse().setSchema(JSON.stringify({ name: connection.provider.name, version })),
        ),
        getMapping: method(async () => new proto.GetMappingResponse()),
        getMappings: method(async () => new proto.GetMappingsResponse()),
        cancel: method(async (connection) => {
            connection.aborter.abort(new Error("The operation was cancelled."));
            return new Empty();
        }),
    };
}

/**
 * Starts to listen. The stand-in is loaded when the engine first connects. `version` is what it says it is: the engine
 * warns when that is older than the package the program uses.
 */
export async function serve(load: () => Promise<Provider>, version: string): Promise<Server> {
    const connections = new Connections(load);
    const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    server.addService(ResourceProviderService, serviceOf(connections, version));
    const port = await new Promise<number>((resolve, reject) => {
        const credentials = grpc.ServerCredentials.createInsecure();
        server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    return {
        port,
        close: async () => {
            connections.closeAll();
            server.forceShutdown();
        },
    };
}
