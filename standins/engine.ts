/** The way back to the engine that talks to us: its log. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { Engine, Severity } from "./provider";

const severities: Record<Severity, LogSeverity> = {
    debug: LogSeverity.DEBUG,
    info: LogSeverity.INFO,
    warning: LogSeverity.WARNING,
    error: LogSeverity.ERROR,
};

/** Sends log lines to the engine at an address, in order; what can't be delivered is dropped. */
export class EngineLog implements Engine {
    private client: EngineClient | undefined;
    private last: Promise<void> = Promise.resolve();

    constructor(private readonly address: string) {}

    log(severity: Severity, message: string, options: { urn?: string; ephemeral?: boolean } = {}): void {
        const request = new LogRequest()
            .setSeverity(severities[severity])
            .setMessage(message)
            .setUrn(options.urn ?? "")
            .setEphemeral(options.ephemeral ?? false);
        this.last = this.last.then(() => this.send(request));
    }

    /** Resolves when every line logged so far has been sent: a line after an operation's end may get lost. */
    flush(): Promise<void> {
        return this.last;
    }

    close(): void {
        this.client?.close();
    }

    private send(request: LogRequest): Promise<void> {
        this.client ??= new EngineClient(this.address, grpc.credentials.createInsecure());
        const deadline = new Date(Date.now() + 5_000);
        return new Promise((resolve) => this.client!.log(request, new grpc.Metadata(), { deadline }, () => resolve()));
    }
}
