/** What somebody changes by hand, on machines and in their API, both simulated: shown, mended, and gone. */
import assert from "node:assert/strict";

import type { DriftReport } from "../../operations/changes/driftReport";
import type { PreviewReport } from "../../operations/changes/report";
import { Fleet, nodeNames } from "./fleet";

describe("drift of simulated machines and their API", function () {
    this.timeout(600_000);
    let fleet: Fleet;

    before(async () => {
        fleet = await Fleet.start("drift");
        fleet.configure(nodeNames(2).map((name) => ({ name })));
        await fleet.run("up");
    });

    after(() => fleet?.close());

    const preview = async () => JSON.parse((await fleet.stack.must(["preview", "--json"])).stdout) as PreviewReport;
    const drift = async (status: number) => {
        const outcome = await fleet.stack.slipway(["drift", "--json"]);
        assert.equal(outcome.status, status, outcome.output);
        return JSON.parse(outcome.stdout) as DriftReport;
    };

    const corefile = { kind: "ConfigMap", namespace: "kube-system", name: "coredns" };
    const binding = { kind: "ClusterRoleBinding", name: "slipway:node-proxier" };
    const nginx = { kind: "Deployment", namespace: "default", name: "my-nginx" };
    const sentence = "unit kubelet.service: not active";

    it("is none on what nobody touched", async () => {
        assert.deepEqual(await drift(0), { nodes: {}, cluster: [], unseen: [] });
    });

    it("shows in `drift` and in the preview", async () => {
        fleet.api.edit(corefile);
        fleet.api.edit(binding);
        fleet.api.edit(nginx, ({ spec, metadata }) => {
            Object.assign(spec as object, { replicas: 5 });
            Object.assign(metadata, { labels: { ...metadata.labels, theirs: "1" } });
        });
        fleet.machines.differ("node-2", "activate", sentence);

        const changes = [{ step: "activate", what: "unit kubelet.service", how: "drifted", detail: sentence }] as const;
        const cluster = [
            { what: "ClusterRoleBinding slipway:node-proxier", op: "create", details: [] },
            { what: "ConfigMap kube-system/coredns", op: "create", details: [] },
            { what: "Deployment default/my-nginx", op: "update", details: ["spec.replicas: 5 → 3"] },
        ] as const;
        const byName = <Change extends { readonly what: string }>(all: readonly Change[]) =>
            [...all].sort((a, b) => (a.what < b.what ? -1 : 1));

        const found = await drift(1);
        assert.deepEqual(found.nodes, { "node-2": { changes } });
        assert.deepEqual(byName(found.cluster), cluster);
        assert.deepEqual(found.unseen, []);

        const planned = await preview();
        const restarts = ["kubelet.service"];
        assert.deepEqual(planned.nodes, { "node-2": { op: "update", changes, restarts } });
        assert.deepEqual(
            byName(planned.cluster),
            cluster.map((change) => ({ ...change, drifted: true })),
        );
    });

    it("is mended by `up`, and nothing else is touched", async () => {
        assert.deepEqual(await fleet.run("up"), {
            "command:remote:Command node-2-activate": "update",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding fleet-node-access-node-proxier": "create",
            "kubernetes:core/v1:ConfigMap coredns": "create",
            "kubernetes:apps/v1:Deployment my-nginx": "update",
        });
        const { nodes, cluster } = await preview();
        assert.deepEqual({ nodes, cluster }, { nodes: {}, cluster: [] });
        assert.deepEqual(await drift(0), { nodes: {}, cluster: [], unseen: [] });
    });

    it("of an API that doesn't answer isn't looked for, and mending goes on", async () => {
        fleet.machines.differ("node-1", "stage", "artifact kubelet 1.36.3: /opt/k8s/v1.36.3/kubelet is missing");
        await fleet.api.close();
        const { nodes, unseen } = await drift(1);
        assert.deepEqual(Object.keys(nodes), ["node-1"]);
        assert.match(unseen.join(), /^The Kubernetes API was not looked at: .*can't be reached/);
        const { output } = await fleet.stack.must(["up"]);
        assert.match(output, /Not looked for: .*Kubernetes API/);
        assert.match(output, /node-1-stage updated/);
        assert.deepEqual((await drift(0)).nodes, {});
    });
});
