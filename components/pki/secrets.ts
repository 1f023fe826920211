import { createHash, hkdfSync } from "node:crypto";

import { yaml } from "../render/text";

/** Which key writes: `cluster.encryption`. */
export interface EncryptionArgs {
    /** Of the private key that all of them are derived from. */
    readonly root: number;
    readonly generation: number;
}

/**
 * The API server's configuration for secrets at rest, with keys derived from a private key that the state keeps: equal
 * key, equal text, so that nothing restarts without a reason.
 *
 * The key of the next generation is there already, to read with: so control planes, which take a new generation one after
 * the other, read what the first of them writes. Those of the generations before stay, for what was written with them
 * and for snapshots.
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export function encryptionConfig(privateKeyPem: string, { root, generation }: EncryptionArgs): string {
    const before = Array.from({ length: generation - 1 }, (_, index) => generation - 1 - index);
    const keys = [generation, generation + 1, ...before].map((number) => ({
        // What is encrypted has the key's name in front: a name never changes.
        name: number === 1 ? `key-${root}` : `key-${root}-${number}`,
        secret: encryptionKey(privateKeyPem, number),
    }));
    return yaml({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [
            {
                resources: ["secrets"],
                // identity last: what was written before is still read.
                providers: [{ secretbox: { keys } }, { identity: {} }],
            },
        ],
    });
}

/** 32 bytes in base64, what secretbox takes. */
function encryptionKey(privateKeyPem: string, generation: number): string {
    const purpose = "slipway secrets at rest";
    const info = generation === 1 ? purpose : `${purpose} ${generation}`;
    return Buffer.from(hkdfSync("sha256", privateKeyPem, "", info, 32)).toString("base64");
}

/** A key that tokens of service accounts are checked with. */
export interface AccountKey {
    readonly generation: number;
    /** Whether tokens are signed with it now. */
    readonly signs: boolean;
    readonly pem: string;
}

/**
 * The API server's file of public keys. What stands outside of PEM's blocks is skipped by whoever reads them, and tells
 * the kit which they are.
 */
export function publicKeys(keys: readonly AccountKey[]): string {
    return keys
        .map(({ generation, signs, pem }) => `# generation ${generation}${signs ? ", signs" : ""}\n${pem}`)
        .join("");
}

/** 256 bits in hexadecimal that follow from a private key and what they are for, and from nothing else. */
export function derivedSecret(privateKeyPem: string, purpose: string): string {
    return Buffer.from(hkdfSync("sha256", privateKeyPem, "", `slipway secret of ${purpose}`, 32)).toString("hex");
}

/** SHA-256 of the first certificate's DER, in hexadecimal: what names a cluster for good. */
export function fingerprintOf(certificatePem: string): string {
    const body = /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/.exec(certificatePem);
    if (!body) {
        throw new Error("The cluster's authority has no certificate in PEM form.");
    }
    return createHash("sha256").update(Buffer.from(body[1], "base64")).digest("hex");
}
