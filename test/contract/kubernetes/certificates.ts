/** Throw-away keys and certificates for a control plane of one test run. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;

type Keys = webcrypto.CryptoKeyPair;
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<Keys>;

async function writeKeys(file: string, keys: Keys): Promise<void> {
    const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    fs.writeFileSync(`${file}.key`, `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`, { mode: 0o600 });
    fs.writeFileSync(`${file}.pub`, `${x509.PemConverter.encode(spki, "PUBLIC KEY")}\n`);
}

/**
 * Writes ca.crt, service-account.{key,pub}, server.{crt,key} and admin.{crt,key} into a folder. The server's certificate
 * names `serverName` and no address: only a client that heeds tls-server-name accepts it.
 */
export async function writeCertificates(folder: string, serverName: string): Promise<void> {
    x509.cryptoProvider.set(webcrypto as Crypto);
    const now = Date.now();
    const lifetime = { notBefore: new Date(now - 60_000), notAfter: new Date(now + day) };
    const caKeys = await newKeys();
    const ca = await x509.X509CertificateGenerator.createSelfSigned({
        ...lifetime,
        serialNumber: "01",
        name: "CN=slipway-test-ca",
        keys: caKeys as unknown as CryptoKeyPair,
        signingAlgorithm: algorithm,
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    fs.writeFileSync(path.join(folder, "ca.crt"), `${ca.toString("pem")}\n`);
    const issue = async (name: string, subject: string, usage: x509.ExtendedKeyUsage, names: string[] = []) => {
        const keys = await newKeys();
        const dns = names.map((value) => ({ type: "dns" as const, value }));
        const certificate = await x509.X509CertificateGenerator.create({
            ...lifetime,
            serialNumber: Buffer.from(name).toString("hex"),
            subject,
            issuer: ca.subject,
            publicKey: keys.publicKey as CryptoKey,
            signingKey: caKeys.privateKey as CryptoKey,
            signingAlgorithm: algorithm,
            extensions: [
                new x509.ExtendedKeyUsageExtension([usage]),
                ...(dns.length > 0 ? [new x509.SubjectAlternativeNameExtension(dns)] : []),
            ],
        });
        await writeKeys(path.join(folder, name), keys);
        fs.writeFileSync(path.join(folder, `${name}.crt`), `${certificate.toString("pem")}\n`);
    };
    await issue("server", "CN=kube-apiserver", x509.ExtendedKeyUsage.serverAuth, [serverName]);
    await issue("admin", "CN=admin,O=system:masters", x509.ExtendedKeyUsage.clientAuth);
    await writeKeys(path.join(folder, "service-account"), await newKeys());
}
