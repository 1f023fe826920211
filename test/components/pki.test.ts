import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { Pki } from "../../components/pki";
import { boards } from "../support";

interface Made {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
}

const pem = (label: string, text: string) =>
    `-----BEGIN ${label}-----\n${Buffer.from(text).toString("base64")}\n-----END ${label}-----\n`;

/** Answers as the plugin would, with texts that say where they come from. */
function mockEngine(made: Made[], preview = false): void {
    pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                made.push({ type, name, inputs });
                const certificate = /Cert$/.test(type);
                const outputs = {
                    ...(/PrivateKey$/.test(type) && {
                        privateKeyPem: pem("EC PRIVATE KEY", name),
                        publicKeyPem: pem("PUBLIC KEY", name),
                    }),
                    ...(/CertRequest$/.test(type) && { certRequestPem: pem("CERTIFICATE REQUEST", name) }),
                    ...(certificate && { certPem: pem("CERTIFICATE", name), validityEndTime: "2036-01-01T00:00:00Z" }),
                };
                return { id: `${name}-id`, state: { ...inputs, ...outputs } };
            },
            call: () => ({}),
        },
        "slipway",
        "test",
        preview,
    );
}

const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const isSecret = (output: pulumi.Output<unknown>) => pulumi.isSecret(output);

describe("Pki", () => {
    const { cluster, nodes } = boards({}, [["control-plane", "worker"], ["worker"]]);
    const made: Made[] = [];
    let pki: Pki;
    before(async () => {
        mockEngine(made);
        pki = new Pki("hex-pki", { cluster, nodes });
        await value(pki.credentialsFor(nodes[0]));
    });

    it("gives the operator a certificate that ends sooner, where that is wanted, and the program keeps its own", async () => {
        const short: Made[] = [];
        mockEngine(short);
        const { cluster } = boards({ certificates: { hours: 8760, renewHours: 2190, operatorHours: 8 } });
        const other = new Pki("hex-pki", { cluster, nodes });
        const [operators, programs] = await Promise.all([
            value(other.operatorKubeconfig),
            value(other.adminKubeconfig),
        ]);
        const certificate = (kubeconfig: string) =>
            Buffer.from(/client-certificate-data: "?([^"\s]+)/.exec(kubeconfig)![1], "base64").toString();
        assert.equal(certificate(operators), pem("CERTIFICATE", "hex-pki-operator-g1-certificate"));
        assert.equal(certificate(programs), pem("CERTIFICATE", "hex-pki-admin-g1-certificate"));
        const { inputs } = short.find(({ name }) => name === "hex-pki-operator-g1-certificate")!;
        assert.deepEqual([inputs.validityPeriodHours, inputs.earlyRenewalHours], [8, 2]);
        assert.ok("operator" in (await value(other.expiries)));
        assert.equal(await value(pki.operatorKubeconfig), await value(pki.adminKubeconfig));
        mockEngine(made);
    });

    it("makes three authorities, and a key, a request and a certificate for each use", () => {
        const count = (type: string) => made.filter((one) => one.type.endsWith(type)).length;
        assert.equal(count("/selfSignedCert:SelfSignedCert"), 3);
        // Eight for the control plane, one for the operator; a worker has none.
        assert.equal(count("/locallySignedCert:LocallySignedCert"), 9);
        assert.equal(count("/certRequest:CertRequest"), 9);
        // Theirs, the service accounts' and the one for secrets at rest.
        assert.equal(count("/privateKey:PrivateKey"), 3 + 9 + 2);
    });

    it("names everything after its owner, with the generation", () => {
        const names = made.map(({ name }) => name);
        assert.ok(names.includes("hex-pki-cluster-ca-g1-certificate"));
        assert.ok(names.includes("hex-pki-hex-n1-apiserver-g1-key"));
        assert.deepEqual(
            names.filter((name) => !name.startsWith("hex-pki")),
            [],
        );
    });

    it("uses P-256 and renews in time", () => {
        for (const { inputs } of made.filter(({ type }) => type.endsWith(":PrivateKey"))) {
            assert.deepEqual(inputs, { algorithm: "ECDSA", ecdsaCurve: "P256" });
        }
        for (const { inputs } of made.filter(({ type }) => type.endsWith(":LocallySignedCert"))) {
            assert.equal(inputs.validityPeriodHours, cluster.certificates.hours);
            assert.equal(inputs.earlyRenewalHours, cluster.certificates.renewHours);
        }
    });

    it("keeps credentials and kubeconfig secret, and what names the cluster public", async () => {
        assert.ok(await isSecret(pki.credentialsFor(nodes[0])));
        assert.ok(await isSecret(pki.credentialsFor(nodes[1], "abcdef.0123456789abcdef")));
        assert.ok(await isSecret(pki.adminKubeconfig));
        for (const output of [pki.fingerprint, pki.digestFor(nodes[0]), pki.digestFor(nodes[1]), pki.expiries]) {
            assert.equal(await isSecret(output), false);
        }
    });

    it("gives a control plane everything, and a worker nothing but trust and a token", async () => {
        const own = await value(pki.credentialsFor(nodes[0]));
        for (const path of ["pki/ca.key", "pki/apiserver.key", "pki/encryption-config.yaml", "admin.conf"]) {
            assert.match(own, new RegExp(`^file 0600 root:root /etc/kubernetes/${path}$`, "m"));
        }
        const worker = await value(pki.credentialsFor(nodes[1], "abcdef.0123456789abcdef"));
        assert.doesNotMatch(worker, /PRIVATE KEY|\.key$/m);
        assert.match(worker, /token: abcdef\.0123456789abcdef/);
    });

    it("digests public things: equal for equal certificates, whatever the token is", async () => {
        assert.match(await value(pki.digestFor(nodes[1])), /^[0-9a-f]{16}$/);
        assert.notEqual(await value(pki.digestFor(nodes[0])), await value(pki.digestFor(nodes[1])));
    });

    it("writes the operator's kubeconfig for the cluster's name, checked against the endpoint's", async () => {
        const text = await value(pki.adminKubeconfig);
        assert.match(text, /^current-context: hex$/m);
        assert.match(text, /server: https:\/\/192\.168\.10\.11:6443$/m);
        assert.match(text, /tls-server-name: api\.hex\.k8s\.local$/m);
    });

    it("says when each certificate ends", async () => {
        const expiries = await value(pki.expiries);
        assert.equal(expiries["cluster-ca"], "2036-01-01T00:00:00Z");
        assert.ok("hex-n1/etcd-peer" in expiries && "admin" in expiries);
    });

    it("certifies a server in the cluster by its service's names, as a server only, below what runs it", async () => {
        const parent = new pulumi.ComponentResource("slipway:test:Server", "server");
        const served = pki.serve({ service: "metrics-server", namespace: "metrics" }, parent);
        assert.match(await value(served.authority), /CERTIFICATE/);
        assert.equal(await isSecret(served.key), true);
        assert.equal(await isSecret(served.certificate), false);
        const signed = made.find(({ name }) => name === "hex-pki-metrics-metrics-server-g1-certificate");
        assert.deepEqual(signed?.inputs.allowedUses, ["digital_signature", "server_auth"]);
        const request = made.find(({ name }) => name === "hex-pki-metrics-metrics-server-g1-request");
        assert.deepEqual(request?.inputs.dnsNames, [
            "metrics-server",
            "metrics-server.metrics",
            "metrics-server.metrics.svc",
            "metrics-server.metrics.svc.hex.k8s.local",
        ]);
    });

    it("refuses a control plane that it doesn't know", () => {
        const stranger = { ...nodes[0], name: "stranger" };
        assert.throws(() => pki.credentialsFor(stranger), /no certificates for stranger/);
    });
});

describe("Pki, while it is rotated", () => {
    const named = (made: Made[], pattern: RegExp) => made.map(({ name }) => name).filter((name) => pattern.test(name));
    const certificates = (text: string) => [...text.matchAll(/-----BEGIN CERTIFICATE-----\n(\S+)\n/g)].map(decoded);
    const decoded = ([, text]: RegExpMatchArray) => Buffer.from(text, "base64").toString();
    /** What a manifest says of a file. */
    const file = (manifest: string, path: string) =>
        new RegExp(`^file \\S+ \\S+ ${path}\n((?:\\|.*\n)*)`, "m").exec(manifest)![1].replaceAll(/^\| ?/gm, "");

    async function phase(settings: object) {
        const { cluster, nodes } = boards(settings, [["control-plane", "worker"], ["worker"]]);
        const made: Made[] = [];
        const protects: Record<string, boolean> = {};
        mockEngine(made);
        const note: pulumi.ResourceTransformation = ({ name, opts }) => {
            protects[name] = (opts as pulumi.CustomResourceOptions).protect === true;
            return undefined;
        };
        const pki = new Pki("hex-pki", { cluster, nodes }, { transformations: [note] });
        const [own, worker, kubeconfig, digest] = await Promise.all([
            value(pki.credentialsFor(nodes[0])),
            value(pki.credentialsFor(nodes[1])),
            value(pki.adminKubeconfig),
            value(pki.digestFor(nodes[1])),
        ]);
        const authority = /certificate-authority-data: "?([^"\s]+)/.exec(kubeconfig)![1];
        const trusted = certificates(Buffer.from(authority, "base64").toString());
        return { pki, made, protects, own, worker, trusted, digest };
    }
    const at = (generation: number, ...trusted: number[]) =>
        phase({ certificates: { generation, trusted, protect: true } });
    const authority = (name: string, generation: number) => `hex-pki-${name}-ca-g${generation}-certificate`;
    const both = (name: string) => [authority(name, 1), authority(name, 2)];

    it("trust: both generations are there and trusted by all, and the first signs everything", async () => {
        const { made, own, worker, trusted, protects } = await at(1, 2);
        assert.equal(named(made, /-ca-g\d-certificate$/).length, 6);
        assert.deepEqual(named(made, /-g2-certificate$/).sort(), [
            authority("cluster", 2),
            authority("etcd", 2),
            authority("front-proxy", 2),
        ]);
        assert.deepEqual(certificates(file(own, "/etc/kubernetes/pki/ca.crt")), both("cluster"));
        assert.deepEqual(certificates(file(worker, "/etc/kubernetes/pki/ca.crt")), both("cluster"));
        assert.deepEqual(certificates(file(own, "/etc/etcd/pki/ca.crt")), both("etcd"));
        assert.deepEqual(certificates(file(own, "/etc/kubernetes/pki/front-proxy-ca.crt")), both("front-proxy"));
        assert.deepEqual(certificates(file(own, "/etc/kubernetes/pki/signer.crt")), [authority("cluster", 1)]);
        assert.match(file(own, "/etc/kubernetes/pki/ca.key"), /BEGIN EC PRIVATE KEY/);
        assert.deepEqual(trusted, both("cluster"));
        // What doesn't sign may go; what signs is protected as the configuration says.
        assert.ok(protects["hex-pki-cluster-ca-g1-key"] && !protects["hex-pki-cluster-ca-g2-key"]);
    });

    it("sign: the second signs everything anew, and whom all trust stays to the letter", async () => {
        const [before, after] = [await at(1, 2), await at(2, 1)];
        assert.deepEqual(named(after.made, /-g1-certificate$/).sort(), [
            authority("cluster", 1),
            authority("etcd", 1),
            authority("front-proxy", 1),
        ]);
        const leaf = after.made.find(({ name }) => name === "hex-pki-hex-n1-etcd-peer-g2-certificate");
        assert.deepEqual(certificates(String(leaf?.inputs.caCertPem)), [authority("etcd", 2)]);
        for (const path of ["/etc/kubernetes/pki/ca.crt", "/etc/etcd/pki/ca.crt"]) {
            assert.equal(file(after.own, path), file(before.own, path));
        }
        assert.deepEqual(certificates(file(after.own, "/etc/kubernetes/pki/signer.crt")), [authority("cluster", 2)]);
        assert.equal(after.worker, before.worker);
        assert.equal(after.digest, before.digest);
        assert.equal(await value(after.pki.trust), await value(before.pki.trust));
        assert.ok(!after.protects["hex-pki-cluster-ca-g1-key"] && after.protects["hex-pki-cluster-ca-g2-key"]);
    });

    it("drop: the first is gone, and everything that isn't its stays", async () => {
        const { made, own, trusted, pki } = await at(2);
        assert.deepEqual(named(made, /-g1\b/), ["hex-pki-service-account-g1", "hex-pki-encryption-g1"]);
        assert.deepEqual(certificates(file(own, "/etc/kubernetes/pki/ca.crt")), [authority("cluster", 2)]);
        assert.deepEqual(trusted, [authority("cluster", 2)]);
        assert.equal((await value(pki.fingerprints)).length, 1);
        assert.match(file(own, "/etc/kubernetes/pki/encryption-config.yaml"), /name: key-1$/m);
    });

    it("keeps what it says of itself public, and everything else secret", async () => {
        const { pki } = await at(1, 2);
        const { nodes } = boards({}, [["control-plane", "worker"]]);
        for (const output of [pki.trust, pki.fingerprint, pki.fingerprints, pki.digestFor(nodes[0])]) {
            assert.equal(await isSecret(output), false);
        }
        assert.ok(await isSecret(pki.credentialsFor(nodes[0])));
    });

    it("the key of service accounts goes by itself: all check, one signs", async () => {
        const accounts = (generation: number, ...trusted: number[]) =>
            phase({ serviceAccounts: { generation, trusted } });
        const [first, trust, sign] = [await accounts(1), await accounts(1, 2), await accounts(2, 1)];
        const keys = ({ own }: typeof first) => ({
            verifies: [...file(own, "/etc/kubernetes/pki/service-account.pub").matchAll(/^# (.*)$/gm)].map(
                ([, text]) => text,
            ),
            signs: Buffer.from(
                file(own, "/etc/kubernetes/pki/service-account.key").split("\n")[1],
                "base64",
            ).toString(),
        });
        assert.deepEqual(keys(first), { verifies: ["generation 1, signs"], signs: "hex-pki-service-account-g1" });
        assert.deepEqual(keys(trust), {
            verifies: ["generation 1, signs", "generation 2"],
            signs: "hex-pki-service-account-g1",
        });
        assert.deepEqual(keys(sign), {
            verifies: ["generation 1", "generation 2, signs"],
            signs: "hex-pki-service-account-g2",
        });
        assert.deepEqual(named(sign.made, /-g2/), ["hex-pki-service-account-g2"]);
        const { nodes } = boards({}, [["control-plane", "worker"]]);
        const digests = await Promise.all([trust, sign].map(({ pki }) => value(pki.digestFor(nodes[0]))));
        assert.notEqual(digests[0], digests[1], "a preview shows that another key signs");
    });
});
