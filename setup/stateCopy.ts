import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as zlib from "node:zlib";
import type { StateExport } from "./stack";
import type { ArtifactSource } from "./stackRecord";

/** A state as a control plane keeps it. It is an export with a few fields more, so that `pulumi stack import` reads it. */
export interface StateCopy extends StateExport {
    readonly stack: string;
    readonly project: string;
    /** When it was taken, RFC 3339 in UTC. */
    readonly time: string;
    /** Where the stack's artifacts come from: another source means other digests. */
    readonly source?: ArtifactSource;
    /**
     * Says with the passphrase that nobody else wrote it: a state is full of commands that will be run with the operator's
     * rights, so a machine that keeps one must not be able to change it. Absent where secrets need no passphrase.
     */
    readonly seal?: string;
}

/** The copy with its seal. */
export function sealed(copy: Omit<StateCopy, "seal">, passphrase: string | undefined): StateCopy {
    return passphrase === undefined ? copy : { ...copy, seal: sealOf(copy, passphrase) };
}

/** Whether nobody who lacks the passphrase has written or changed the copy. */
export function isSealed({ seal = "", ...copy }: StateCopy, passphrase: string): boolean {
    const expected = Buffer.from(sealOf(copy, passphrase));
    return seal.length === expected.length && crypto.timingSafeEqual(Buffer.from(seal), expected);
}

/** scrypt at 2^15 takes 32 MB and a tenth of a second: a seal is no quicker way to guess a passphrase than the state is. */
function sealOf(copy: Omit<StateCopy, "seal">, passphrase: string): string {
    const salt = `${copy.project}/${copy.stack} ${copy.time}`;
    const key = crypto.scryptSync(passphrase, salt, 32, { N: 2 ** 15, maxmem: 2 ** 26 });
    return crypto.createHmac("sha256", key).update(JSON.stringify(copy)).digest("hex");
}

/** The passphrase as Pulumi will find it in this environment; undefined: secrets are encrypted in another way. */
export function passphraseIn(env: NodeJS.ProcessEnv): string | undefined {
    const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env;
    return text ?? (file ? fs.readFileSync(file, "utf8").trim() : undefined);
}

/** As it goes over a wire that is made for text: base64 of gzip. */
export function packCopy(copy: StateCopy): string {
    return zlib.gzipSync(JSON.stringify(copy)).toString("base64");
}

/** @throws when the text isn't what `packCopy` made. */
export function unpackCopy(text: string): StateCopy {
    const copy = JSON.parse(zlib.gunzipSync(Buffer.from(text, "base64")).toString()) as Partial<StateCopy>;
    if (!copy.stack || !copy.project || !copy.time || !copy.deployment) throw new Error("it is no copy of a state");
    return copy as StateCopy;
}

/**
 * What tells one state from another. Pulumi notes the time of every run and encrypts each secret anew, with what has
 * not changed (a resource whose secrets have changed carries the time of that), and lists resources, and what each
 * depends on, in the order in which they happened to be done.
 */
export function digestOf({ deployment }: StateExport): string {
    const settle = (key: string, value: unknown) => {
        if (key === "ciphertext" && typeof value === "string") return value.length;
        return Array.isArray(value) && value.every((item) => String(item).startsWith("urn:"))
            ? [...value].sort()
            : value;
    };
    const resources = (deployment.resources ?? []).map((resource) => JSON.stringify(resource, settle)).sort();
    const settled = JSON.stringify({ ...deployment, resources, manifest: undefined }, settle);
    return crypto.createHash("sha256").update(settled).digest("hex");
}

/** Why a state must not leave this machine; undefined for one whose secrets are encrypted. */
export function unfit(state: StateExport, env: NodeJS.ProcessEnv): string | undefined {
    const type = state.deployment.secrets_providers?.type;
    if (type === undefined || type === "b64" || JSON.stringify(state).includes("PRIVATE KEY-----")) {
        return "its secrets are not encrypted";
    }
    return type === "passphrase" && passphraseIn(env) === "" ? "its passphrase is empty" : undefined;
}
