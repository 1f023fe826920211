/**
 * Who is talking to us. Under PULUMI_DEBUG_PROVIDERS all provider resources of a package share one port, but the engine
 * dials a connection of its own for each of them (`plugin.NewProvider`), and starts it with Handshake and Attach. The
 * requests that follow don't say which provider resource they belong to, so it is told by the peer: address and port
 * of the engine's end of the connection.
 */
import { setMaxListeners } from "node:events";
import type { Configured, Provider } from "./provider";
import { EngineLog } from "./engine";

/** One connection of the engine, that is one provider resource. */
export class Connection {
    readonly aborter = new AbortController();
    engine: EngineLog | undefined;
    private configured: Configured | undefined;

    constructor(readonly provider: Provider) {
        // Each operation under way may listen.
        setMaxListeners(0, this.aborter.signal);
    }

    attach(engineAddress: string): void {
        this.engine?.close();
        this.engine = new EngineLog(engineAddress);
    }

    async configure(config: Record<string, unknown>): Promise<void> {
        this.configured?.close?.();
        this.configured = undefined;
        const quiet = { log: () => undefined };
        this.configured = await this.provider.configure(config, this.engine ?? quiet);
    }

    /** What Configure made. Throws when the engine hasn't configured this connection. */
    get current(): Configured {
        if (this.configured) return this.configured;
        throw new Error(
            `The ${this.provider.name} stand-in was used before it was configured: ` +
                `its connection to the engine was lost in between. Run the command again.`,
        );
    }

    close(): void {
        this.aborter.abort(new Error("The operation was cancelled."));
        this.configured?.close?.();
        this.engine?.close();
    }
}

/** The connections to one stand-in, by peer. */
export class Connections {
    private readonly byPeer = new Map<string, Connection>();
    private provider: Promise<Provider> | undefined;

    constructor(private readonly load: () => Promise<Provider>) {}

    /** The connection of a peer; `fresh`: a new one, because the engine has just dialled. */
    async of(peer: string, fresh = false): Promise<Connection> {
        this.provider ??= this.load();
        const provider = await this.provider;
        const known = this.byPeer.get(peer);
        if (known && !fresh) return known;
        known?.close();
        const connection = new Connection(provider);
        this.byPeer.set(peer, connection);
        return connection;
    }

    /** Connections that have been seen. */
    get size(): number {
        return this.byPeer.size;
    }

    closeAll(): void {
        for (const connection of this.byPeer.values()) connection.close();
        this.byPeer.clear();
    }
}
