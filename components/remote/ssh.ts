import { Client, ClientChannel, ConnectConfig } from "ssh2";

import { SshTarget } from "../inventory/node";

export interface RunOptions {
    /** Text for the command's standard input. */
    readonly stdin?: string;
    /** Milliseconds for everything, dialling included. Default 5000. */
    readonly timeout?: number;
    /** Milliseconds for dialling, where that shall end sooner. */
    readonly dialTimeout?: number;
    /** Called when the machine has begun with the command. */
    readonly onStarted?: () => void;
}

export interface RunResult {
    /** Exit status; null when a signal ended the command. */
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Nothing on the way answers, or not in time: of a machine that only refuses the login, more can be said. */
export class Unreachable extends Error {}

type Hop = Omit<SshTarget, "proxy">;

/** What ends the logins of one command, in the order they were made. */
type Ends = (() => void)[];

interface Login {
    readonly client: Promise<Client>;
    readonly ends: Ends;
    users: number;
}

/**
 * Bastions that somebody goes through now. All share one login: sshd drops connections that come in a burst (MaxStartups,
 * 10 by default), and a machine that wasn't reached would be left alone for the run. What is passed on is no session, so
 * MaxSessions doesn't limit how many share it.
 */
const bastions = new Map<string, Login>();

/**
 * Runs one command on a machine, through its bastion when it has one, and closes the connection. For reading (probe,
 * info): whatever changes a node is a resource. Rejects with one sentence when the machine can't be reached or what it
 * says can't be trusted; a command that fails is a result, not an error.
 */
export async function run(target: SshTarget, command: string, options: RunOptions = {}): Promise<RunResult> {
    const { stdin, timeout = 5000, dialTimeout = timeout, onStarted } = options;
    const ends: Ends = [];
    const dialAndRun = async () => execute(await dial(target, dialTimeout, ends), command, { stdin, onStarted });
    try {
        return await inTime(dialAndRun(), target, timeout);
    } finally {
        endAll(ends);
    }
}

/** @param timeout milliseconds */
async function inTime<T>(work: Promise<T>, target: SshTarget, timeout: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
            () => reject(new Unreachable(`${place(target)} gave no answer over SSH within ${timeout / 1000} s`)),
            timeout,
        );
    });
    try {
        return await Promise.race([work, late]);
    } finally {
        clearTimeout(timer);
    }
}

/**
 * Runs one command and hands on the lines of its standard output as they come, until it ends or `signal` says so. For
 * looking, as `run` is. Rejects as `run` does, and when the command fails.
 *
 * @param timeout milliseconds for dialling
 */
export async function follow(
    target: SshTarget,
    command: string,
    options: { readonly onLine: (line: string) => void; readonly signal: AbortSignal; readonly timeout?: number },
): Promise<void> {
    const { onLine, signal, timeout = 5000 } = options;
    const ends: Ends = [];
    const end = () => endAll(ends);
    signal.addEventListener("abort", end);
    try {
        const client = await dial(target, timeout, ends);
        if (signal.aborted) return;
        const { code, stderr } = await execute(client, command, { onLine });
        if (code !== 0) throw new Error(`${place(target)}: ${stderr.trim().split("\n").pop()} (exit status ${code})`);
    } catch (error) {
        if (!signal.aborted) throw error;
    } finally {
        signal.removeEventListener("abort", end);
        end();
    }
}

/**
 * The host key that a machine shows, as `hostKey` wants it: "ssh-ed25519 AAAA…"; of the kind that is pinned, where one
 * is. Nobody logs in, but to the bastion where there is one. Rejects as `run` does when nothing answers.
 *
 * @param timeout milliseconds for everything
 */
export async function askHostKey(target: SshTarget, timeout = 5000): Promise<string> {
    const ends: Ends = [];
    let shown: string | undefined;
    const hostVerifier = (key: Buffer) => {
        // The key's kind is the first of its length-prefixed fields (RFC 4253, section 6.6).
        const kind = key.toString("latin1", 4, 4 + key.readUInt32BE(0));
        shown = `${kind} ${key.toString("base64")}`;
        return false;
    };
    try {
        await dial({ ...target, hostKey: undefined }, timeout, ends, { ...asking(target.hostKey), hostVerifier });
    } catch (error) {
        if (shown === undefined) throw error;
    } finally {
        endAll(ends);
    }
    return shown!;
}

/** @param more settings of the connection to the machine itself */
function dial(target: SshTarget, timeout: number, ends: Ends, more?: ConnectConfig): Promise<Client> {
    return inTime(dialAll(target, ends, more), target, timeout);
}

async function dialAll(target: SshTarget, ends: Ends, more: ConnectConfig = {}): Promise<Client> {
    const { proxy } = target;
    if (proxy === undefined) return connect(target, { host: target.host, port: target.port, ...more }, ends);
    const bastion = await through(proxy, ends);
    const sock = await new Promise<ClientChannel>((resolve, reject) =>
        bastion.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) =>
            error
                ? reject(new Unreachable(`${place(proxy)} could not reach ${place(target)}: ${error.message}`))
                : resolve(channel),
        ),
    );
    // Where the machine hangs up, OpenSSH's bastion says so and waits for us to close; ssh2 would wait for the bastion.
    sock.once("end", () => sock.destroy());
    return connect(target, { sock, ...more }, ends);
}

/** A login to a bastion: the one that is open, or a new one. It ends with the last who goes through it. */
function through(proxy: Hop, ends: Ends): Promise<Client> {
    const key = JSON.stringify(proxy);
    const login = bastions.get(key) ?? logIn(key, proxy);
    login.users += 1;
    ends.push(() => {
        login.users -= 1;
        if (login.users > 0) return;
        forget(key, login);
        endAll(login.ends);
    });
    return login.client;
}

function logIn(key: string, proxy: Hop): Login {
    const ends: Ends = [];
    const client = connect(proxy, { host: proxy.host, port: proxy.port }, ends);
    const login = { client, ends, users: 0 };
    bastions.set(key, login);
    // Who comes after it broke gets a new one.
    client.then(
        (open) => open.once("close", () => forget(key, login)),
        () => forget(key, login),
    );
    return login;
}

function forget(key: string, login: Login): void {
    if (bastions.get(key) === login) bastions.delete(key);
}

/** Ends every login once, the last one first. */
function endAll(ends: Ends): void {
    ends.splice(0)
        .reverse()
        .forEach((end) => end());
}

function connect(hop: Hop, way: ConnectConfig, ends: Ends): Promise<Client> {
    const client = new Client();
    ends.push(() => client.destroy());
    let mistrusted = false;
    const agent = hop.privateKey === undefined ? process.env.SSH_AUTH_SOCK : undefined;
    return new Promise((resolve, reject) => {
        client.once("ready", () => resolve(client));
        // Stays on: a connection that breaks later must not become an uncaught error.
        client.on("error", (error) => reject(explain(hop, error, mistrusted)));
        try {
            // A short command and its answer are small packets: none shall wait for the one before it.
            client.once("connect", () => client.setNoDelay(true));
            client.connect({
                ...way,
                username: hop.user,
                // Whoever dials knows how long that may take, with all that is on the way.
                readyTimeout: 0,
                ...(hop.privateKey === undefined ? {} : { privateKey: hop.privateKey }),
                ...(agent === undefined ? {} : { agent }),
                ...pinned(hop.hostKey, () => (mistrusted = true)),
            });
        } catch (error) {
            reject(explain(hop, error as Error, false));
        }
    });
}

/** Accepts one host key only, and asks the server for that kind of key. */
function pinned(hostKey: string | undefined, onMismatch: () => void): ConnectConfig {
    if (hostKey === undefined) {
        return {};
    }
    const expected = Buffer.from(hostKey.trim().split(/\s+/)[1] ?? "", "base64");
    return {
        ...asking(hostKey),
        hostVerifier: (key: Buffer) => {
            const same = key.equals(expected);
            if (!same) {
                onMismatch();
            }
            return same;
        },
    };
}

/** Asks the server for a host key of this one's kind. */
function asking(hostKey: string | undefined): ConnectConfig {
    if (hostKey === undefined) return {};
    const [kind] = hostKey.trim().split(/\s+/);
    const kinds = kind === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [kind];
    return { algorithms: { serverHostKey: kinds as NonNullable<ConnectConfig["algorithms"]>["serverHostKey"] } };
}

interface ExecuteOptions extends Pick<RunOptions, "stdin" | "onStarted"> {
    /** Takes standard output, line by line; then the result has none. */
    readonly onLine?: (line: string) => void;
}

function execute(client: Client, command: string, options: ExecuteOptions): Promise<RunResult> {
    const { stdin = "", onStarted, onLine } = options;
    return new Promise((resolve, reject) => {
        client.once("close", () => reject(new Error("the connection closed before the command ended")));
        client.exec(command, (error, channel) => {
            if (error) {
                return reject(error);
            }
            let stdout = "";
            let stderr = "";
            let code: number | null = null;
            channel.setEncoding("utf8").on("data", (text: string) => {
                stdout += text;
                if (!onLine) return;
                const lines = stdout.split("\n");
                stdout = lines.pop() ?? "";
                lines.forEach(onLine);
            });
            channel.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
            channel.on("exit", (status: number | null) => (code = status));
            channel.on("close", () => resolve({ code, stdout, stderr }));
            channel.end(stdin);
            onStarted?.();
        });
    });
}

function explain(hop: Hop, error: Error & { level?: string }, mistrusted: boolean): Error {
    if (mistrusted) {
        return new Error(
            `${place(hop)} shows another host key than the one pinned in the configuration: find out why before you change it`,
        );
    }
    if (error.level === "client-authentication") {
        return new Error(
            `${place(hop)} refuses the login of ${hop.user}: its authorized_keys lacks the key that was offered`,
        );
    }
    return new Unreachable(`${place(hop)} can't be reached over SSH: ${error.message}`);
}

function place(hop: Hop): string {
    return `${hop.host}:${hop.port}`;
}
