/** tls:index/privateKey:PrivateKey: a key that is made once and lives in the state. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import type { CheckFailure, ResourceHandler } from "../provider";
import { sshPrivateKey, sshPublicKey } from "../sshKey";
import { secret, UNKNOWN, type Values } from "../values";
import { algorithms, curves, generateKey } from "./keys";

const defaults = { ecdsaCurve: "P224", rsaBits: 2048 };

/** What is only known once the key is there. */
const made = [
    "privateKeyPem",
    "privateKeyPemPkcs8",
    "privateKeyOpenssh",
    "publicKeyPem",
    "publicKeyOpenssh",
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
];
const secrets = ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"];

function failures({ algorithm, ecdsaCurve, rsaBits }: Values): CheckFailure[] {
    const found: CheckFailure[] = [];
    const oneOf = (property: string, value: unknown, known: string[]) => {
        if (value === undefined || value === UNKNOWN || known.includes(value as string)) return;
        found.push({ property, reason: `'${property}' must be one of ${known.join(", ")}, not '${String(value)}'.` });
    };
    if (algorithm === undefined) found.push({ property: "algorithm", reason: "'algorithm' is required." });
    oneOf("algorithm", algorithm, algorithms);
    oneOf("ecdsaCurve", ecdsaCurve, Object.keys(curves));
    if (typeof rsaBits === "number" && rsaBits < 1024) {
        found.push({ property: "rsaBits", reason: `'rsaBits' must be at least 1024, not ${rsaBits}.` });
    }
    return found;
}

/** The traditional format of each algorithm; ED25519 has none. */
function traditionalPem(key: KeyObject): string {
    const types = { rsa: "pkcs1", ec: "sec1" } as const;
    const type = types[key.asymmetricKeyType as keyof typeof types] ?? "pkcs8";
    return key.export({ type: type as "pkcs8", format: "pem" }) as string;
}

function outputsOf(key: KeyObject): { id: string; outputs: Values } {
    const publicKey = createPublicKey(key);
    const ssh = sshPublicKey(key);
    const der = publicKey.export({ type: "spki", format: "der" });
    return {
        id: createHash("sha1").update(der).digest("hex"),
        outputs: {
            privateKeyPem: traditionalPem(key),
            privateKeyPemPkcs8: key.export({ type: "pkcs8", format: "pem" }),
            privateKeyOpenssh: sshPrivateKey(key) ?? "",
            publicKeyPem: publicKey.export({ type: "spki", format: "pem" }),
            publicKeyOpenssh: ssh ? `${ssh.line}\n` : "",
            publicKeyFingerprintMd5: ssh?.md5 ?? "",
            publicKeyFingerprintSha256: ssh?.sha256 ?? "",
        },
    };
}

const keepSecret = (outputs: Values): Values => ({
    ...outputs,
    ...Object.fromEntries(secrets.map((key) => [key, secret(outputs[key])])),
});

export const privateKey: ResourceHandler = {
    replaceOn: "*",
    check: ({ inputs }) => ({ inputs, failures: failures(inputs) }),
    async create({ inputs }, { preview }) {
        const all = { ...defaults, ...inputs } as Values;
        if (preview) {
            const unknown = Object.fromEntries(made.map((key) => [key, UNKNOWN]));
            return { id: "", outputs: keepSecret({ ...all, ...unknown }) };
        }
        const { id, outputs } = outputsOf(await generateKey(all.algorithm, all.ecdsaCurve, all.rsaBits));
        return { id, outputs: keepSecret({ ...all, ...outputs }) };
    },
};
