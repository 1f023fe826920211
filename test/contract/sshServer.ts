/** An SSH server in this process, on 127.0.0.1, that runs commands with `sh -c` and serves SFTP from this machine. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import { connect, type AddressInfo, type Socket } from "node:net";
import { Server, utils, type Connection, type Session, type SFTPWrapper } from "ssh2";

/** What the server saw, and how to reach it. */
export interface SshServer {
    port: number;
    /** The host key's line, as `hostKey` wants it. */
    hostKey: string;
    /** A private key that is let in. */
    privateKey: string;
    logins: number;
    open: number;
    commands: string[];
    close(): Promise<void>;
    /** Ends all connections without a word, as a machine whose sshd is killed. */
    hangUp(): void;
}

/** A key pair: the private key as PEM and the public key as a line. */
export function keyPair(): { privateKey: string; line: string } {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "sec1", format: "pem" }).toString();
    const parsed = utils.parseKey(pem);
    if (parsed instanceof Error) throw parsed;
    return { privateKey: pem, line: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}` };
}

function serveCommands(session: Session, server: SshServer, translate: (command: string) => string): void {
    const environment: Record<string, string> = {};
    session.on("env", (accept, _reject, info) => {
        environment[info.key] = info.val;
        accept?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
        server.commands.push(command);
        const channel = accept();
        const child = spawn("sh", ["-c", translate(command)], { env: { ...process.env, ...environment } });
        channel.pipe(child.stdin);
        child.stdin.on("error", () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
            channel.exit(code ?? 255);
            channel.end();
        });
    });
}

const { STATUS_CODE } = utils.sftp;

/** The part of SFTP that copying needs. */
function serveFiles(sftp: SFTPWrapper): void {
    const handles = new Map<number, number>();
    const answer = (id: number, act: () => void) => {
        try {
            act();
        } catch (error) {
            const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
            sftp.status(id, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE);
        }
    };
    const descriptor = (handle: Buffer) => handles.get(handle.readUInt32BE(0))!;
    const attributes = (stats: fs.Stats) => ({
        mode: stats.mode,
        uid: stats.uid,
        gid: stats.gid,
        size: stats.size,
        atime: stats.atimeMs / 1000,
        mtime: stats.mtimeMs / 1000,
    });
    const stat = (id: number, path: string) => answer(id, () => sftp.attrs(id, attributes(fs.statSync(path))));
    sftp.on("STAT", stat).on("LSTAT", stat);
    sftp.on("FSTAT", (id, handle) => answer(id, () => sftp.attrs(id, attributes(fs.fstatSync(descriptor(handle))))));
    sftp.on("MKDIR", (id, path) => answer(id, () => (fs.mkdirSync(path), sftp.status(id, STATUS_CODE.OK))));
    sftp.on("OPEN", (id, path, flags) =>
        answer(id, () => {
            const opened = fs.openSync(path, utils.sftp.flagsToString(flags) ?? "r");
            handles.set(opened, opened);
            const handle = Buffer.alloc(4);
            handle.writeUInt32BE(opened);
            sftp.handle(id, handle);
        }),
    );
    sftp.on("WRITE", (id, handle, offset, data) =>
        answer(id, () => (fs.writeSync(descriptor(handle), data, 0, data.length, offset), sftp.status(id, 0))),
    );
    sftp.on("FSETSTAT", (id) => sftp.status(id, STATUS_CODE.OK));
    sftp.on("CLOSE", (id, handle) =>
        answer(id, () => (fs.closeSync(descriptor(handle)), sftp.status(id, STATUS_CODE.OK))),
    );
}

/**
 * Starts a server; `port` 0 takes a free one. It lets in `user` with its key, and with `password` when given.
 *
 * @param options.user the key that is let in; by default one of its own.
 * @param options.translate what is run instead of a command, for a machine that is a folder of this one.
 */
export async function startSshServer(
    options: {
        port?: number;
        password?: string;
        translate?: (command: string) => string;
        user?: ReturnType<typeof keyPair>;
    } = {},
): Promise<SshServer> {
    const host = keyPair();
    const { user = keyPair() } = options;
    const connections = new Set<Connection>();
    const authorized = user.line.split(" ")[1];
    const listener = new Server({ hostKeys: [host.privateKey] }, (connection) => {
        connections.add(connection);
        connection.on("authentication", (login) => {
            if (login.method === "publickey" && login.key.data.toString("base64") === authorized) return login.accept();
            if (login.method === "password" && login.password === options.password) return login.accept();
            login.reject(["publickey", "password"]);
        });
        connection.on("ready", () => {
            server.logins += 1;
            server.open += 1;
            (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
            connection.on("session", (accept) => {
                const session = accept();
                serveCommands(session, server, options.translate ?? ((command) => command));
                session.on("sftp", (acceptFiles) => serveFiles(acceptFiles()));
            });
            connection.on("tcpip", (accept, _reject, { destIP, destPort }) => {
                const channel = accept();
                const socket = connect(destPort, destIP);
                channel.pipe(socket).pipe(channel, { end: false });
                // As OpenSSH: either side may end, and the channel is closed when both have.
                socket.on("end", () => (channel.readableEnded ? channel.close() : channel.eof()));
                channel.on("end", () => socket.readableEnded && channel.close());
                channel.on("close", () => socket.destroy());
                socket.on("error", () => channel.close());
            });
            connection.on("close", () => (server.open -= 1));
        });
        connection.on("close", () => connections.delete(connection));
        connection.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => listener.listen(options.port ?? 0, "127.0.0.1", resolve));
    const server: SshServer = {
        port: (listener.address() as AddressInfo).port,
        hostKey: host.line,
        privateKey: user.privateKey,
        logins: 0,
        open: 0,
        commands: [],
        hangUp: () => connections.forEach((connection) => (connection as unknown as { _sock: Socket })._sock.destroy()),
        close: async () => {
            for (const connection of connections) connection.end();
            await new Promise<void>((resolve) => listener.close(() => resolve()));
        },
    };
    return server;
}
