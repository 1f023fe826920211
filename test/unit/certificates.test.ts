import assert from "node:assert/strict";

import { adminCertificate, controlPlaneCertificates } from "../../components/pki/certificates";
import { encryptionConfig, fingerprintOf } from "../../components/pki/secrets";
import { boards } from "../support";

describe("certificates", () => {
    const { cluster, nodes } = boards({ api: { operator: { host: "k8s.example.org" } } });
    const table = controlPlaneCertificates(cluster, nodes[0]);
    const named = (name: string) => table.find((spec) => spec.name === name)!;

    it("name the API by everything it is called by", () => {
        const { dnsNames, ipAddresses, usages } = named("apiserver");
        for (const name of ["api.hex.k8s.local", "kubernetes.default.svc.hex.k8s.local", "k8s.example.org", "hex-n1"]) {
            assert.ok(dnsNames?.includes(name), name);
        }
        assert.deepEqual(ipAddresses, ["10.96.0.1", "127.0.0.1", "192.168.10.11"]);
        assert.deepEqual(usages, ["server_auth"]);
    });

    it("put the operator's address among the addresses", () => {
        const lab = boards({ api: { operator: { host: "127.0.0.1" } } });
        const [apiserver] = controlPlaneCertificates(lab.cluster, lab.nodes[0]);
        assert.deepEqual(apiserver.ipAddresses, ["10.96.0.1", "127.0.0.1", "192.168.10.11"]);
    });

    it("carry the user names that Kubernetes' roles are bound to", () => {
        assert.equal(named("controller-manager").commonName, "system:kube-controller-manager");
        assert.equal(named("scheduler").commonName, "system:kube-scheduler");
        assert.equal(named("apiserver-kubelet-client").commonName, "kube-apiserver-kubelet-client");
    });

    it("are signed by three authorities: a client of etcd is no client of the API", () => {
        const signers = Object.fromEntries(table.map((spec) => [spec.name, spec.authority]));
        assert.deepEqual(signers, {
            apiserver: "cluster",
            "apiserver-etcd-client": "etcd",
            "apiserver-kubelet-client": "cluster",
            "front-proxy-client": "front-proxy",
            "controller-manager": "cluster",
            scheduler: "cluster",
            "etcd-server": "etcd",
            "etcd-peer": "etcd",
        });
    });

    it("belong to no powerful group, but for the operator's", () => {
        assert.deepEqual(
            table.filter((spec) => spec.organization !== undefined),
            [],
        );
        assert.equal(adminCertificate(cluster).organization, "system:masters");
        assert.equal(adminCertificate(cluster).files, undefined);
    });

    it("give etcd's keys to etcd", () => {
        const owners = table.filter((spec) => spec.files?.owner === "etcd:etcd").map((spec) => spec.name);
        assert.deepEqual(owners, ["etcd-server", "etcd-peer"]);
    });
});

describe("secrets at rest", () => {
    it("have a key of 32 bytes that depends on the private key only", () => {
        const secret = (pem: string) => /secret: (\S+)/.exec(encryptionConfig(pem, { root: 1, generation: 1 }))![1];
        assert.equal(Buffer.from(secret("a"), "base64").length, 32);
        assert.equal(secret("a"), secret("a"));
        assert.notEqual(secret("a"), secret("b"));
    });

    it("are written with the key of one generation, and read with the next one's and all that were before", () => {
        const keys = (generation: number) => {
            const text = encryptionConfig("a", { root: 1, generation });
            return [...text.matchAll(/name: (\S+)\n +secret: (\S+)/g)].map(([, name, secret]) => ({ name, secret }));
        };
        const names = (generation: number) => keys(generation).map(({ name }) => name);
        assert.deepEqual(names(1), ["key-1", "key-1-2"]);
        assert.deepEqual(names(2), ["key-1-2", "key-1-3", "key-1"]);
        assert.deepEqual(names(3), ["key-1-3", "key-1-4", "key-1-2", "key-1"]);
        // Whoever still has the generation before reads what the next one writes.
        assert.ok(keys(1).some(({ secret }) => secret === keys(2)[0].secret));
        assert.equal(new Set(keys(3).map(({ secret }) => secret)).size, 4);
    });
});

describe("fingerprint", () => {
    it("is the digest of the certificate's DER", () => {
        const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from("abc").toString("base64")}\n-----END CERTIFICATE-----\n`;
        assert.equal(fingerprintOf(pem), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert.throws(() => fingerprintOf("nothing"), /no certificate in PEM form/);
    });
});
