/** One SSH login: the handshake, the host key, and the retries while a machine isn't up yet. */
import { createHash, createPrivateKey, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { sshPrivateKey } from "../sshKey";
import { describe, type Target } from "./connection";

/** An error that further attempts can't heal. */
class Final extends Error {}

/** Logins with a refused key are repeated too (a machine that boots may not have its keys yet), but not for long. */
const refusedKeyLimit = 10;

/** Pulumi's retry.Until: 100 ms, each time half as much again, never more than 5 s. */
const firstDelay = 100;
const backOff = 1.5;
const maxDelay = 5_000;

interface HostKey {
    type: string;
    blob: Buffer;
}

function parseHostKey(line: string): HostKey {
    const [type = "", base64 = ""] = line.trim().split(/\s+/);
    const blob = Buffer.from(base64, "base64");
    const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
    if (length === 0 || blob.subarray(4, 4 + length).toString() !== type) {
        throw new Final(`The host key must be a line like "ssh-ed25519 AAAA…", which "${line.trim()}" is not.`);
    }
    return { type, blob };
}

const fingerprint = (blob: Buffer): string =>
    `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;

const same = (left: Buffer, right: Buffer): boolean => left.length === right.length && timingSafeEqual(left, right);

/** ssh2 doesn't read PKCS #8, which the genuine plugin reads. */
function readable(privateKey: string): string {
    if (!privateKey.includes("-----BEGIN PRIVATE KEY-----")) return privateKey;
    return sshPrivateKey(createPrivateKey(privateKey)) ?? privateKey;
}

function configOf(target: Target, sock: Duplex | undefined, reject: (error: Error) => void): ConnectConfig {
    const expected = target.hostKey ? parseHostKey(target.hostKey) : undefined;
    const algorithms = expected?.type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [expected?.type];
    return {
        host: target.host,
        port: target.port,
        username: target.user,
        password: target.password,
        tryKeyboard: target.password !== undefined,
        privateKey: target.privateKey && readable(target.privateKey),
        passphrase: target.privateKeyPassword,
        agent: target.agentSocketPath ?? process.env.SSH_AUTH_SOCK,
        readyTimeout: target.perDialTimeout * 1000,
        // A machine that disappears during a command is noticed after a minute.
        keepaliveInterval: 15_000,
        keepaliveCountMax: 4,
        ...(sock ? { sock } : {}),
        ...(expected ? { algorithms: { serverHostKey: algorithms as ServerHostKeyAlgorithm[] } } : {}),
        hostVerifier: (blob: Buffer) => {
            if (!expected || same(blob, expected.blob)) return true;
            reject(
                new Final(
                    `SSH to ${describe(target)}: the host key is ${fingerprint(blob)}, but ` +
                        `${fingerprint(expected.blob)} is expected. Either the machine was set up anew ` +
                        `(then renew its key in the config), or something else answers at this address.`,
                ),
            );
            return false;
        },
    };
}

/** In a few words what went wrong. */
function reasonOf(error: Error & { level?: string; code?: string }, target: Target): string {
    if (error.level === "client-authentication") return "the login was refused (wrong user, key or password)";
    if (error.level === "client-timeout") return `no answer within ${target.perDialTimeout} s`;
    switch (error.code) {
        case "ECONNREFUSED":
            return "connection refused";
        case "ECONNRESET":
            return "connection reset";
        case "EHOSTUNREACH":
        case "ENETUNREACH":
            return "no route to host";
        case "ENOTFOUND":
        case "EAI_AGAIN":
            return "the host name can't be resolved";
        case "ETIMEDOUT":
            return "connection timed out";
    }
    return error.message;
}

/** Errors that come from the input or the server's set-up, not from its state. */
const isFinal = (error: Error): boolean =>
    error instanceof Final || /Cannot parse privateKey|no matching host key|Invalid username/i.test(error.message);

/** Logs in once. `sock` is a stream to the machine, when it isn't dialled directly. */
function login(target: Target, sock: Duplex | undefined, signal: AbortSignal): Promise<Client> {
    return new Promise((resolve, reject) => {
        const client = new Client();
        const give = (error: Error) => {
            signal.removeEventListener("abort", abort);
            reject(error);
            client.destroy();
        };
        const abort = () => give(new Final("The operation was cancelled."));
        signal.addEventListener("abort", abort);
        client.on("ready", () => {
            signal.removeEventListener("abort", abort);
            resolve(client);
        });
        client.on("error", give);
        client.on("close", () => give(new Error("the server closed the connection during the login")));
        client.on("keyboard-interactive", (_name, _text, _language, prompts, finish) =>
            finish(prompts.map(() => target.password ?? "")),
        );
        try {
            client.connect(configOf(target, sock, give));
            // Requests are small and wait for their answers: Nagle's algorithm would cost 40 ms for each.
            client.setNoDelay(true);
        } catch (error) {
            give(error as Error);
        }
    });
}

/**
 * Logs in, again and again until it works, `target.dialErrorLimit` is reached, or `signal` is aborted.
 * `open` makes the stream to the machine for each attempt, `status` is told about each failure.
 */
export async function dial(
    target: Target,
    options: { signal: AbortSignal; status: (message: string) => void; open?: () => Promise<Duplex> },
): Promise<Client> {
    const { signal, status, open } = options;
    const started = Date.now();
    const limit = target.dialErrorLimit < 0 ? Infinity : target.dialErrorLimit;
    let refused = 0;
    for (let attempt = 1, delay = firstDelay; ; attempt += 1, delay = Math.min(delay * backOff, maxDelay)) {
        try {
            signal.throwIfAborted();
            return await login(target, await open?.(), signal);
        } catch (error) {
            const reason = reasonOf(error as Error, target);
            if ((error as { level?: string }).level === "client-authentication") refused += 1;
            if (error instanceof Final || signal.aborted) throw error;
            if (isFinal(error as Error)) throw new Error(`SSH to ${describe(target)}: ${reason}.`);
            if (attempt > limit || refused > refusedKeyLimit) {
                const seconds = Math.round((Date.now() - started) / 1000);
                throw new Error(`SSH to ${describe(target)} failed ${attempt} times in ${seconds} s: ${reason}.`);
            }
            status(`SSH to ${describe(target)}, attempt ${attempt}: ${reason}; trying again`);
            await sleep(delay, undefined, { signal }).catch(() => undefined);
        }
    }
}
