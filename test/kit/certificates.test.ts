/** What a machine says of its certificates, and whose successor it takes: no systemd, no API. */
import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

import { encryptionConfig, fingerprintOf, publicKeys } from "../../components/pki/secrets";
import { kitFolder, type NodeReport } from "../../components/remote";
import type { AuthoritiesReport } from "../../operations/rotation/authorities";
import { LocalNode } from "./local";

const pki = "/etc/kubernetes/pki";
const kubelet = "/var/lib/kubelet/pki";

describe("kit: certificates", () => {
    let node: LocalNode;
    let work: string;
    beforeEach(() => {
        node = new LocalNode();
        work = node.at("/ca");
        fs.mkdirSync(work);
    });
    afterEach(() => node.dispose());

    const openssl = (...args: string[]) =>
        execFileSync("openssl", args, { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
    /** Makes an authority "NAME-gGENERATION" and returns its certificate. */
    const authority = (name: string) => {
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
        openssl(
            "req",
            "-x509",
            "-new",
            "-key",
            `${name}.key`,
            "-subj",
            `/CN=${name}`,
            "-days",
            "10",
            "-out",
            `${name}.crt`,
        );
        return fs.readFileSync(path.join(work, `${name}.crt`), "utf8");
    };
    const signed = (by: string, days = 5) => {
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key");
        openssl(
            "req",
            "-new",
            "-key",
            "leaf.key",
            "-subj",
            "/O=system:nodes/CN=system:node:hex-n1",
            "-out",
            "leaf.csr",
        );
        const sign = ["x509", "-req", "-in", "leaf.csr", "-CA", `${by}.crt`, "-CAkey", `${by}.key`, "-CAcreateserial"];
        return String(openssl(...sign, "-days", String(days)));
    };
    const probe = () => JSON.parse(node.step("probe").stdout) as Partial<NodeReport>;

    it("the probe tells nothing of them on a machine that has none", () => {
        const { trusts, kubelet, accounts, encryption, known } = probe();
        assert.deepEqual(
            { trusts, kubelet, accounts, encryption, known },
            {
                trusts: undefined,
                kubelet: {},
                accounts: undefined,
                encryption: undefined,
                known: undefined,
            },
        );
    });

    it("the probe tells whom the machine trusts, and when its kubelet's certificates end", () => {
        node.write(`${pki}/ca.crt`, authority("hex-cluster-ca-g1") + authority("hex-cluster-ca-g12"));
        node.write(`${kubelet}/kubelet-client-current.pem`, signed("hex-cluster-ca-g1"));
        node.write(`${kubelet}/kubelet-server-current.pem`, signed("hex-cluster-ca-g12", 8));
        const { trusts, kubelet: told = {} } = probe();
        assert.deepEqual(trusts, [1, 12]);
        assert.deepEqual([told.client?.generation, told.server?.generation], [1, 12]);
        const days = ({ begins, ends } = { begins: 0, ends: 0 }) => Math.round((ends - begins) / 86_400);
        assert.deepEqual([days(told.client), days(told.server)], [5, 8]);
        assert.ok(Math.abs(told.client!.begins - Date.now() / 1000) < 300);
    });

    it("a certificate that can't be read hides no other one", () => {
        node.write(`${pki}/ca.crt`, authority("hex-cluster-ca-g1"));
        const cut = signed("hex-cluster-ca-g1").replace(/\n.{64}\n/, "\n");
        node.write(`${kubelet}/kubelet-client-current.pem`, cut);
        node.write(`${kubelet}/kubelet-server-current.pem`, signed("hex-cluster-ca-g1", 8));
        const { trusts, kubelet: told, ended } = probe();
        assert.deepEqual([trusts, told?.client, told?.server?.generation, ended], [[1], undefined, 1, undefined]);
    });

    it("a kubelet's certificate that has ended is told, and put aside by the next step, for the node joins anew", () => {
        const client = `${kubelet}/kubelet-client-current.pem`;
        const once = "once 0600 root:root /var/lib/kubelet/bootstrap-kubeconfig unless=" + client + "\n| token\n";
        authority("hex-cluster-ca-g1");
        node.welcome();
        node.write(client, signed("hex-cluster-ca-g1"));
        assert.equal(probe().ended, undefined);
        assert.equal(node.step("credentials apply", once).stdout, "");
        assert.ok(node.has(client) && !node.has("/var/lib/kubelet/bootstrap-kubeconfig"));
        node.write(client, signed("hex-cluster-ca-g1", -1));
        assert.equal(probe().ended, true);
        const { code, stdout } = node.step("credentials apply", once);
        assert.equal(code, 0);
        assert.match(stdout, /the kubelet's client certificate has ended/);
        assert.ok(!node.has(client) && node.has("/var/lib/kubelet/bootstrap-kubeconfig"));
    });

    it("the probe tells which keys make and check tokens, and what encrypts secrets", () => {
        const keys = [1, 2].map((generation) => ({ generation, signs: generation === 2, pem: "PEM\n" }));
        node.write(`${pki}/service-account.pub`, publicKeys(keys));
        node.write(`${pki}/service-account.key`, "key\n");
        node.write(`${pki}/encryption-config.yaml`, encryptionConfig("key", { root: 3, generation: 2 }));
        const { accounts, encryption, writes, applied } = probe();
        assert.deepEqual([accounts?.signs, accounts?.verifies, encryption, writes], [2, [1, 2], 3, 2]);
        assert.ok(Math.abs(accounts!.since - Date.now() / 1000) < 300);
        assert.equal(applied, undefined);
        // The API server was started with the new key an hour after it had come.
        const stamp = "/var/lib/slipway/stamps/kube-apiserver.service";
        node.write(stamp, "");
        const [came, started] = [1_900_000_000, 1_900_003_600];
        fs.utimesSync(node.at(`${pki}/service-account.key`), came, came);
        fs.utimesSync(node.at(stamp), started, started);
        assert.equal(probe().accounts?.since, started);
        node.write(`${pki}/encryption-config.yaml`, encryptionConfig("key", { root: 12, generation: 1 }));
        node.write("/var/lib/slipway/trusted", "1,2\n");
        const then = probe();
        assert.deepEqual([then.encryption, then.writes, then.applied], [12, 1, [1, 2]]);
        // As it was written before keys had a generation of their own.
        node.write(`${pki}/service-account.pub`, "PEM\n");
        assert.equal(probe().accounts, undefined);
    });

    it("a machine of the cluster takes an authority that it trusts, and no other", () => {
        const [first, second] = [authority("hex-cluster-ca-g1"), authority("hex-cluster-ca-g2")];
        const base = (fingerprint: string, cluster = "hex") =>
            node.step(`base apply owner=${cluster}:${fingerprint} source=${node.mirror}/`);
        assert.equal(base(fingerprintOf(first)).code, 0);
        const refused = base(fingerprintOf(second));
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /belongs to the cluster hex/);
        node.write(`${pki}/ca.crt`, first + second);
        assert.equal(base(fingerprintOf(second)).code, 0, "its successor");
        assert.equal(node.read("/var/lib/slipway/owner"), `hex:${fingerprintOf(second)}\n`);
        assert.equal(base(fingerprintOf(first)).code, 0, "and the way back");
        assert.equal(base(fingerprintOf(second), "cube").code, 1, "another cluster, whatever its authority is");
        node.write(`${pki}/ca.crt`, second);
        assert.equal(base("f00d").code, 1);
    });

    it("is cleaned by the cluster whose authority it trusts, under whichever of them it was marked", () => {
        const [first, second] = [authority("hex-cluster-ca-g1"), authority("hex-cluster-ca-g2")];
        node.step(`base apply owner=hex:${fingerprintOf(first)} source=${node.mirror}/`);
        const remove = (fingerprint: string) => node.step(`base remove owner=hex:${fingerprint}`);
        assert.match(remove(fingerprintOf(second)).stdout, /nothing was removed/);
        node.write(`${pki}/ca.crt`, first + second);
        assert.match(remove(fingerprintOf(second)).stdout, /carries nothing of Slipway any more/);
    });

    it("asks for a kubelet's new certificates under the names that it has, as the approver lets them pass", () => {
        authority("hex-cluster-ca-g1");
        const names = "subjectAltName=DNS:hex-n1,IP:192.168.10.11";
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "k");
        openssl("req", "-x509", "-new", "-key", "k", "-subj", "/CN=x", "-addext", names, "-out", "server.pem");
        const script = `
            set -eu
            node=hex-n1 root='' work=${work} state=${work}
            . ${kitFolder}/certificates.sh
            . ${kitFolder}/signer.sh
            . ${kitFolder}/approve.sh
            address_of() { echo 192.168.10.11; }
            for use in client server; do
                openssl req -new -key ${work}/k -out ${work}/kubelet.csr -config "$(request_of $use ${work}/server.pem)"
                openssl req -in ${work}/kubelet.csr -noout -subject -nameopt RFC2253
            done
            objection system:node:hex-n1 system:nodes,system:authenticated "digital signature,server auth" \\
                "$(base64 -w 0 ${work}/kubelet.csr)"
            signing_request server | sed -n 's/^  usages: //p; s/^  signerName: //p'`;
        const { status, stdout, stderr } = spawnSync("sh", ["-s"], { input: script, encoding: "utf8" });
        assert.equal(status, 0, stderr + stdout);
        assert.deepEqual(stdout.trim().split("\n"), [
            "subject=CN=system:node:hex-n1,O=system:nodes",
            "subject=CN=system:node:hex-n1,O=system:nodes",
            "kubernetes.io/kubelet-serving",
            '["digital signature", "server auth"]',
        ]);
    });

    describe("when other authorities are trusted than before", () => {
        /** What the API has published, and whether it answers; what it is told comes on standard output. */
        const withdraw = (published: string, answers = true) => {
            node.write("/published", published);
            const script = `
                set -eu
                root=${node.at("")} state=${work} work=${work} admin=/nowhere
                . ${kitFolder}/say.sh
                . ${kitFolder}/base.sh
                . ${kitFolder}/certificates.sh
                await() { shift; "$@"; }
                admin_kubectl() {
                    ${answers ? "" : "return 1"}
                    case "$*" in *patch*) cat ${work}/patch ;; *) cat "$root/published" ;; esac
                }
                withdraw_dropped`;
            // What kubectl prints of a patch is of no use to anybody.
            const { status, stdout, stderr } = spawnSync("sh", ["-s"], { input: script, encoding: "utf8" });
            const patch = path.join(work, "patch");
            const told = fs.existsSync(patch) ? (JSON.parse(fs.readFileSync(patch, "utf8")) as object) : undefined;
            return { status, stdout, stderr, told };
        };
        const recorded = () => fs.readFileSync(path.join(work, "trusted"), "utf8");

        it("what is trusted no longer is published no longer, and not before the API has taken that", () => {
            const [first, second] = [authority("hex-cluster-ca-g1"), authority("hex-cluster-ca-g2")];
            node.write(`${pki}/ca.crt`, first + second);
            node.write(`${pki}/front-proxy-ca.crt`, first + second);
            assert.deepEqual(withdraw(first + second), { status: 0, stdout: "", stderr: "", told: undefined });
            assert.equal(recorded(), "1,2\n");
            node.write(`${pki}/ca.crt`, second);
            node.write(`${pki}/front-proxy-ca.crt`, second);
            const refused = withdraw(first + second, false);
            assert.equal(refused.status, 1);
            assert.match(refused.stderr, /The API doesn't let .* run this again/);
            assert.equal(recorded(), "1,2\n");
            const { status, stdout, told } = withdraw(first + second);
            assert.equal(status, 0);
            assert.match(stdout, /\(client-ca-file\)\n.*\(requestheader-client-ca-file\)/);
            assert.deepEqual(told, { data: { "requestheader-client-ca-file": second } });
            assert.equal(recorded(), "2\n");
        });
    });

    it("tells a rotation of which generation everything is that is trusted and shown", () => {
        node.write(`${pki}/ca.crt`, authority("hex-cluster-ca-g1") + authority("hex-cluster-ca-g2"));
        node.write("/etc/etcd/pki/ca.crt", authority("hex-etcd-ca-g1"));
        node.write("/etc/etcd/pki/peer.crt", signed("hex-etcd-ca-g1"));
        node.write(`${pki}/front-proxy-ca.crt`, authority("hex-front-proxy-ca-g1"));
        node.write(`${pki}/signer.crt`, fs.readFileSync(path.join(work, "hex-cluster-ca-g2.crt"), "utf8"));
        node.write(`${pki}/apiserver.crt`, signed("hex-cluster-ca-g2"));
        node.write(`${pki}/stranger.crt`, authority("somebody"));
        node.write(`${kubelet}/kubelet-client-current.pem`, signed("hex-cluster-ca-g1"));
        const { code, stdout, stderr } = node.step("authorities");
        assert.equal(code, 0, stderr);
        const { trusts, signer, shows } = JSON.parse(stdout) as AuthoritiesReport;
        assert.deepEqual(trusts, { cluster: [1, 2], etcd: [1], "front-proxy": [1] });
        assert.equal(signer, 2);
        const { "127.0.0.1:10250 (kubelet)": listener, ...files } = shows;
        assert.deepEqual(files, {
            [`${kubelet}/kubelet-client-current.pem`]: 1,
            [`${pki}/apiserver.crt`]: 2,
            [`${pki}/stranger.crt`]: 0,
            "/etc/etcd/pki/peer.crt": 1,
        });
        assert.equal(typeof listener, "number");
    });
});
