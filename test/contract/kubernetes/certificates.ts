/** Throw-away keys and certificates for a control plane of one test run. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;

type Keys = webcrypto.CryptoKeyPair;
export const usage = x509.ExtendedKeyUsage;
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<Keys>;

async function writeKeys(file: string, keys: Keys): Promise<void> {
    const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    fs.writeFileSync(`${file}.key`, `${await privateKeyOf(keys)}\n`, { mode: 0o600 });
    fs.writeFileSync(`${file}.pub`, `${x509.PemConverter.encode(spki, "PUBLIC KEY")}\n`);
}

/** What an authority signs. */
interface Wanted {
    /** Hexadecimal. */
    readonly serialNumber: string;
    readonly subject: string;
    readonly usages: readonly x509.ExtendedKeyUsage[];
    readonly names?: readonly { readonly type: "dns" | "ip"; readonly value: string }[];
}

/** An authority that lives for a day, and so does what it signs. Certificates are PEM texts. */
export async function throwAwayAuthority(name: string) {
    x509.cryptoProvider.set(webcrypto as Crypto);
    const now = Date.now();
    const lifetime = { notBefore: new Date(now - 60_000), notAfter: new Date(now + day) };
    const own = await newKeys();
    const ca = await x509.X509CertificateGenerator.createSelfSigned({
        ...lifetime,
        serialNumber: "01",
        name,
        keys: own as unknown as CryptoKeyPair,
        signingAlgorithm: algorithm,
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    const issue = async ({ serialNumber, subject, usages, names = [] }: Wanted) => {
        const keys = await newKeys();
        const certificate = await x509.X509CertificateGenerator.create({
            ...lifetime,
            serialNumber,
            subject,
            issuer: ca.subject,
            publicKey: keys.publicKey as CryptoKey,
            signingKey: own.privateKey as CryptoKey,
            signingAlgorithm: algorithm,
            extensions: [
                new x509.ExtendedKeyUsageExtension([...usages]),
                ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : []),
            ],
        });
        return { certificate: certificate.toString("pem"), keys };
    };
    return { certificate: ca.toString("pem"), issue };
}

/** A private key as PEM text. */
export async function privateKeyOf({ privateKey }: Keys): Promise<string> {
    return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
}

/**
 * Writes ca.crt, service-account.{key,pub}, server.{crt,key} and admin.{crt,key} into a folder. The server's certificate
 * names `serverName` and no address: only a client that heeds tls-server-name accepts it.
 */
export async function writeCertificates(folder: string, serverName: string): Promise<void> {
    const authority = await throwAwayAuthority("CN=slipway-test-ca");
    fs.writeFileSync(path.join(folder, "ca.crt"), `${authority.certificate}\n`);
    const issue = async (name: string, subject: string, purpose: x509.ExtendedKeyUsage, dnsNames: string[] = []) => {
        const { certificate, keys } = await authority.issue({
            serialNumber: Buffer.from(name).toString("hex"),
            subject,
            usages: [purpose],
            names: dnsNames.map((value) => ({ type: "dns", value })),
        });
        await writeKeys(path.join(folder, name), keys);
        fs.writeFileSync(path.join(folder, `${name}.crt`), `${certificate}\n`);
    };
    await issue("server", "CN=kube-apiserver", usage.serverAuth, [serverName]);
    await issue("admin", "CN=admin,O=system:masters", usage.clientAuth);
    await writeKeys(path.join(folder, "service-account"), await newKeys());
}
