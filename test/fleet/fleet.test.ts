/**
 * Work in proportion to the change, counted: on the engine's side in resources, on the machines' side in what each of
 * them was asked. The program and the command are the real ones; the machines and their API are simulated.
 */
import assert from "node:assert/strict";

import { controlPlane, Fleet, nodeNames, type NodeSettings, type Touched } from "./fleet";

/** A worker's own steps, sorted. A control plane also keeps a copy of each new state. */
const workerSteps = ["activate", "base", "credentials", "stage"];
const created = (steps: readonly string[]) => ["copy", "preflight", ...steps.map((step) => `${step} apply`)].sort();

/** Resources of one worker: what exists for its sake and is touched with it alone. */
function workerResources(name: string, operation: string): Touched {
    const commands = ["base", "stage", "join", "credentials", "activate", "member"];
    return Object.fromEntries(
        [
            `command:remote:CopyToRemote ${name}-contact`,
            ...commands.map((step) => `command:remote:Command ${name}-${step}`),
            `slipway:node:PreparedNode ${name}`,
            `slipway:node:NodeAgents ${name}-agents`,
        ].map((resource) => [resource, operation]),
    );
}

/** How many resources of each type a cluster with two workloads is made of; one of its nodes is a control plane. */
function clusterResources(nodes: number): Record<string, number> {
    // Three authorities; then the operator's certificate and the eight of a control plane.
    const [authorities, certificates] = [3, 1 + 8];
    return {
        "pulumi:pulumi:Stack": 1,
        "pulumi:providers:command": 1,
        "pulumi:providers:tls": 1,
        "pulumi:providers:kubernetes": 1,
        "slipway:index:Cluster": 1,
        "slipway:pki:Pki": 1,
        "slipway:pki:Authority": authorities,
        "slipway:pki:Certificate": certificates,
        // A key for each of them, for service accounts, and for secrets at rest.
        "tls:index/privateKey:PrivateKey": authorities + certificates + 2,
        "tls:index/selfSignedCert:SelfSignedCert": authorities,
        "tls:index/certRequest:CertRequest": certificates,
        "tls:index/locallySignedCert:LocallySignedCert": certificates,
        "slipway:node:PreparedNode": nodes,
        "slipway:node:NodeAgents": nodes,
        "slipway:controlplane:ControlPlane": 1,
        // Contact.
        "command:remote:CopyToRemote": nodes,
        // Base, stage, credentials, activate and member of each; a worker's token; the control plane's step; the gate.
        "command:remote:Command": 5 * nodes + (nodes - 1) + 1 + 1,
        // What nodes are allowed, the dashboard's role, flannel's role, CoreDNS' role.
        "slipway:access:NodeAccess": 1,
        "slipway:access:Viewer": 1,
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": 5 + 1 + 1 + 1,
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": 1 + 1 + 1,
        "slipway:addons:Flannel": 1,
        "slipway:addons:CoreDns": 1,
        "kubernetes:core/v1:Namespace": 1,
        "kubernetes:core/v1:ServiceAccount": 3,
        "kubernetes:core/v1:ConfigMap": 2,
        "kubernetes:apps/v1:DaemonSet": 1,
        "slipway:workloads:MyNginx": 1,
        "slipway:workloads:HelloKube": 1,
        // CoreDNS and the two workloads.
        "kubernetes:apps/v1:Deployment": 3,
        "kubernetes:core/v1:Service": 3,
    };
}

for (const size of [10, 100]) {
    describe(`a fleet of ${size} simulated machines`, function () {
        this.timeout(600_000);
        let fleet: Fleet;
        const names = nodeNames(size);
        const nodes: NodeSettings[] = names.map((name) => ({ name }));
        const changed = { kubelet: { maxPods: 50 } };

        /**
         * What the machines were asked beyond the probe, which each of `probed` is asked so many times, and beyond what
         * the cluster holds, which the control plane is asked once; sorted.
         */
        const asked = (probed: readonly string[], times = 1) => {
            const entries = Object.entries(fleet.machines.takeAsked()).map(([name, all]) => {
                const probes = all.filter((what) => what === "probe").length;
                assert.equal(probes, probed.includes(name) ? times : 0, `${name} was probed ${probes} times`);
                const holdings = all.filter((what) => what === "holdings").length;
                assert.equal(
                    holdings,
                    name === controlPlane ? 1 : 0,
                    `${name} was asked ${holdings} times what there is`,
                );
                return [name, all.filter((what) => what !== "probe" && what !== "holdings").sort()] as const;
            });
            assert.ok(probed.every((name) => entries.some(([found]) => found === name)));
            return Object.fromEntries(entries.filter(([, what]) => what.length > 0));
        };
        const forEach = <Value>(key: (name: string) => string, value: Value) =>
            Object.fromEntries(names.map((name) => [key(name), value]));

        before(async () => {
            fleet = await Fleet.start();
            fleet.configure(nodes);
        });

        after(() => fleet?.close());

        it(`is ${9 * size + 85} resources, and each machine is asked for each of its steps once`, async () => {
            await fleet.run("up");
            const found = fleet.resources();
            assert.deepEqual(found, clusterResources(size));
            assert.equal(
                Object.values(found).reduce((sum, count) => sum + count),
                9 * size + 85,
            );
            const workers = names.slice(1);
            const expected = Object.fromEntries(workers.map((name) => [name, created(workerSteps)]));
            const forOthers = [
                ...workers.map((name) => `join ${name}`),
                ...names.map((name) => `member apply ${name}`),
            ];
            const own = created([...workerSteps, "control-plane"]);
            expected[controlPlane] = [...own, ...forOthers, "ready", "keep-state"].sort();
            // The command looks whose they are, before the program looks what they are.
            assert.deepEqual(asked(names, 2), expected);
            // Ceilings: what is stored of a machine grows with its manifests, twice.
            assert.ok(fleet.stateBytes("node-2") <= 68_000, `${fleet.stateBytes("node-2")} bytes`);
            assert.ok(fleet.stateBytes(controlPlane) <= 172_000, `${fleet.stateBytes(controlPlane)} bytes`);
        });

        it("loads images while its control plane starts, makes tokens while roles are bound, and waits for names only who asks for any", () => {
            const waits = (name: string, word: RegExp) => fleet.awaited(name).filter((other) => word.test(other));
            assert.deepEqual(waits(`${controlPlane}-control-plane`, /-(base|stage)$/), [`${controlPlane}-base`]);
            assert.deepEqual(waits("node-2-join", /-control-plane$|access/), [`${controlPlane}-control-plane`]);
            assert.deepEqual(waits("node-2-activate", /-stage$/), ["node-2-stage"]);
            assert.ok(waits("node-2-activate", /access/).length > 0);
            const nginx = fleet.awaited("my-nginx", "slipway:workloads:MyNginx");
            assert.deepEqual(
                nginx.filter((other) => /^coredns|-nodes-ready$/.test(other)),
                [`${fleet.stack.name}-nodes-ready`],
            );
        });

        it("needs nothing the second time: a preview only probes", async () => {
            fleet.machines.takeLogins();
            assert.deepEqual(await fleet.run("preview"), {});
            const once = Object.fromEntries(names.map((name) => [name, name === controlPlane ? 2 : 1]));
            assert.deepEqual(fleet.machines.takeLogins().of, once, "logins: the probe, and the holdings of add-ons");
            assert.deepEqual(asked(names), {});
        });

        it("runs one step of each node when a flag of all kubelets changes", async () => {
            fleet.configure(nodes, changed);
            assert.deepEqual(
                await fleet.run("up"),
                forEach((name) => `command:remote:Command ${name}-activate`, "update"),
            );
            const expected = forEach((name) => name, ["activate apply"]);
            assert.deepEqual(asked(names), { ...expected, [controlPlane]: ["activate apply", "keep-state"] });
        });

        const another = `node-${size + 1}`;
        const labelled = nodes.map((node) => (node.name === "node-2" ? { ...node, labels: { disk: "ssd" } } : node));
        const label = { "command:remote:Command node-2-member": "update" };

        it("adds a worker and a label, and asks the other machines for nothing", async () => {
            fleet.configure([...labelled, { name: another }], changed);
            assert.deepEqual(await fleet.run("up"), { ...workerResources(another, "create"), ...label });
            const commands = [`join ${another}`, "keep-state", "member apply node-2", `member apply ${another}`];
            assert.deepEqual(asked([...names, another]), {
                [controlPlane]: commands.sort(),
                [another]: created(workerSteps),
            });
        });

        it("removes a worker and asks the other machines for nothing", async () => {
            fleet.configure(labelled, changed);
            assert.deepEqual(await fleet.run("up"), workerResources(another, "delete"));
            assert.deepEqual(asked(names), {
                [controlPlane]: ["is it there", "keep-state", `member remove ${another}`],
                [another]: workerSteps.map((step) => `${step} remove`),
            });
        });
    });
}
