/** Keys in OpenSSH's formats (RFC 4251, RFC 4253, and PROTOCOL.key of openssh-portable). */
import { createHash, createPublicKey, randomBytes, type JsonWebKey, type KeyObject } from "node:crypto";

const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
};

const string = (value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value as Buffer);
    return Buffer.concat([uint32(bytes.length), bytes]);
};

/** A positive integer: no leading zeros, but one where the first bit is set. */
const mpint = (value: Buffer): Buffer => {
    let start = 0;
    while (start < value.length - 1 && value[start] === 0) start += 1;
    const digits = value.subarray(start);
    return string((digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits);
};

const part = (jwk: JsonWebKey, name: keyof JsonWebKey): Buffer => Buffer.from(String(jwk[name]), "base64url");

const curves: Record<string, string> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

/** What stands in both halves of a key, and what only the private one has. */
function parts(key: KeyObject): { type: string; open: Buffer[]; secret: Buffer[] } | undefined {
    const curve = key.asymmetricKeyDetails?.namedCurve;
    // OpenSSH knows no P-224, and JSON Web Keys don't either.
    if (key.asymmetricKeyType === "ec" && curve === "secp224r1") return undefined;
    const jwk = key.export({ format: "jwk" });
    const has = (...names: (keyof JsonWebKey)[]) =>
        jwk.d === undefined ? [] : names.map((name) => mpint(part(jwk, name)));
    switch (jwk.kty) {
        case "OKP": {
            const point = part(jwk, "x");
            const secret = jwk.d === undefined ? [] : [string(Buffer.concat([part(jwk, "d"), point]))];
            return { type: "ssh-ed25519", open: [string(point)], secret };
        }
        case "EC": {
            const name = curves[jwk.crv ?? ""]!;
            const point = Buffer.concat([Buffer.from([4]), part(jwk, "x"), part(jwk, "y")]);
            return { type: `ecdsa-sha2-${name}`, open: [string(name), string(point)], secret: has("d") };
        }
        default: {
            const [n, e] = [mpint(part(jwk, "n")), mpint(part(jwk, "e"))];
            return { type: "ssh-rsa", open: [e, n], secret: has("d", "qi", "p", "q") };
        }
    }
}

/** The public half, as in authorized_keys and known_hosts. Undefined for keys that SSH doesn't have. */
export function sshPublicKey(key: KeyObject): { line: string; md5: string; sha256: string } | undefined {
    const found = parts(key.type === "private" ? createPublicKey(key) : key);
    if (!found) return undefined;
    const blob = Buffer.concat([string(found.type), ...found.open]);
    const hex = createHash("md5").update(blob).digest("hex");
    return {
        line: `${found.type} ${blob.toString("base64")}`,
        md5: hex.match(/../g)!.join(":"),
        sha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    };
}

/** The private key as OpenSSH writes it, without a passphrase. Undefined for keys that SSH doesn't have. */
export function sshPrivateKey(key: KeyObject): string | undefined {
    const found = parts(key);
    if (!found) return undefined;
    const { type, open, secret } = found;
    // In the private part an RSA key's modulus comes before its exponent.
    const inPrivate = type === "ssh-rsa" ? [...open].reverse() : open;
    const check = randomBytes(4);
    const body = Buffer.concat([check, check, string(type), ...inPrivate, ...secret, string("")]);
    const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, i) => i + 1));
    const whole = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        string("none"),
        string("none"),
        string(""),
        uint32(1),
        string(Buffer.concat([string(type), ...open])),
        string(Buffer.concat([body, padding])),
    ]);
    const lines = whole.toString("base64").match(/.{1,70}/g)!;
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
