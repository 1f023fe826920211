import * as crypto from "node:crypto";
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
 * not changed; a resource whose secrets have changed carries the time of that.
 */
export function digestOf({ deployment }: StateExport): string {
    const settled = JSON.stringify({ ...deployment, manifest: undefined }, (key, value: unknown) =>
        key === "ciphertext" && typeof value === "string" ? value.length : value,
    );
    return crypto.createHash("sha256").update(settled).digest("hex");
}

/** Why a state must not leave this machine; undefined for one whose secrets are encrypted. */
export function unfit(state: StateExport, env: NodeJS.ProcessEnv): string | undefined {
    const type = state.deployment.secrets_providers?.type;
    if (type === undefined || type === "b64" || JSON.stringify(state).includes("PRIVATE KEY-----")) {
        return "its secrets are not encrypted";
    }
    const empty = env.PULUMI_CONFIG_PASSPHRASE === "" && !env.PULUMI_CONFIG_PASSPHRASE_FILE;
    return type === "passphrase" && empty ? "its passphrase is empty" : undefined;
}
