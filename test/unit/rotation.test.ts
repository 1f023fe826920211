import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";

import { accountProblems, lastingTokens, lastTokenEnds } from "../../operations/rotation/accounts";
import { authorityProblems, type AuthoritiesAnswer } from "../../operations/rotation/authorities";
import { courseOf, generationsIn, phases, remaining } from "../../operations/rotation/course";
import { parseArguments } from "../../setup/arguments";
import { writeGenerations } from "../../setup/commands/rotate";
import { renewCopy } from "../../setup/kubeconfigCopy";
import { clearMark, setMark, unfinished } from "../../setup/rotation/mark";

describe("rotation: the course", () => {
    it("goes through trust, sign and drop, from wherever the configuration is", () => {
        const at = (generation: number, ...trusted: number[]) => {
            const course = courseOf({ generation, trusted });
            assert.ok(typeof course !== "string");
            return { ...course, left: remaining(course) };
        };
        assert.deepEqual(at(1), { from: 1, to: 2, left: ["trust", "sign", "drop"] });
        assert.deepEqual(at(1, 2), { from: 1, to: 2, at: "trust", left: ["trust", "sign", "drop"] });
        assert.deepEqual(at(2, 1), { from: 1, to: 2, at: "sign", left: ["sign", "drop"] });
        assert.deepEqual(at(2), { from: 2, to: 3, left: ["trust", "sign", "drop"] });
        assert.match(String(courseOf({ generation: 2, trusted: [1, 3] })), /trusted names 1 and 3/);
    });

    it("trusts both before the new one signs, and until it has signed everything", () => {
        assert.deepEqual(
            phases.map((phase) => generationsIn(phase, { from: 4, to: 5 })),
            [
                { generation: 4, trusted: [5] },
                { generation: 5, trusted: [4] },
                { generation: 5, trusted: [] },
            ],
        );
    });

    it("is written into the configuration's file, whose comments stay", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-rotation-"));
        try {
            const file = path.join(folder, "Pulumi.hex.yaml");
            const text = "# ours\nconfig:\n  slipway:cluster:\n    name: hex # short\n";
            fs.writeFileSync(file, text, { mode: 0o640 });
            writeGenerations(file, "certificates", { generation: 1, trusted: [2] });
            const certificates = "    certificates:\n      generation: 1\n      trusted: [ 2 ]\n";
            assert.equal(fs.readFileSync(file, "utf8"), text + certificates);
            writeGenerations(file, "certificates", { generation: 2, trusted: [] });
            writeGenerations(file, "serviceAccounts", { generation: 2, trusted: [1] });
            const after = fs.readFileSync(file, "utf8");
            assert.ok(after.startsWith(text));
            assert.deepEqual(parse(after).config["slipway:cluster"], {
                name: "hex",
                certificates: { generation: 2 },
                serviceAccounts: { generation: 2, trusted: [1] },
            });
            assert.equal(fs.statSync(file).mode & 0o777, 0o640);
            fs.writeFileSync(file, 'config:\n  slipway:cluster: \'{"name":"hex"}\'\n');
            const write = () => writeGenerations(file, "certificates", { generation: 2, trusted: [] });
            assert.throws(write, /has slipway:cluster as text/);
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    });

    it("is finished where its last phase was cut off, whose configuration is that of a cluster at rest", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-rotation-"));
        const before = process.env.SLIPWAY_HOME;
        process.env.SLIPWAY_HOME = path.join(folder, "home");
        try {
            assert.equal(unfinished("hex", "certificates", 2), undefined);
            setMark("hex", "certificates", { from: 1, to: 2 });
            const course = unfinished("hex", "certificates", 2)!;
            assert.deepEqual(course, { from: 1, to: 2, at: "drop" });
            assert.deepEqual(remaining(course), ["drop"]);
            assert.equal(unfinished("hex", "certificates", 3), undefined, "of an earlier rotation");
            assert.equal(unfinished("hex", "serviceAccounts", 2), undefined);
            clearMark("hex", "certificates");
            assert.equal(unfinished("hex", "certificates", 2), undefined);
        } finally {
            if (before === undefined) delete process.env.SLIPWAY_HOME;
            else process.env.SLIPWAY_HOME = before;
            fs.rmSync(folder, { recursive: true });
        }
    });

    it("is told where to stop, and that pods may stay", () => {
        assert.deepEqual(parseArguments(["rotate-ca", "--until", "sign"]).values, { "--until": "sign" });
        assert.deepEqual(parseArguments(["rotate-ca", "--leave-pods"]).switches, ["--leave-pods"]);
        assert.throws(() => parseArguments(["rotate-service-accounts", "--leave-pods"]), /doesn't know "--leave-pods"/);
    });
});

describe("rotation: what keeps authorities in a phase", () => {
    const course = { from: 1, to: 2 };
    const both = [1, 2];
    const plane = (more: Partial<NonNullable<AuthoritiesAnswer["report"]>> = {}): AuthoritiesAnswer => ({
        name: "hex-n1",
        controlPlane: true,
        report: {
            trusts: { cluster: both, etcd: both, "front-proxy": both },
            signer: 2,
            shows: { "/var/lib/kubelet/pki/kubelet-client-current.pem": 2, "127.0.0.1:6443 (kube-apiserver)": 2 },
            nodes: ["hex-n1", "hex-n2"],
            ...more,
        },
    });
    const worker = (more: Partial<NonNullable<AuthoritiesAnswer["report"]>> = {}): AuthoritiesAnswer => ({
        name: "hex-n2",
        controlPlane: false,
        report: { trusts: { cluster: both }, shows: { "/var/lib/kubelet/pki/kubelet-client-current.pem": 2 }, ...more },
    });

    it("nothing, where everything is as the phase wants it", () => {
        const old = { signer: 1, shows: { "/etc/kubernetes/pki/apiserver.crt": 1 } };
        assert.deepEqual(authorityProblems("trust", course, [plane(old), worker({ shows: {} })]), []);
        assert.deepEqual(authorityProblems("sign", course, [plane(), worker()]), []);
        const alone = { trusts: { cluster: [2], etcd: [2], "front-proxy": [2] } };
        assert.deepEqual(authorityProblems("drop", course, [plane(alone), worker({ trusts: { cluster: [2] } })]), []);
    });

    it("a machine that says nothing, and one that doesn't trust the new generation of each authority", () => {
        const silent = { name: "hex-n2", controlPlane: false, problem: "no answer over SSH" };
        const behind = plane({ trusts: { cluster: both, etcd: [1], "front-proxy": both } });
        assert.deepEqual(authorityProblems("trust", course, [behind, silent]), [
            "hex-n1 doesn't trust generation 2 of the etcd authority",
            "hex-n2 gave no answer: no answer over SSH",
        ]);
    });

    it("whatever shows a certificate of the old generation, or of nobody; and who signs", () => {
        const shows = { "/etc/etcd/pki/peer.crt": 2, "127.0.0.1:2379 (etcd)": 1, "127.0.0.1:10250 (kubelet)": 0 };
        assert.deepEqual(authorityProblems("sign", course, [plane({ shows, signer: 1 }), worker()]), [
            "hex-n1: 127.0.0.1:2379 (etcd) shows a certificate of generation 1",
            "hex-n1: 127.0.0.1:10250 (kubelet) shows no certificate of the cluster's",
            "hex-n1: generation 1 signs what kubelets ask for",
        ]);
    });

    it("a machine that differs from what was applied, one that only the API knows, and who still trusts the old", () => {
        const found = authorityProblems("drop", course, [
            { ...plane({ trusts: { cluster: [2], etcd: both, "front-proxy": [2] } }), differences: 2 },
        ]);
        assert.equal(found.length, 3);
        const published = plane({ trusts: { cluster: [2], etcd: [2], "front-proxy": [2] }, published: [1, 2] });
        assert.match(
            authorityProblems("drop", course, [published, worker({ trusts: { cluster: [2] } })])[0],
            /ConfigMap/,
        );
        assert.deepEqual(authorityProblems("sign", course, [plane({ published: [1, 2] }), worker()]), []);
        assert.match(found[0], /hex-n1 still trusts generation 1 of the etcd authority/);
        assert.match(found[1], /hex-n1 isn't as it was applied last \(2 differences\)/);
        assert.match(found[2], /the API knows the node hex-n2, which the configuration doesn't/);
    });
});

describe("rotation: what keeps the service accounts' key in a phase", () => {
    const course = { from: 1, to: 2 };
    const plane = (signs: number, verifies: number[], since = 1_900_000_000) => ({
        name: "hex-n1",
        accounts: { signs, verifies, since },
    });

    it("an API server that doesn't take tokens of both, or signs with the other", () => {
        assert.deepEqual(accountProblems("trust", course, [plane(1, [1, 2])]), []);
        assert.deepEqual(accountProblems("sign", course, [plane(2, [1, 2])]), []);
        assert.deepEqual(accountProblems("drop", course, [plane(2, [2])]), []);
        assert.deepEqual(accountProblems("trust", course, [plane(1, [1])]), [
            "hex-n1 doesn't take tokens of generation 2",
        ]);
        assert.deepEqual(accountProblems("sign", course, [plane(1, [1, 2]), { name: "hex-n3", problem: "it's off" }]), [
            "hex-n1 signs tokens with the key of generation 1",
            "hex-n3 gave no answer: it's off",
        ]);
    });

    it("a day, from when the last control plane began to sign with the new one", () => {
        const planes = [plane(2, [1, 2], 1_900_000_000), plane(2, [1, 2], 1_900_000_060)];
        assert.equal(lastTokenEnds(planes), (1_900_000_060 + 86_400) * 1000);
    });

    it("tokens that never end, of before", () => {
        const lasting = ["default/old 2030-03-17T17:46:39Z", "default/new 2030-03-17T17:46:41Z"];
        assert.deepEqual(lastingTokens(lasting, [plane(2, [1, 2])]), ["default/old"]);
    });
});

describe("rotation: a copy of the kubeconfig in the user's own", () => {
    const kubeconfig = (authority: string, certificate: string, name = "hex") =>
        [
            `clusters: [{ name: ${name}, cluster: { server: "https://a", certificate-authority-data: ${authority} } }]`,
            `users: [{ name: ${name}, user: { client-certificate-data: ${certificate}, client-key-data: k } }]`,
            `contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name} } }]`,
            `current-context: ${name}`,
        ].join("\n");
    let folder: string;
    let file: string;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-copy-"));
        file = path.join(folder, "config");
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));
    const read = () => parse(fs.readFileSync(file, "utf8"));

    it("follows, and what else stands there stays", () => {
        const own = parse(kubeconfig("one", "a"));
        own.clusters.push({ name: "other", cluster: { server: "https://b" } });
        fs.writeFileSync(file, JSON.stringify({ ...own, "current-context": "other" }));
        assert.equal(renewCopy(kubeconfig("one", "a"), kubeconfig("onetwo", "b"), file), file);
        const { clusters, users, ...rest } = read();
        assert.equal(clusters[0].cluster["certificate-authority-data"], "onetwo");
        assert.equal(users[0].user["client-certificate-data"], "b");
        assert.equal(clusters[1].name, "other");
        assert.equal(rest["current-context"], "other");
    });

    it("keeps the certificate of another user that stands under its name", () => {
        fs.writeFileSync(file, kubeconfig("one", "somebody"));
        assert.equal(renewCopy(kubeconfig("one", "a"), kubeconfig("onetwo", "b"), file), file);
        assert.equal(read().clusters[0].cluster["certificate-authority-data"], "onetwo");
        assert.equal(read().users[0].user["client-certificate-data"], "somebody");
    });

    it("is none where another cluster has the name, or no file is there", () => {
        assert.equal(renewCopy(kubeconfig("one", "a"), kubeconfig("two", "b"), file), undefined);
        fs.writeFileSync(file, kubeconfig("another", "a"));
        assert.equal(renewCopy(kubeconfig("one", "a"), kubeconfig("two", "b"), file), undefined);
        assert.equal(read().clusters[0].cluster["certificate-authority-data"], "another");
    });
});
