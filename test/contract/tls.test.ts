/** What @pulumi/tls's plugin does: keys and certificates that OpenSSL and OpenSSH accept, and renewal in time. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { utils } from "ssh2";
import { reveal, Secret, UNKNOWN, type Values } from "../../standins/values";
import { openPlugin, type Instance, type Plugin, type Resource } from "./plugin";

const types = {
    key: "tls:index/privateKey:PrivateKey",
    self: "tls:index/selfSignedCert:SelfSignedCert",
    request: "tls:index/certRequest:CertRequest",
    signed: "tls:index/locallySignedCert:LocallySignedCert",
};

describe("the tls plugin", () => {
    let plugin: Plugin;
    let tls: Instance;
    let folder: string;
    let caKey: string;
    let ca: Resource;

    const makeKey = (inputs: Values) => tls.create(types.key, "key", inputs);
    const pemOf = (key: Resource): string => reveal(key.outputs.privateKeyPem);
    const caInputs = () => ({
        privateKeyPem: new Secret(caKey),
        subject: { commonName: "test-ca", organization: "Test" },
        isCaCertificate: true,
        setSubjectKeyId: true,
        setAuthorityKeyId: true,
        allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
        validityPeriodHours: 100,
    });
    const certify = async (request: Values, certificate: Values = {}) => {
        const key = await makeKey({ algorithm: "ECDSA", ecdsaCurve: "P256" });
        const { outputs } = await tls.create(types.request, "request", { privateKeyPem: pemOf(key), ...request });
        const inputs = {
            certRequestPem: outputs.certRequestPem,
            caCertPem: ca.outputs.certPem,
            caPrivateKeyPem: new Secret(caKey),
            allowedUses: ["digital_signature", "server_auth", "client_auth"],
            validityPeriodHours: 10,
            ...certificate,
        };
        return { key, inputs, certificate: await tls.create(types.signed, "signed", inputs) };
    };
    const openssl = (args: string[], files: Record<string, string>): string => {
        for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), content);
        return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    };

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-tls-"));
        plugin = await openPlugin("tls");
        tls = await plugin.connect();
        caKey = pemOf(await makeKey({ algorithm: "ECDSA", ecdsaCurve: "P256" }));
        ca = await tls.create(types.self, "ca", caInputs());
    });

    after(async () => {
        await plugin?.close();
        fs.rmSync(folder, { recursive: true });
    });

    for (const [inputs, header, ssh] of [
        [{ algorithm: "ECDSA", ecdsaCurve: "P256" }, "EC PRIVATE KEY", "ecdsa-sha2-nistp256"],
        [{ algorithm: "ECDSA", ecdsaCurve: "P384" }, "EC PRIVATE KEY", "ecdsa-sha2-nistp384"],
        [{ algorithm: "RSA", rsaBits: 2048 }, "RSA PRIVATE KEY", "ssh-rsa"],
        [{ algorithm: "ED25519" }, "PRIVATE KEY", "ssh-ed25519"],
    ] as const) {
        it(`makes a key: ${Object.values(inputs).join(" ")}`, async () => {
            const key = await makeKey(inputs);
            assert(pemOf(key).startsWith(`-----BEGIN ${header}-----\n`));
            for (const output of ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"]) {
                assert(key.outputs[output] instanceof Secret, `${output} is secret`);
            }
            const spki = { type: "spki", format: "pem" } as const;
            for (const output of ["privateKeyPem", "privateKeyPemPkcs8"]) {
                const publicPem = createPublicKey(createPrivateKey(reveal(key.outputs[output]))).export(spki);
                assert.equal(publicPem, key.outputs.publicKeyPem);
            }
            const parsed = utils.parseKey(reveal(key.outputs.privateKeyOpenssh));
            assert(!(parsed instanceof Error), String(parsed));
            assert.equal(parsed.type, ssh);
            const line = `${ssh} ${parsed.getPublicSSH().toString("base64")}\n`;
            assert.equal(key.outputs.publicKeyOpenssh, line);
            assert.match(key.outputs.publicKeyFingerprintSha256, /^SHA256:[\w+/]{43}$/);
            assert.match(key.outputs.publicKeyFingerprintMd5, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
        });
    }

    it("knows nothing of a key in a preview", async () => {
        const inputs = { algorithm: "ECDSA", ecdsaCurve: "P256" };
        const planned = await tls.create(types.key, "key", inputs, { preview: true });
        assert.equal(reveal(planned.outputs.privateKeyPem), UNKNOWN);
        assert.equal(planned.outputs.algorithm, "ECDSA");
    });

    it("replaces a key when anything about it changes, and otherwise leaves it", async () => {
        const key = await makeKey({ algorithm: "ECDSA", ecdsaCurve: "P256" });
        assert.equal((await tls.diff(key, { algorithm: "ECDSA", ecdsaCurve: "P256" })).changed, false);
        const changed = await tls.diff(key, { algorithm: "ECDSA", ecdsaCurve: "P384" });
        assert.deepEqual(changed.paths, { ecdsaCurve: "replace" });
    });

    it("makes an authority and certificates that OpenSSL trusts for their uses and names", async () => {
        const { certificate } = await certify(
            {
                subject: { commonName: "system:node:a", organization: "system:nodes" },
                dnsNames: ["api.hex.local", "localhost"],
                ipAddresses: ["127.0.0.1", "fd00::1"],
            },
            { setSubjectKeyId: true },
        );
        const files = { "ca.pem": ca.outputs.certPem, "leaf.pem": certificate.outputs.certPem };
        const check = ["verify", "-x509_strict", "-CAfile", "ca.pem", "-purpose"];
        for (const rest of [
            ["sslserver", "-verify_hostname", "api.hex.local"],
            ["sslserver", "-verify_ip", "127.0.0.1"],
            ["sslserver", "-verify_ip", "fd00::1"],
            ["sslclient"],
        ]) {
            assert.match(openssl([...check, ...rest, "leaf.pem"], files), /leaf.pem: OK/);
        }
        assert.throws(() => openssl([...check, "sslserver", "-verify_hostname", "other", "leaf.pem"], files));
        const { subject, issuer } = new X509Certificate(certificate.outputs.certPem);
        assert.equal(subject, "O=system:nodes\nCN=system:node:a");
        assert.equal(issuer, "O=Test\nCN=test-ca");
    });

    it("writes the extensions that Go's crypto/x509 would write", async () => {
        const { certificate } = await certify({ subject: { commonName: "a" }, dnsNames: ["a"] });
        const text = openssl(["x509", "-in", "leaf.pem", "-noout", "-text"], {
            "leaf.pem": certificate.outputs.certPem,
        });
        assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
        assert.match(text, /Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/);
        assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
        assert.match(text, /Subject Alternative Name: \n\s+DNS:a/);
        assert.match(text, /Authority Key Identifier/);
        assert.doesNotMatch(text, /Subject Key Identifier/);
        const caText = openssl(["x509", "-in", "ca.pem", "-noout", "-text"], { "ca.pem": ca.outputs.certPem });
        assert.match(caText, /Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n/);
        assert.match(caText, /Basic Constraints: critical\s+CA:TRUE\n/);
    });

    it("makes the names critical when there is no subject", async () => {
        const { certificate } = await certify({ dnsNames: ["only.name"] });
        const text = openssl(["x509", "-in", "leaf.pem", "-noout", "-text"], {
            "leaf.pem": certificate.outputs.certPem,
        });
        assert.match(text, /Subject Alternative Name: critical\s+DNS:only.name/);
    });

    it("signs with RSA and ED25519 authorities and for such keys", async () => {
        for (const inputs of [{ algorithm: "RSA", rsaBits: 2048 }, { algorithm: "ED25519" }]) {
            const privateKeyPem = pemOf(await makeKey(inputs));
            const authority = await tls.create(types.self, "ca", { ...caInputs(), privateKeyPem });
            assert.equal(authority.outputs.keyAlgorithm, inputs.algorithm);
            const request = await tls.create(types.request, "request", {
                privateKeyPem,
                subject: { commonName: "leaf" },
            });
            const leaf = await tls.create(types.signed, "leaf", {
                certRequestPem: request.outputs.certRequestPem,
                caCertPem: authority.outputs.certPem,
                caPrivateKeyPem: privateKeyPem,
                allowedUses: ["client_auth"],
                validityPeriodHours: 1,
            });
            const files = { "ca.pem": authority.outputs.certPem, "leaf.pem": leaf.outputs.certPem };
            assert.match(openssl(["verify", "-CAfile", "ca.pem", "leaf.pem"], files), /OK/);
        }
    });

    it("gives times in RFC 3339, and defaults where nothing was said", async () => {
        const { certificate } = await certify({ subject: { commonName: "a" } });
        const { validityStartTime, validityEndTime, readyForRenewal, earlyRenewalHours } = certificate.outputs;
        const start = Date.parse(validityStartTime);
        assert(Math.abs(start - Date.now()) < 60_000);
        assert.equal(Date.parse(validityEndTime) - start, 10 * 3_600_000);
        assert.deepEqual({ readyForRenewal, earlyRenewalHours }, { readyForRenewal: false, earlyRenewalHours: 0 });
        const { validTo } = new X509Certificate(certificate.outputs.certPem);
        assert(Math.abs(Date.parse(validTo) - Date.parse(validityEndTime)) < 1000);
    });

    it("keeps the keys that went in secret", async () => {
        const { certificate } = await certify({ subject: { commonName: "a" } });
        assert(certificate.outputs.caPrivateKeyPem instanceof Secret);
        assert(!(certificate.outputs.certPem instanceof Secret));
    });

    it("replaces a certificate for another input, but not for other renewal hours", async () => {
        const { certificate, inputs } = await certify({ subject: { commonName: "a" } });
        assert.equal((await tls.diff(certificate, inputs)).changed, false);
        const longer = await tls.diff(certificate, { ...inputs, validityPeriodHours: 11 });
        assert.deepEqual(longer.paths, { validityPeriodHours: "replace" });
        const early = { ...inputs, earlyRenewalHours: 2 };
        assert.deepEqual(Object.values((await tls.diff(certificate, early)).paths), ["update"]);
        const updated = await tls.update(certificate, early);
        assert.equal(updated.outputs.earlyRenewalHours, 2);
        assert.equal(updated.outputs.certPem, certificate.outputs.certPem);
    });

    it("says in a refresh, and plans in an update, that a certificate is to be renewed", async () => {
        const { certificate, inputs } = await certify({ subject: { commonName: "a" } }, { earlyRenewalHours: 11 });
        const due = await tls.read(certificate);
        assert.equal(due.outputs.readyForRenewal, true);
        assert.deepEqual((await tls.diff(due, inputs)).paths, { readyForRenewal: "replace" });
        // The genuine plugin may need the refresh (pulumi-tls issue 39), the stand-in doesn't.
        if (!plugin.genuine) assert((await tls.diff(certificate, inputs)).changed);
    });

    it("refuses what it doesn't know, by name", async () => {
        await assert.rejects(makeKey({ algorithm: "DSA" }), /algorithm/);
        await assert.rejects(certify({ ipAddresses: ["1.2.3"] }), /1\.2\.3/);
        await assert.rejects(
            tls.create(types.self, "ca", { ...caInputs(), privateKeyPem: "no key" }),
            (error: Error) => !error.message.includes("no key"),
        );
    });
});
