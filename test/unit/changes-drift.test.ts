import assert from "node:assert/strict";

import type { NodeReport } from "../../components/remote/probe";
import { driftReport, hasDrifted, type DriftQuestion } from "../../operations/changes/driftReport";
import { objectDrift } from "../../operations/changes/live";
import { isEmpty, withDrift } from "../../operations/changes/report";
import { changesTable } from "../../setup/changesTable";
import { driftTable } from "../../setup/commands/drift";

const node = (more: Partial<NodeReport> = {}): NodeReport => ({
    reachable: true,
    known: true,
    joined: true,
    versions: {},
    units: {},
    kinds: {},
    members: {},
    ...more,
});

const kind = (...entries: string[]) => ({ generation: 2, differences: entries.length, entries });

const ask = (question: Partial<DriftQuestion>) =>
    driftReport({ reports: {}, built: Object.keys(question.reports ?? {}), api: { drift: [] }, ...question });

const urn = "urn:pulumi:dev::slipway::kubernetes:apps/v1:Deployment::web";
const inputs = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", labels: { app: "web", role: "" } },
    spec: {
        replicas: 1,
        template: { spec: { containers: [{ name: "a", resources: { limits: { cpu: "500m", memory: "1024Mi" } } }] } },
    },
};
const web = { urn, type: "kubernetes:apps/v1:Deployment", inputs };

describe("changes: drift on nodes", () => {
    it("is nothing where nodes are as they were left", () => {
        const found = ask({ reports: { n1: node(), n2: node({ kinds: { base: { ...kind(), generation: 3 } } }) } });
        assert.deepEqual(found, { nodes: {}, cluster: [], unseen: [] });
        assert.equal(hasDrifted(found), false);
        assert.equal(driftTable(found, { stack: "dev" }), "Nothing has drifted.");
    });

    it("is told by node and step, with what control planes say of membership", () => {
        const reports = {
            n1: node({ members: { n2: kind("label disk is missing") } }),
            n2: node({
                kinds: {
                    activate: { generation: 2, differences: 3, entries: ["unit kubelet.service: not active"] },
                    base: kind('sysctl vm.swappiness is "60" instead of "1"'),
                },
            }),
        };
        const found = ask({ reports });
        assert.deepEqual(Object.keys(found.nodes), ["n2"]);
        assert.equal(
            driftTable(found, { stack: "dev" }),
            [
                "  NODE  STEP      DRIFT",
                '  n2    base      sysctl vm.swappiness is "60" instead of "1"',
                "        activate  unit kubelet.service: not active",
                "                  and 2 more",
                "        member    label disk is missing",
                "",
                "`npm run up` mends it.",
            ].join("\n"),
        );
    });

    it("is no node that can't be reached, nor one that isn't built yet; one that was set up anew is", () => {
        const away = node({ reachable: false, known: false, problem: "n1: no answer." });
        const reports = { n1: away, n2: node({ known: false }), n3: node({ known: false }) };
        const found = ask({ reports, built: ["n1", "n3"], api: { drift: [], problem: "no answer" } });
        assert.deepEqual(Object.keys(found.nodes), ["n3"]);
        assert.match(found.nodes.n3.changes[0].detail!, /set up anew/);
        assert.deepEqual(found.unseen, ["n1: no answer.", "The Kubernetes API was not looked at: no answer"]);
        assert.match(driftTable(found, { stack: "hex" }), /Not seen: n1: no answer\.\n[^]*`npm run up -- --stack hex`/);
    });
});

describe("changes: drift in the API", () => {
    const live = (change: (object: typeof inputs) => void) => {
        const copy = structuredClone(inputs);
        change(copy);
        return { ...copy, status: { replicas: 1 } };
    };

    it("counts what was applied, in whatever spelling, and not what others add", () => {
        const same = live(({ metadata, spec }) => {
            Object.assign(metadata, { uid: "1", annotations: { theirs: "1" } });
            Object.assign(metadata.labels, { theirs: "2" });
            Object.assign(spec, { strategy: {} });
            spec.template.spec.containers[0].resources.limits = { cpu: "0.5", memory: "1Gi" };
        });
        assert.equal(objectDrift(web, same), undefined);
    });

    it("names each field, and an object that is gone", () => {
        const scaled = live((object) => (object.spec.replicas = 3));
        assert.deepEqual(objectDrift(web, scaled), {
            urn,
            what: "Deployment default/web",
            op: "update",
            details: ["spec.replicas: 3 → 1"],
        });
        const unlabelled = live((object) => delete (object.metadata.labels as Record<string, string>).role);
        assert.deepEqual(objectDrift(web, unlabelled)?.details, ['metadata.labels.role: ""']);
        assert.deepEqual(objectDrift(web, undefined), {
            urn,
            what: "Deployment default/web",
            op: "create",
            details: [],
        });
    });

    it("leaves secrets alone, which the state holds encrypted", () => {
        const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
        const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: secret };
        const state = { urn, type: "kubernetes:core/v1:Secret", inputs: object };
        assert.equal(objectDrift(state, { ...object, data: { a: "MQ==" } }), undefined);
    });

    it("joins what the preview knows", () => {
        const drift = [
            objectDrift(
                web,
                live((object) => (object.spec.replicas = 3)),
            )!,
        ];
        const nothing = { nodes: {}, cluster: [], same: 10 };
        const alone = withDrift(nothing, drift);
        assert.deepEqual(alone.cluster, [
            { what: "Deployment default/web", op: "update", details: ["spec.replicas: 3 → 1"], drifted: true },
        ]);
        assert.equal(alone.same, 9);
        assert.equal(isEmpty(alone), false);
        assert.match(changesTable(alone, false), /! Deployment default\/web\n +spec\.replicas: 3 → 1/);
        const edited = { what: "Deployment default/web", op: "update", details: ["spec.replicas: 1 → 2"] } as const;
        const both = withDrift({ nodes: {}, cluster: [edited], same: 9 }, drift);
        assert.deepEqual(both.cluster, [{ ...edited, drifted: true }]);
        assert.equal(both.same, 9);
        assert.match(
            changesTable(withDrift(nothing, [objectDrift(web, undefined)!]), false),
            /! Deployment default\/web\n +is gone/,
        );
    });
});
