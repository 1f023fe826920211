import assert from "node:assert/strict";

import { compareManifests } from "../../operations/changes/compare";
import { parseManifest, type Manifest } from "../../operations/changes/manifest";
import { changedPaths, unitsToRestart, type RestartQuestion } from "../../operations/changes/restarts";
import { agents, controlPlane, render, stage } from "../../components/render";
import { boards, exampleDigests } from "../support";

const manifest = (text: string): Manifest => {
    const parsed = parseManifest(text);
    assert.ok(parsed, text);
    return parsed;
};

const compare = (before: string, after: string) =>
    compareManifests("activate", manifest(before), manifest(after)).map(({ what, how, detail }) =>
        [how, what, ...(detail === undefined ? [] : [detail])].join(" | "),
    );

/** The activate step of a worker, or the control-plane step of a control plane, as a configuration makes it. */
function activate(cluster: object): Manifest {
    const example = boards(cluster);
    return manifest(render(...agents(example.nodes[1], example.cluster, example.nodes)));
}

function control(cluster: object): Manifest {
    const example = boards(cluster);
    return manifest(render(...controlPlane(example.nodes[0], example.cluster, example.nodes, "/kit/current")));
}

const restarts = (before: Manifest, after: Manifest, more: Partial<RestartQuestion> = {}) =>
    unitsToRestart({ before, after, changedBefore: new Set(), drift: [], ...more });

describe("changes: manifests", () => {
    it("reads what the renderer writes", () => {
        const found = activate({});
        assert.deepEqual(found.get("link /opt/k8s/kubernetes")?.words, ["v1.36.3"]);
        assert.equal(found.get("file /etc/kubernetes/hosts")?.content[0], "192.168.10.11 api.hex.k8s.local");
        const kubelet = found.get("unit kubelet.service")?.unit;
        assert.equal(kubelet?.state, "active");
        assert.match(kubelet?.stamp ?? "", /^[0-9a-f]{16}$/);
        assert.ok(kubelet?.after.includes("/var/lib/kubelet/config.yaml"));
    });

    it("knows a secret or an unknown text from a manifest", () => {
        assert.equal(parseManifest({ ciphertext: "[secret]" }), undefined);
        assert.equal(parseManifest(undefined), undefined);
        assert.equal(parseManifest("04da6b54-80e4-46f7-96ec-b56ff0331ba9"), undefined);
    });

    it("tells files, links, sysctls, packages and images apart by what differs", () => {
        const before = [
            "sysctl vm.max_map_count 1",
            "file 0644 root:root /etc/a",
            "| one",
            "| two",
            "file 0644 root:root /etc/b",
            "link /opt/x v1",
            "package jq",
            "image registry.example/pause:3.9 pause.tar amd64=00",
            "once 0600 root:root /var/token unless=/var/certificate",
            "| secret",
        ].join("\n");
        const after = [
            "sysctl vm.max_map_count 2",
            "file 0600 root:root /etc/a",
            "| one",
            "|     three",
            "link /opt/x v2",
            "package socat",
            "image registry.example/pause:3.10 pause.tar amd64=11",
            "once 0600 root:root /var/token unless=/var/certificate",
            "| secret",
        ].join("\n");
        assert.deepEqual(compare(before, after), [
            "changed | sysctl vm.max_map_count | 1 → 2",
            "changed | file /etc/a | 0644 root:root → 0600 root:root\n- two\n+ three",
            "changed | link /opt/x | v1 → v2",
            "added | package socat",
            "changed | image registry.example/pause | 3.9 → 3.10",
            "removed | file /etc/b",
            "removed | package jq",
        ]);
        assert.deepEqual(compare(after, after), []);
    });

    it("tells of a text that only its order tells apart, and cuts a long one short", () => {
        const file = (lines: string[]) => ["file 0644 root:root /a", ...lines.map((line) => `| ${line}`)].join("\n");
        assert.deepEqual(compare(file(["1", "2"]), file(["2", "1"])), [
            "changed | file /a | the same lines in another order",
        ]);
        const many = Array.from({ length: 20 }, (_, index) => `line ${index}`);
        const [change] = compare(file([]), file(many));
        assert.equal(change.split("\n").length, 7);
        assert.match(change, /… 14 more lines$/);
    });

    it("keeps two tags of one image apart", () => {
        const both = ["image a/b:1 p amd64=00", "image a/b:2 p amd64=11"].join("\n");
        assert.equal(manifest(both).size, 2);
        assert.deepEqual(compare(both, "image a/b:1 p amd64=00"), ["removed | image a/b:2"]);
    });

    it("names an artifact's new version, and another file of the same version", () => {
        const of = (version: string, digest: string) =>
            `artifact kubelet ${version} dl/kubelet amd64=${digest}\n| 0755 /opt/kubelet`;
        assert.deepEqual(compare(of("1", "00"), of("2", "11")), ["changed | artifact kubelet | 1 → 2"]);
        assert.deepEqual(compare(of("1", "00"), of("1", "11")), [
            "changed | artifact kubelet | another file of the same version",
        ]);
        const example = boards();
        const staged = manifest(render(...stage(example.nodes[0], example.cluster, exampleDigests(example))));
        assert.deepEqual(compareManifests("stage", staged, staged), []);
    });
});

describe("changes: restarts", () => {
    it("restarts nothing where nothing differs", () => assert.deepEqual(restarts(control({}), control({})), []));

    it("restarts the kubelet for its configuration, and docker for its own", () => {
        assert.deepEqual(restarts(activate({}), activate({ kubelet: { maxPods: 50 } })), ["kubelet.service"]);
        assert.deepEqual(restarts(activate({}), activate({ docker: { debug: true } })), ["docker.service"]);
        assert.deepEqual(restarts(activate({}), activate({ kubeProxy: { mode: "ipvs" } })), ["kube-proxy.service"]);
    });

    it("restarts everything of Kubernetes for another version, and leaves etcd and docker", () => {
        const [old, now] = [{}, { kubernetes: { version: "1.36.1" } }];
        assert.deepEqual(restarts(activate(now), activate(old)), ["kubelet.service", "kube-proxy.service"]);
        assert.deepEqual(restarts(control(now), control(old)), [
            "kube-apiserver.service",
            "kube-controller-manager.service",
            "kube-scheduler.service",
            "kube-csr-approver.service",
        ]);
    });

    const unit = (name: string, state: string, stamp: string, after = "") =>
        `unit ${name} ${state} stamp=${stamp}${after ? ` after=${after}` : ""}`;

    it("starts what is new, only starts what is `started`, and stops what is gone", () => {
        const before = manifest([unit("a", "started", "1"), unit("gone", "active", "1")].join("\n"));
        const after = manifest([unit("a", "started", "2"), unit("new", "active", "1")].join("\n"));
        assert.deepEqual(restarts(before, after), []);
        assert.deepEqual(restarts(before, after, { drift: ["unit a: not active"] }), ["a"]);
    });

    it("restarts for what an earlier step changes, unless its own manifest says what that shall be", () => {
        const text = [unit("a", "active", "1", "/pki/ca.crt,/etc/own"), "file 0644 root:root /etc/own"].join("\n");
        const changedBefore = (path: string) => ({ changedBefore: new Set([path]) });
        assert.deepEqual(restarts(manifest(text), manifest(text), changedBefore("/pki/ca.crt")), ["a"]);
        assert.deepEqual(restarts(manifest(text), manifest(text), changedBefore("/etc/own")), []);
        assert.deepEqual(restarts(manifest(text), manifest(text), changedBefore("/pki/other.crt")), []);
    });

    it("takes the kit's word for what drifted", () => {
        const both = manifest(unit("a", "active", "1", "/pki/ca.crt"));
        const ask = (...drift: string[]) => restarts(both, both, { drift });
        assert.deepEqual(ask("unit a: its text differs"), []);
        assert.deepEqual(ask("unit a: systemd has not read its text again"), ["a"]);
        assert.deepEqual(ask("unit a: not enabled; not active"), ["a"]);
        assert.deepEqual(ask("unit a: has to restart for /pki/ca.crt, with which it was started"), ["a"]);
        assert.deepEqual(ask("unit a: has to restart for its settings"), ["a"]);
        assert.deepEqual(ask("unit a: has to restart"), ["a"]);
        assert.deepEqual(ask("unit ab: not active"), []);
    });

    it("hands on which paths change, modes left out", () => {
        const before = manifest(
            "file 0644 root:root /a\n| 1\nfile 0644 root:root /b\nlink /c v1\ndirectory 0755 r:r /d",
        );
        const after = manifest(
            "file 0600 root:root /a\n| 1\nfile 0644 root:root /e\nlink /c v2\ndirectory 0700 r:r /d",
        );
        assert.deepEqual(changedPaths(before, after).sort(), ["/b", "/c", "/e"]);
    });
});
