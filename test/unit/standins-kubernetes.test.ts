import assert from "node:assert/strict";
import { deployment } from "../../standins/kubernetes/await/deployment";
import { statefulSet } from "../../standins/kubernetes/await/statefulSet";
import { podProblems } from "../../standins/kubernetes/await/pods";
import { diffConfig } from "../../standins/kubernetes/diffConfig";
import { liveInputs, quantity } from "../../standins/kubernetes/equivalence";
import { immutableFields, segmentsOf, touches } from "../../standins/kubernetes/immutable";
import { takenOver } from "../../standins/kubernetes/managers";
import type { KubeObject, ManagedFields } from "../../standins/kubernetes/objects";
import { settingsOf } from "../../standins/kubernetes/settings";
import { UNKNOWN, type Values } from "../../standins/values";

describe("the kubernetes stand-in", () => {
    describe("a provider's configuration that changes", () => {
        const kubeconfig = (server: string) =>
            JSON.stringify({
                "current-context": "c",
                clusters: [{ name: "c", cluster: { server } }],
                users: [{ name: "c", user: {} }],
                contexts: [{ name: "c", context: { cluster: "c", user: "c" } }],
            });
        const replaces = (oldInputs: Values, inputs: Values) =>
            diffConfig({ id: "p", oldOutputs: {}, ignoreChanges: [], oldInputs, inputs }).replace;

        it("means another cluster when the identifier is another", () => {
            const [a, b] = ["a", "b"].map((clusterIdentifier) => ({ clusterIdentifier, kubeconfig: kubeconfig("x") }));
            assert.deepEqual(replaces(a, b), ["clusterIdentifier"]);
        });

        it("means the same cluster while the identifier stays, even with an unknown kubeconfig", () => {
            const before = { clusterIdentifier: "a", kubeconfig: kubeconfig("https://one") };
            assert.deepEqual(replaces(before, { ...before, kubeconfig: kubeconfig("https://two") }), []);
            assert.deepEqual(replaces(before, { ...before, kubeconfig: UNKNOWN }), []);
        });

        it("without an identifier means another cluster when the address is another, or unknown", () => {
            const before = { kubeconfig: kubeconfig("https://one") };
            assert.deepEqual(replaces(before, { kubeconfig: kubeconfig("https://two") }), ["kubeconfig"]);
            assert.deepEqual(replaces(before, { kubeconfig: UNKNOWN }), ["kubeconfig"]);
            assert.deepEqual(replaces(before, { ...before, deleteUnreachable: "true" }), []);
        });
    });

    it("keeps what is wrong with a kubeconfig for later", () => {
        assert.match(settingsOf({ kubeconfig: "{}" }).unusable!, /no context/);
        assert.match(settingsOf({ kubeconfig: "clusters: [\n" }).unusable!, /can't be used/);
    });

    it("reads quantities of every suffix", () => {
        const pairs = { "0.5": "500m", "1Gi": "1024Mi", "1k": "1000", "2e3": "2k", "100M": "0.1G" };
        for (const [left, right] of Object.entries(pairs)) assert.equal(quantity(left), quantity(right), left);
        assert.notEqual(quantity("1G"), quantity("1Gi"));
        assert.equal(quantity("no number"), "no number");
    });

    it("cuts a live object to its inputs, in their spelling", () => {
        const inputs = {
            apiVersion: "v1",
            kind: "Pod",
            spec: {
                hostNetwork: false,
                containers: [{ name: "a", resources: { limits: { memory: "1024Mi" } }, env: [] }],
                nodeName: "x",
            },
        };
        const live = {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { uid: "1" },
            spec: {
                containers: [
                    { name: "a", image: "added", resources: { limits: { memory: "1Gi" } } },
                    { name: "added" },
                ],
                nodeName: "y",
                dnsPolicy: "added",
            },
        };
        const expected = structuredClone(inputs);
        expected.spec.nodeName = "y";
        assert.deepEqual(liveInputs(live, inputs), expected);
    });

    it("knows by a path whether a field is touched that can't be changed", () => {
        const pod = { apiVersion: "v1", kind: "Pod" };
        const fields = immutableFields(pod, false, settingsOf({ kubeconfig: "{}" }));
        const isTouched = (path: string, after?: unknown) =>
            fields.some((field) => touches(segmentsOf(path), field, after));
        assert(isTouched("spec.containers[1].image", "x"));
        assert(isTouched("spec.nodeSelector.a", "x"));
        assert(isTouched("spec.containers[1]", { image: "x" }));
        assert(!isTouched("spec.containers[1]", { name: "x" }));
        assert(!isTouched("spec.activeDeadlineSeconds", 1));
        assert(!isTouched('metadata.labels["spec.nodeName"]', "x"));
        assert.deepEqual(segmentsOf('data["a.b"].c[2]'), ["data", "a.b", "c", "2"]);
    });

    it("takes fields over from the manager of the create, and leaves those of others", () => {
        const entry = (manager: string, operation: "Apply" | "Update", fieldsV1: Values, subresource?: string) =>
            ({ manager, operation, fieldsV1, ...(subresource ? { subresource } : {}) }) as ManagedFields;
        const status = entry("pulumi-kubernetes", "Update", { "f:status": {} }, "status");
        const controller = entry("kube-controller-manager", "Update", { "f:x": {} });
        const managedFields = [
            entry("pulumi-kubernetes", "Update", { "f:spec": { "f:a": {} } }),
            entry("own", "Apply", { "f:spec": { "f:b": {} } }),
            controller,
            status,
        ];
        const object = { apiVersion: "v1", kind: "X", metadata: { name: "x", managedFields } };
        const all = { "f:spec": { "f:a": {}, "f:b": {} } };
        assert.deepEqual(takenOver(object, "own"), [entry("own", "Apply", all), controller, status]);
        assert.equal(takenOver({ ...object, metadata: { name: "x", managedFields: [controller] } }, "own"), undefined);
    });

    describe("readiness", () => {
        const object = (status: Values, more: Values = {}): KubeObject => ({
            apiVersion: "apps/v1",
            kind: "X",
            metadata: { name: "x", uid: "u", generation: 2, ...more },
            spec: { replicas: 2 },
            status: { observedGeneration: 2, ...status },
        });

        it("of a Deployment waits for the rollout of a later revision", () => {
            const annotations = { "deployment.kubernetes.io/revision": "2" };
            const progressing = (reason: string) => [
                { type: "Available", status: "True" },
                { type: "Progressing", status: "True", reason },
            ];
            const replicaSet = { ...object({ readyReplicas: 2 }), metadata: { name: "rs", annotations } };
            const owned = { ...replicaSet, metadata: { ...replicaSet.metadata, ownerReferences: [{ uid: "u" }] } };
            const verdict = (reason: string, related = [[owned]]) =>
                deployment.judge({ object: object({ conditions: progressing(reason) }, { annotations }), related });
            assert.equal(verdict("ReplicaSetUpdated").ready, false);
            assert.equal(verdict("NewReplicaSetAvailable").ready, true);
            assert.match(
                verdict("NewReplicaSetAvailable", [[replicaSet]] as never).waiting!,
                /ReplicaSet of revision 2/,
            );
        });

        it("of a StatefulSet waits for the new revision", () => {
            const status = { replicas: 2, readyReplicas: 2, updatedReplicas: 1, currentRevision: "a" };
            const ready = (updateRevision: string) =>
                statefulSet.judge({ object: object({ ...status, updateRevision }), related: [] }).ready;
            assert.equal(ready("b"), false);
            assert.equal(ready("a"), true);
        });

        it("of pods is explained by their containers' own words", () => {
            const waiting = { reason: "CrashLoopBackOff", message: "back-off 10s" };
            const terminated = { reason: "Error", exitCode: 2 };
            const containerStatuses = [{ name: "main", ready: false, state: { waiting }, lastState: { terminated } }];
            const conditions = [{ type: "PodScheduled", status: "True" }];
            const pod = { ...object({ conditions, containerStatuses }), kind: "Pod", spec: { nodeName: "n1" } };
            assert.deepEqual(podProblems(pod), [
                "Pod x on node n1: container main: CrashLoopBackOff: back-off 10s; " +
                    "ended before: Error with exit code 2",
            ]);
        });
    });
});
