/**
 * Logins, shared. The genuine plugin logs in for each resource and keeps the connection until it ends, which sshd's
 * MaxStartups and PerSourcePenalties answer with refusals; here the resources of a machine share one login, which is
 * closed when it has been idle for some seconds.
 */
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Connection, Target } from "./connection";
import { dial } from "./dial";

/** How long a login that nobody uses stays open, in milliseconds. */
const idle = 5_000;

/** sshd allows ten sessions for each connection (MaxSessions). */
const sessions = 8;

interface Login {
    client: Promise<Client>;
    users: number;
    timer?: NodeJS.Timeout;
}

/** What a dial needs from the operation that asks for it. */
export interface Caller {
    signal: AbortSignal;
    status(message: string): void;
}

const keyOf = ({ host, port, user, password, privateKey, privateKeyPassword, agentSocketPath, hostKey }: Target) =>
    JSON.stringify([host, port, user, password, privateKey, privateKeyPassword, agentSocketPath, hostKey]);

/** Logins by machine, user and key. */
export class Pool {
    private readonly logins = new Map<string, Login[]>();

    /** Runs `work` with a login to the machine. */
    async use<Result>(
        connection: Connection,
        caller: Caller,
        work: (client: Client) => Promise<Result>,
    ): Promise<Result> {
        const key = keyOf(connection) + (connection.proxy ? keyOf(connection.proxy) : "");
        for (;;) {
            const shared = this.logins.get(key)?.find(({ users }) => users < sessions);
            const login = shared ?? this.open(key, connection, caller);
            login.users += 1;
            clearTimeout(login.timer);
            let client: Client;
            try {
                client = await login.client;
            } catch (error) {
                this.forget(key, login);
                // Somebody else's dial may have had less patience than this connection asks for.
                if (shared && !caller.signal.aborted) continue;
                throw error;
            }
            try {
                return await work(client);
            } finally {
                login.users -= 1;
                if (login.users === 0) login.timer = setTimeout(() => this.drop(key, login), idle).unref();
            }
        }
    }

    /** Closes every login. */
    close(): void {
        for (const [key, logins] of this.logins) for (const login of [...logins]) this.drop(key, login);
    }

    private open(key: string, connection: Connection, caller: Caller): Login {
        const login: Login = { client: this.connect(connection, caller), users: 0 };
        this.logins.set(key, [...(this.logins.get(key) ?? []), login]);
        login.client.then(
            (client) => client.on("close", () => this.forget(key, login)),
            () => undefined,
        );
        return login;
    }

    private connect(connection: Connection, caller: Caller): Promise<Client> {
        const { proxy } = connection;
        if (!proxy) return dial(connection, caller);
        // The bastion's login stays in use for as long as the connection through it lives.
        return new Promise((resolve, reject) => {
            const through = (bastion: Client) =>
                new Promise<void>((release) => {
                    const open = () => forward(bastion, connection);
                    dial(connection, { ...caller, open }).then(
                        (client) => {
                            client.on("close", release);
                            resolve(client);
                        },
                        (error) => {
                            release();
                            reject(error);
                        },
                    );
                });
            this.use(proxy, caller, through).catch((error: Error) =>
                reject(new Error(`The bastion can't be used. ${error.message}`)),
            );
        });
    }

    private drop(key: string, login: Login): void {
        this.forget(key, login);
        login.client.then(
            (client) => client.end(),
            () => undefined,
        );
    }

    private forget(key: string, login: Login): void {
        const rest = (this.logins.get(key) ?? []).filter((other) => other !== login);
        if (rest.length > 0) this.logins.set(key, rest);
        else this.logins.delete(key);
    }
}

/**
 * A stream from the bastion to the machine. Where the machine hangs up, OpenSSH's bastion says so and waits for us to close
 * it; ssh2 would wait for the bastion, and whoever runs something for ever.
 */
function forward(bastion: Client, { host, port }: Target): Promise<Duplex> {
    return new Promise((resolve, reject) => {
        bastion.forwardOut("127.0.0.1", 0, host, port, (error, stream) => {
            if (error) return reject(error);
            stream.once("end", () => stream.destroy());
            resolve(stream);
        });
    });
}
