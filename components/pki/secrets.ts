import { createHash, hkdfSync } from "node:crypto";

import { yaml } from "../render/text";

/**
 * The API server's configuration for secrets at rest, with a key derived from a private key that the state keeps:
 * equal key, equal text, so that nothing restarts without a reason.
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export function encryptionConfig(privateKeyPem: string, generation: number): string {
    const secret = Buffer.from(hkdfSync("sha256", privateKeyPem, "", "slipway secrets at rest", 32)).toString("base64");
    return yaml({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [
            {
                resources: ["secrets"],
                // identity last: what was written before is still read.
                providers: [{ secretbox: { keys: [{ name: `key-${generation}`, secret }] } }, { identity: {} }],
            },
        ],
    });
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
