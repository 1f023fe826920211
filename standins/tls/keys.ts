/** Private keys: making them, reading them, and using them to sign. */
import { createPrivateKey, createPublicKey, generateKeyPair, webcrypto, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

export type Algorithm = "RSA" | "ECDSA" | "ED25519";
export const algorithms: Algorithm[] = ["RSA", "ECDSA", "ED25519"];

/** Curves by the names of @pulumi/tls; those that OpenSSL has for them. */
export const curves = { P224: "secp224r1", P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" } as const;
export type Curve = keyof typeof curves;

const generate = promisify(generateKeyPair);

/** Makes a key. `curve` counts for ECDSA, `bits` for RSA. */
export async function generateKey(algorithm: Algorithm, curve: Curve, bits: number): Promise<KeyObject> {
    switch (algorithm) {
        case "RSA":
            return (await generate("rsa", { modulusLength: bits })).privateKey;
        case "ECDSA":
            return (await generate("ec", { namedCurve: curves[curve] })).privateKey;
        case "ED25519":
            return (await generate("ed25519")).privateKey;
    }
}

/** Reads a PEM (PKCS #1, SEC 1 or PKCS #8). `what` names it in the error; the key itself never shows up there. */
export function parseKey(pem: string, what: string): KeyObject {
    try {
        return createPrivateKey(pem);
    } catch {
        throw new Error(`${what} is not a private key in PEM format.`);
    }
}

/** The algorithm's name, as outputs have it. */
export function algorithmOf(key: KeyObject): Algorithm {
    const names: Record<string, Algorithm> = { rsa: "RSA", ec: "ECDSA", ed25519: "ED25519" };
    const name = names[key.asymmetricKeyType ?? ""];
    if (!name) throw new Error(`Keys of the type ${key.asymmetricKeyType} can't be used here.`);
    return name;
}

/** Curve → Web Crypto's name, and the hash that fits its size. */
const ecdsa: Record<string, { namedCurve: string; hash: string }> = {
    prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
    secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
    secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

/** A key as Web Crypto wants it, and the algorithm to sign with. */
export interface Signer {
    keys: { privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey };
    algorithm: { name: string; hash?: string };
}

/** Prepares a key for signing. */
export async function signerOf(key: KeyObject): Promise<Signer> {
    const { name, namedCurve, hash } = signatureOf(key);
    const algorithm = { name, ...(namedCurve ? { namedCurve } : {}), ...(hash ? { hash } : {}) };
    const privateDer = key.export({ type: "pkcs8", format: "der" });
    const publicDer = createPublicKey(key).export({ type: "spki", format: "der" });
    const { subtle } = webcrypto;
    return {
        keys: {
            privateKey: await subtle.importKey("pkcs8", privateDer, algorithm, true, ["sign"]),
            publicKey: await subtle.importKey("spki", publicDer, algorithm, true, ["verify"]),
        },
        algorithm: { name, ...(hash ? { hash } : {}) },
    };
}

function signatureOf(key: KeyObject): { name: string; namedCurve?: string; hash?: string } {
    switch (algorithmOf(key)) {
        case "RSA":
            return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
        case "ED25519":
            return { name: "Ed25519" };
        case "ECDSA": {
            const found = ecdsa[key.asymmetricKeyDetails?.namedCurve ?? ""];
            if (found) return { name: "ECDSA", ...found };
            throw new Error("The tls stand-in can't sign with this curve: use P256, P384 or P521.");
        }
    }
}
