import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

import { driftIn, driftMessage } from "../../components/remote/drift";
import { EventLog } from "../../operations/changes/events";
import { report, type PreviewReport } from "../../operations/changes/report";
import { changesTable } from "../../setup/changesTable";

/** Logs that Pulumi wrote for a lab with a control plane and a worker, cut to some of its resources; PEM texts are out. */
function recorded(name: string): PreviewReport {
    const file = path.join(__dirname, "event-logs", `${name}.jsonl`);
    return read(fs.readFileSync(file, "utf8").split("\n"));
}

function read(lines: readonly string[]): PreviewReport {
    const log = new EventLog();
    lines.forEach((line) => log.take(line));
    return report(log);
}

interface Told {
    readonly op: string;
    readonly type?: string;
    readonly before?: object;
    readonly after?: object;
    readonly paths?: readonly string[];
}

/** A line of the log as Pulumi writes it of a resource. */
function step(name: string, { op, type = "command:remote:Command", before, after, paths = [] }: Told): string {
    const urn = `urn:pulumi:lab::slipway::slipway:index:Cluster$${type}::${name}`;
    const detailedDiff = Object.fromEntries(paths.map((at) => [at, { diffKind: "update", inputDiff: true }]));
    const side = (inputs: object | undefined) => inputs && { custom: true, inputs };
    const metadata = { op, urn, type, old: side(before), new: side(after), detailedDiff };
    return JSON.stringify({ resourcePreEvent: { metadata } });
}

const message = (name: string, text: string, severity = "info") =>
    JSON.stringify({
        diagnosticEvent: {
            urn: `urn:pulumi:lab::slipway::slipway:index:Cluster$command:remote:Command::${name}`,
            message: `${text}\n`,
            severity,
        },
    });

const summary = (changes: object) => JSON.stringify({ summaryEvent: { resourceChanges: changes } });

const kit = "/var/lib/slipway/kit/0123456789abcdef/step";
const command = (words: string, folder = kit) => ({ create: `sh ${folder} ${words}`, update: `sh ${folder} ${words}` });
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };

describe("changes: what Pulumi's event log tells", () => {
    it("a renewal: the certificates, their files on the node, and the units that restart", () => {
        const { nodes, cluster, same } = recorded("certificates");
        assert.deepEqual(Object.keys(nodes), ["lab-1"]);
        assert.deepEqual(nodes["lab-1"].restarts, [
            "etcd.service",
            "kube-apiserver.service",
            "kube-controller-manager.service",
            "kube-csr-approver.service",
        ]);
        const told = nodes["lab-1"].changes.map(({ step, what }) => `${step}: ${what}`);
        assert.deepEqual(told, [
            "credentials: certificate apiserver",
            "credentials: certificate admin",
            "credentials: certificate etcd-server",
            "control-plane: unit kube-controller-manager.service",
            "control-plane: digest of the credentials",
            "activate: digest of the credentials",
        ]);
        assert.deepEqual(cluster[0], {
            what: "certificate lab-1/apiserver",
            op: "replace",
            details: ["validityPeriodHours: 8760 → 9000"],
        });
        // The API's objects are updates for Pulumi, because it doesn't know the provider's new kubeconfig yet.
        assert.deepEqual(
            cluster.map(({ what }) => what),
            ["certificate lab-1/apiserver", "certificate admin", "certificate lab-1/etcd-server"],
        );
        assert.ok(same > 64, `${same}`);
    });

    describe("a rotation of authorities", () => {
        const pkiUrn = "urn:pulumi:lab::slipway::slipway:index:Cluster$slipway:pki:Pki";
        const pki = JSON.stringify({
            resourcePreEvent: {
                metadata: { op: "same", urn: `${pkiUrn}::lab-pki`, type: "slipway:pki:Pki", old: {}, new: {} },
            },
        });
        const tls = (name: string, op: string) => {
            const type = name.endsWith("-key")
                ? "tls:index/privateKey:PrivateKey"
                : "tls:index/selfSignedCert:SelfSignedCert";
            const side = { custom: true, inputs: {} };
            const metadata = { op, urn: `${pkiUrn}$${type}::lab-pki-${name}`, type, old: side, new: side };
            return JSON.stringify({ resourcePreEvent: { metadata } });
        };
        const both = (name: string, op: string) => [tls(`${name}-key`, op), tls(`${name}-certificate`, op)];
        const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
        const unit = (name: string, after: string) => `unit ${name}.service active stamp=1 after=${after}\n| [Unit]\n`;
        const controlPlane =
            unit("kube-apiserver", "/etc/kubernetes/pki/ca.crt,/etc/kubernetes/pki/service-account.pub") +
            unit("kube-controller-manager", "/etc/kubernetes/pki/signer.crt,/etc/kubernetes/pki/service-account.key");
        const agents = unit("kubelet", "/etc/kubernetes/pki/ca.crt") + unit("kube-proxy", "/etc/kubernetes/pki/ca.crt");
        const known = (words: string) => ({ ...command(words), stdin: agents });
        const hidden = (stdin: unknown) => ({ create: unknown, update: unknown, stdin });
        /** A control plane whose steps aren't known before its certificates are made, and a worker. */
        const nodes = (worker: { before: string; after: string } | undefined, op = "update") => [
            step("lab-1-credentials", {
                op,
                before: { ...command("credentials apply digest=1"), stdin: secret },
                after: hidden(secret),
                paths: ["stdin"],
            }),
            step("lab-1-control-plane", {
                op,
                before: { ...command("control-plane apply digest=1"), stdin: controlPlane },
                after: hidden(controlPlane),
            }),
            step("lab-1-activate", { op, before: known("activate apply digest=1"), after: hidden(agents) }),
            ...(worker
                ? [step("lab-2-activate", { op, before: known(worker.before), after: known(worker.after) })]
                : []),
        ];
        const gate = step("lab-restart-clients", {
            op: "create",
            after: { ...command("restart-clients seconds=600"), triggers: ["1"] },
        });

        it("trust: what is added to which files, what restarts for it, and that pods are replaced", () => {
            const made = ["cluster-ca-g2", "etcd-ca-g2", "front-proxy-ca-g2"].flatMap((name) => both(name, "create"));
            const credentials = step("lab-2-credentials", {
                op: "update",
                before: { ...command("credentials apply digest=1"), stdin: secret },
                after: hidden(secret),
                paths: ["stdin"],
            });
            const activate = step("lab-2-activate", {
                op: "update",
                before: known("activate apply digest=1"),
                after: hidden(agents),
            });
            const told = read([pki, ...made, ...nodes(undefined), credentials, activate, gate]);
            assert.deepEqual(
                told.cluster.map(({ op, what }) => `${op} ${what}`),
                [
                    "create certificate cluster-ca",
                    "create certificate etcd-ca",
                    "create certificate front-proxy-ca",
                    "update pods that use the API",
                ],
            );
            const [added] = told.nodes["lab-1"].changes;
            assert.equal(added.detail, "/etc/kubernetes/pki/ca.crt, /etc/kubernetes/admin.conf");
            // The controller-manager goes on: who signs is as before.
            assert.deepEqual(told.nodes["lab-1"].restarts, [
                "kube-apiserver.service",
                "kube-proxy.service",
                "kubelet.service",
            ]);
            assert.deepEqual(told.nodes["lab-2"].restarts, ["kube-proxy.service", "kubelet.service"]);
        });

        it("sign: who signs now, and that kubelets get new certificates and restart", () => {
            const anew = ["lab-1-apiserver", "admin"].flatMap((name) => [
                ...both(`${name}-g2`, "create"),
                ...both(`${name}-g1`, "delete"),
            ]);
            const worker = { before: "activate apply digest=1", after: "activate apply digest=1 signer=2" };
            const told = read([pki, ...anew, ...nodes(worker)]);
            const changes = told.nodes["lab-1"].changes.map(({ step, what, detail }) => `${step}: ${what}: ${detail}`);
            assert.ok(changes.includes("activate: certificates of the kubelet: generation 1 → 2"));
            assert.ok(
                changes.includes(
                    "credentials: authority that signs: generation 1 → 2: /etc/kubernetes/pki/signer.crt, /etc/kubernetes/pki/ca.key",
                ),
            );
            assert.deepEqual(told.nodes["lab-1"].restarts, [
                "kube-controller-manager.service",
                "kube-proxy.service",
                "kubelet.service",
            ]);
            assert.deepEqual(told.nodes["lab-2"], {
                op: "update",
                changes: [
                    {
                        step: "activate",
                        what: "certificates of the kubelet",
                        how: "changed",
                        detail: "generation 1 → 2",
                    },
                ],
                restarts: ["kube-proxy.service", "kubelet.service"],
            });
        });

        it("the key of service accounts: that another one signs, which no resource tells", () => {
            const words = (accounts: string) => `control-plane apply digest=1 encryption=1${accounts}`;
            const credentials = (accounts: string) => ({
                ...command(`credentials apply digest=1 encryption=1${accounts}`),
                stdin: secret,
            });
            const { nodes } = read([
                step("lab-1-credentials", {
                    op: "update",
                    before: credentials(""),
                    after: credentials(" accounts=2"),
                    paths: ["stdin"],
                }),
                step("lab-1-control-plane", {
                    op: "update",
                    before: { ...command(words("")), stdin: controlPlane },
                    after: { ...command(words(" accounts=2")), stdin: controlPlane },
                }),
            ]);
            const told = nodes["lab-1"].changes.map(
                ({ step, what, detail }) => `${step}: ${what}${detail ? `: ${detail}` : ""}`,
            );
            assert.ok(told.includes("credentials: key for tokens of service accounts: generation 1 → 2"));
            assert.deepEqual(nodes["lab-1"].restarts, ["kube-apiserver.service", "kube-controller-manager.service"]);
        });
    });

    it("another container runtime: that its pods move, first of all that the activation does", () => {
        const unit = (name: string) => `unit ${name} active stamp=1\n| [Service]\n`;
        const side = (...units: string[]) => ({
            update: "sh /kit/a/step activate apply",
            stdin: units.map(unit).join(""),
        });
        const told = step("hex-n2-activate", {
            op: "update",
            before: side("docker.service", "cri-dockerd.service", "kubelet.service"),
            after: side("cri-containerd.service", "kubelet.service"),
            paths: ["stdin"],
        });
        const [change] = read([told]).nodes["hex-n2"].changes;
        assert.equal(change.what, "container runtime");
        assert.match(change.detail ?? "", /^docker → containerd: its pods are evicted/);
    });

    it("a removed node: everything of it goes, and what others know of it", () => {
        const { nodes, cluster } = recorded("node-removed");
        assert.equal(nodes["lab-2"].op, "delete");
        assert.deepEqual(
            nodes["lab-2"].changes.map(({ step, how }) => `${step} ${how}`),
            ["base removed", "stage removed", "credentials removed", "activate removed"],
        );
        assert.deepEqual(nodes["lab-2"].restarts, []);
        assert.deepEqual(nodes["lab-1"].restarts, []);
        assert.deepEqual(nodes["lab-1"].changes, [
            {
                step: "control-plane",
                what: "file /etc/kubernetes/inventory",
                how: "changed",
                detail: "- lab-2 172.31.236.12",
            },
        ]);
        assert.deepEqual(
            cluster.map(({ op, what, details }) => [op, what, ...details]),
            [
                ["update", "Deployment kube-system/coredns", "spec.replicas: 2 → 1"],
                ["delete", "Node lab-2"],
                ["delete", "container lab-2"],
            ],
        );
    });

    it("a new node, whose name has dashes, beside a gate that is none", () => {
        const stdin = "directory 0755 root:root /etc/x\nunit kubelet.service active stamp=1\n| [Unit]\n";
        const { nodes, cluster } = read([
            step("rack-1-base-contact", { op: "create", type: "command:remote:CopyToRemote", after: {} }),
            step("rack-1-base-base", { op: "create", after: { ...command("base apply"), stdin } }),
            step("lab-nodes-ready", { op: "create", after: command("ready minimum=1") }),
        ]);
        assert.deepEqual(cluster, []);
        assert.deepEqual(nodes, {
            "rack-1-base": {
                op: "create",
                changes: [
                    {
                        step: "base",
                        what: "everything",
                        how: "added",
                        detail: "1 directory, 1 unit: kubelet.service",
                    },
                ],
                restarts: [],
            },
        });
    });

    it("labels and taints of the member step", () => {
        const before = "address 10.0.0.1\nlabel disk=ssd\nlabel old=\ntaint own=yes:NoSchedule\n";
        const after = "address 10.0.0.1\nlabel disk=hdd\nlabel new=\ntaint own:NoSchedule\n";
        const { nodes } = read([
            step("n1-member", {
                op: "update",
                before: { ...command("member apply n1"), stdin: before },
                after: { ...command("member apply n1"), stdin: after },
                paths: ["stdin"],
            }),
        ]);
        assert.deepEqual(nodes.n1.changes, [
            { step: "member", what: "label disk", how: "changed", detail: "ssd → hdd" },
            { step: "member", what: "label old", how: "removed" },
            { step: "member", what: "taint own", how: "changed", detail: "yes:NoSchedule → NoSchedule" },
            { step: "member", what: "label new", how: "added" },
        ]);
        assert.deepEqual(nodes.n1.restarts, []);
    });

    it("is complete with the summary, unless something failed", () => {
        const log = new EventLog();
        assert.equal(log.complete, false);
        log.take(summary({ same: 1 }));
        assert.equal(log.complete, true);
        log.take(message("n1-base", "The configuration asks for what can't be", "error"));
        assert.equal(log.complete, false);
    });

    it("drift: each sentence, and the units that restart by it", () => {
        const stdin = "unit kubelet.service active stamp=1\nunit kube-proxy.service active stamp=1\n";
        const told = [
            "file /etc/kubernetes/hosts has other content",
            "unit kubelet.service: not active",
            "artifact kubelet 1.36.3: /opt/k8s/v1.36.3/kubelet is missing",
        ];
        const words = (generation: number) => ({ ...command(`activate apply generation=${generation}`), stdin });
        const { nodes } = read([
            step("n1-activate", { op: "update", before: words(1), after: words(2), paths: ["create", "update"] }),
            ...told.map((sentence) => message("n1-activate", driftMessage(sentence))),
            message("n1-activate", "RegisterResource RPC finished: a private key", "debug"),
        ]);
        assert.deepEqual(
            nodes.n1.changes.map(({ how, what, detail }) => [how, what, detail]),
            [
                ["drifted", "file /etc/kubernetes/hosts", told[0]],
                ["drifted", "unit kubelet.service", told[1]],
                ["drifted", "artifact kubelet", told[2]],
            ],
        );
        assert.deepEqual(nodes.n1.restarts, ["kubelet.service"]);
        assert.equal(driftIn("something else"), undefined);
    });

    it("another kit, connection or argument is told of by its name", () => {
        const stdin = "unit kube-csr-approver.service active stamp=1 after=/var/lib/slipway/kit/current\n";
        const other = kit.replace("0123456789abcdef", "fedcba9876543210");
        const base = { stdin: "", ...command("base apply source=/mnt/a/ ports=1,2") };
        const { nodes } = read([
            step("n1-base", {
                op: "update",
                before: base,
                after: { stdin: "", ...command("base apply source=/mnt/b/ ports=1,2", other) },
                paths: ["create", "connection.user"],
            }),
            step("n1-control-plane", {
                op: "update",
                before: { ...command("control-plane apply"), stdin },
                after: { ...command("control-plane apply", other), stdin },
            }),
            step("n1-member", {
                op: "update",
                before: { ...command("member apply n1"), stdin: "", delete: `sh ${kit} member remove n1 seconds=300` },
                after: { ...command("member apply n1"), stdin: "", delete: `sh ${kit} member remove n1 seconds=200` },
            }),
        ]);
        assert.deepEqual(
            nodes.n1.changes.map(({ step, what, detail }) => [step, what, detail]),
            [
                ["base", "node kit", undefined],
                ["base", "connection", undefined],
                ["base", "argument source", "/mnt/a/ → /mnt/b/"],
                ["control-plane", "node kit", undefined],
                ["member", "argument seconds", "300 → 200"],
            ],
        );
        assert.deepEqual(nodes.n1.restarts, ["kube-csr-approver.service"]);
    });

    it("another machine of the same name", () => {
        const of = (address: string) => ({ ...command("base apply"), stdin: "", triggers: ["n1", address] });
        const { nodes } = read([step("n1-base", { op: "replace", before: of("10.0.0.1"), after: of("10.0.0.2") })]);
        assert.equal(nodes.n1.op, "replace");
        assert.equal(nodes.n1.changes[0].detail, "machine: 10.0.0.1 → 10.0.0.2");
    });

    it("shows no secret and no text of many lines", () => {
        const type = "kubernetes:core/v1:Secret";
        const object = (token: unknown, text: string) => ({
            kind: "Secret",
            metadata: { name: "s", namespace: "default" },
            data: { token, text, nested: { token } },
        });
        const { cluster } = read([
            step("s", {
                op: "update",
                type,
                before: object(secret, "a\nb"),
                after: object({ ...secret, ciphertext: "[other]" }, "a\nb\nc"),
                paths: ["data.token", "data.text", "data.nested"],
            }),
        ]);
        assert.deepEqual(cluster, [
            {
                what: "Secret default/s",
                op: "update",
                details: [
                    'data.nested: {"token":"(secret)"} → {"token":"(secret)"}',
                    "data.text: (2 lines) → (3 lines)",
                    "data.token: (secret) → (secret)",
                ],
            },
        ]);
    });

    it("nothing", () => {
        const nothing = read([step("n1-base", { op: "same" }), summary({ same: 98 })]);
        assert.deepEqual(nothing, { nodes: {}, cluster: [], same: 98 });
        assert.equal(
            changesTable(nothing, false),
            "Nothing would change: all 98 resources are as the configuration says.",
        );
    });
});

describe("changes: the table", () => {
    const change = { step: "activate", what: "file /a", how: "changed", detail: "+ x" } as const;
    const node = { op: "update", changes: [change], restarts: ["kubelet.service"] } as const;

    it("puts nodes together to which the same happens, and restarts in red", () => {
        const nodes = Object.fromEntries(["n1", "n2", "n3", "n4", "n5"].map((name) => [name, node]));
        const cluster = [{ what: "Deployment a/b", op: "update", details: ["spec.replicas: 1 → 2"] }] as const;
        assert.equal(
            changesTable({ nodes, cluster, same: 1 }, true),
            [
                "  NODE        STEP      CHANGE",
                "  n1          activate  ~ file /a",
                "  n2                        + x",
                "  n3                    \x1b[31mrestarts kubelet.service\x1b[0m",
                "  and 2 more",
                "  cluster               ~ Deployment a/b",
                "                            spec.replicas: 1 → 2",
                "",
                "5 nodes change, units restart on 5; 1 resource stays as it is.",
            ].join("\n"),
        );
        assert.doesNotMatch(changesTable({ nodes, cluster, same: 1 }, false), /\x1b/);
        const detail = "file /a has other content";
        const drifted = {
            op: "update",
            changes: [{ step: "stage", what: "file /a", how: "drifted", detail }],
        } as const;
        const text = changesTable({ nodes: { n1: { ...drifted, restarts: [] } }, cluster: [], same: 1 }, false);
        assert.match(text, /^ {2}n1 +stage +! file \/a has other content\n\n/m);
    });
});
