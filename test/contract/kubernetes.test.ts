/** What @pulumi/kubernetes' plugin does with server-side apply, as its documentation and its source say. */
import assert from "node:assert/strict";
import { Secret, UNKNOWN, reveal, type Values } from "../../standins/values";
import { apply, merge, openApi, playKubelet, type Request } from "./kubernetes/api";
import { openControlPlane, type ControlPlane } from "./kubernetes/controlPlane";
import { openPlugin, type Instance, type Plugin } from "./plugin";

const type = (kind: string) => `kubernetes:${kind}`;
const ConfigMap = type("core/v1:ConfigMap");
const Deployment = type("apps/v1:Deployment");
const Service = type("core/v1:Service");

const namespace = `contract-${process.pid}`;
const meta = (name: string, more: Values = {}): Values => ({ name, namespace, ...more });
const configMap = (name: string, data: Values, more: Values = {}): Values => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: meta(name, more),
    data,
});

/** A pod template whose pods become what `kubelet` says: "ready", "broken", …; real ones do so by themselves. */
const template = (app: string, kubelet: string): Values => ({
    metadata: { labels: { app, kubelet } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: image() }] },
});
const image = () => process.env.SLIPWAY_TEST_IMAGE ?? "registry.k8s.io/pause:3.10.1";

const deployment = (name: string, kubelet: string, spec: Values = {}, annotations: Values = {}): Values => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta(name, { annotations }),
    spec: { replicas: 2, selector: { matchLabels: { app: name } }, template: template(name, kubelet), ...spec },
});

const service = (name: string, spec: Values = {}, annotations: Values = {}): Values => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: meta(name, { annotations }),
    spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

/** Long enough for the controllers, on a busy machine, to make pods and for their kubelet to say what is wrong. */
const brief = { "pulumi.com/timeoutSeconds": "5" };

describe("the kubernetes plugin", function () {
    this.timeout(60_000);
    let controlPlane: ControlPlane;
    let plugin: Plugin;
    let cluster: Instance;
    let request: Request;
    const endings: (() => Promise<void> | void)[] = [];

    const inNamespace = (path: string, group = "/api/v1") => `${group}/namespaces/${namespace}/${path}`;
    const get = (path: string, group?: string) => request("GET", inNamespace(path, group));
    const annotated = (kind: string, name: string) => get(`${kind}/${name}`, "/apis/apps/v1");

    before(async () => {
        const found = await openControlPlane();
        assert(
            found,
            "No API server to test against: set SLIPWAY_TEST_KUBECONFIG, or run `npm run mirror`, or put etcd, " +
                "kube-apiserver and kube-controller-manager on PATH.",
        );
        controlPlane = found;
        endings.push(() => found.stop());
        plugin = await openPlugin("kubernetes");
        endings.push(() => plugin.close());
        cluster = await plugin.connect({ kubeconfig: found.kubeconfig });
        const api = openApi(found.kubeconfig);
        request = api.request;
        endings.push(() => api.close());
        await request("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
        endings.push(async () => void (await request("DELETE", `/api/v1/namespaces/${namespace}`)));
        if (!controlPlane.hollow) return;
        const kubelet = playKubelet(request, namespace);
        endings.push(() => kubelet.stop());
    });

    after(async () => {
        for (const end of endings.reverse()) await end();
    });

    describe("check", () => {
        const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: {} };

        it("names an object that has no name after the resource, and puts it into the default namespace", async () => {
            const checked = await cluster.check(ConfigMap, "settings", inputs);
            assert.match(checked.inputs.metadata.name, /^settings-[0-9a-f]{8}$/);
            assert.equal(checked.inputs.metadata.annotations["pulumi.com/autonamed"], "true");
            assert.equal(checked.inputs.metadata.namespace, "default");
            assert.equal(checked.inputs.metadata.labels, undefined);
        });

        it("gives no namespace to what lives in none", async () => {
            const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "r" } };
            const checked = await cluster.check(type("rbac.authorization.k8s.io/v1:ClusterRole"), "r", role);
            assert.deepEqual(checked.inputs.metadata, { name: "r" });
        });

        it("takes the namespace of the provider's configuration", async () => {
            const other = await plugin.connect({ kubeconfig: controlPlane.kubeconfig, namespace: "elsewhere" });
            const checked = await other.check(ConfigMap, "settings", inputs);
            assert.equal(checked.inputs.metadata.namespace, "elsewhere");
        });

        it("marks a Secret's data secret and puts its texts among them", async () => {
            const wanted = { apiVersion: "v1", kind: "Secret", metadata: meta("s"), stringData: { password: "open" } };
            const checked = await cluster.check(type("core/v1:Secret"), "s", wanted);
            assert(checked.inputs.data instanceof Secret);
            assert.deepEqual(checked.inputs.data.value, { password: Buffer.from("open").toString("base64") });
            assert.equal(checked.inputs.stringData, undefined);
        });
    });

    describe("create", () => {
        it("makes the object and keeps it as the server has it, with its inputs and its field manager", async () => {
            const made = await cluster.create(ConfigMap, "plain", configMap("plain", { a: "1" }));
            const live = await get("configmaps/plain");
            assert.equal(made.id, `${namespace}/plain`);
            assert.equal(made.outputs.metadata.uid, live.metadata.uid);
            assert.deepEqual(reveal(made.outputs.__inputs).data, { a: "1" });
            assert.equal(made.outputs.__initialApiVersion, "v1");
            assert.match(made.outputs.__fieldManager, /^pulumi-kubernetes-[0-9a-f]{8}$/);
        });

        it("fails where the object exists", async () => {
            const wanted = configMap("twice", {});
            await cluster.create(ConfigMap, "twice", wanted);
            await assert.rejects(cluster.create(ConfigMap, "again", wanted), /already exists/);
        });

        it("waits for a namespace that is made at the same time", async () => {
            const late = `${namespace}-late`;
            const wanted = { ...configMap("early", {}), metadata: { name: "early", namespace: late } };
            const making = cluster.create(ConfigMap, "early", wanted);
            await new Promise((resolve) => setTimeout(resolve, 300));
            await request("POST", "/api/v1/namespaces", { metadata: { name: late } });
            assert.equal((await making).id, `${late}/early`);
            await request("DELETE", `/api/v1/namespaces/${late}`);
        });

        it("leaves nothing secret readable in the state", async () => {
            const wanted = configMap("hidden", { open: "door", key: new Secret("top-secret") });
            const made = await cluster.create(ConfigMap, "hidden", wanted);
            assert(made.outputs.data.key instanceof Secret);
            const readable = JSON.stringify(made.outputs, (_, value) => (value instanceof Secret ? "hidden" : value));
            assert(!readable.includes("top-secret"), readable);
        });
    });

    describe("preview", () => {
        it("asks the server what it would make, and makes nothing", async () => {
            const wanted = service("planned");
            const planned = await cluster.create(Service, "planned", wanted, { preview: true });
            assert.equal(planned.id, "");
            assert.equal(planned.outputs.spec.type, "ClusterIP");
            assert.equal(planned.outputs.status, undefined);
            await assert.rejects(get("services/planned"), /not found/);
        });

        it("gives the inputs back when the server can't know", async () => {
            const elsewhere = { ...configMap("x", { a: "1" }), metadata: { name: "x", namespace: "not-there-yet" } };
            const planned = await cluster.create(ConfigMap, "x", elsewhere, { preview: true });
            assert.deepEqual(planned.outputs, elsewhere);
            const unknown = configMap("x", { a: UNKNOWN });
            assert.deepEqual((await cluster.create(ConfigMap, "x", unknown, { preview: true })).outputs, unknown);
        });

        it("refuses what the server would refuse", async () => {
            const wrong = configMap("Not A Name", {});
            await assert.rejects(cluster.create(ConfigMap, "x", wrong, { preview: true }), /Not A Name/);
        });

        it("shows an update's result and changes nothing", async () => {
            const made = await cluster.create(ConfigMap, "shown", configMap("shown", { a: "1" }));
            const planned = await cluster.update(made, configMap("shown", { a: "2" }), { preview: true });
            assert.deepEqual(planned.outputs.data, { a: "2" });
            assert.deepEqual((await get("configmaps/shown")).data, { a: "1" });
        });
    });

    describe("update", () => {
        it("drops fields that the program drops and leaves those of others", async () => {
            const made = await cluster.create(ConfigMap, "shared", configMap("shared", { a: "1", b: "2" }));
            await request("PATCH", inNamespace("configmaps/shared"), { data: { theirs: "3" } }, merge);
            const updated = await cluster.update(made, configMap("shared", { a: "9" }));
            assert.deepEqual((await get("configmaps/shared")).data, { a: "9", theirs: "3" });
            assert.equal(updated.outputs.__fieldManager, made.outputs.__fieldManager);
            const managers = updated.outputs.metadata.managedFields.map((entry: Values) => entry.manager);
            assert(managers.includes(made.outputs.__fieldManager));
            assert(!managers.includes("pulumi-kubernetes"));
        });

        it("refuses to take a field from another manager, unless forced", async () => {
            const made = await cluster.create(ConfigMap, "fought", configMap("fought", { a: "1" }));
            const first = await cluster.update(made, configMap("fought", { a: "2" }));
            const theirs = { ...configMap("fought", { a: "theirs" }) };
            await request("PATCH", `${inNamespace("configmaps/fought")}?fieldManager=x&force=true`, theirs, apply);
            await assert.rejects(cluster.update(first, configMap("fought", { a: "3" })), /conflict/);
            const annotations = { "pulumi.com/patchForce": "true" };
            await cluster.update(first, configMap("fought", { a: "3" }, { annotations }));
            assert.equal((await get("configmaps/fought")).data.a, "3");
        });
    });

    describe("diff", () => {
        const skip = { "pulumi.com/skipAwait": "true" };

        it("names the paths that differ, and replaces for what can't be changed", async () => {
            const made = await cluster.create(Deployment, "differs", deployment("differs", "none", {}, skip));
            assert.deepEqual(await cluster.diff(made, deployment("differs", "none", {}, skip)), {
                changed: false,
                replaces: [],
                paths: {},
            });
            const scaled = await cluster.diff(made, deployment("differs", "none", { replicas: 3 }, skip));
            assert.deepEqual(scaled.paths, { "spec.replicas": "update" });
            const selector = { matchLabels: { app: "differs", more: "x" } };
            const moved = await cluster.diff(made, deployment("differs", "none", { selector }, skip));
            assert.deepEqual(moved.paths, { "spec.selector.matchLabels.more": "replace" });
            const renamed = await cluster.diff(made, deployment("other", "none", {}, skip));
            assert.equal(renamed.paths["metadata.name"], "replace");
        });

        it("replaces a ConfigMap for its content, unless the provider lets it be changed", async () => {
            const made = await cluster.create(ConfigMap, "content", configMap("content", { a: "1" }));
            const wanted = configMap("content", { a: "2" });
            assert.deepEqual((await cluster.diff(made, wanted)).paths, { "data.a": "replace" });
            const config = { kubeconfig: controlPlane.kubeconfig, enableConfigMapMutable: "true" };
            assert.deepEqual((await (await plugin.connect(config)).diff(made, wanted)).paths, { "data.a": "update" });
        });

        it("knows two spellings of one quantity", async () => {
            const spec = (cpu: string, memory: string) => {
                const pods = template("sized", "none");
                pods.spec.containers[0].resources = { requests: { cpu, memory } };
                return deployment("sized", "none", { template: pods }, skip);
            };
            const made = await cluster.create(Deployment, "sized", spec("0.5", "1024Mi"));
            assert.equal((await cluster.diff(made, spec("500m", "1Gi"))).changed, false);
            assert.equal((await cluster.diff(await cluster.read(made), spec("0.5", "1024Mi"))).changed, false);
            assert.equal((await cluster.diff(made, spec("501m", "1Gi"))).changed, true);
        });
    });

    describe("waits", () => {
        it("for every pod of a Deployment, and of its next revision", async () => {
            const made = await cluster.create(Deployment, "web", deployment("web", "ready"));
            assert.equal(made.outputs.status.readyReplicas, 2);
            const next = deployment("web", "ready", { replicas: 3 });
            next.spec.template.metadata.labels.revision = "two";
            const updated = await cluster.update(made, next);
            assert.equal(updated.outputs.metadata.annotations["deployment.kubernetes.io/revision"], "2");
            assert.equal((await annotated("deployments", "web")).status.updatedReplicas, 3);
        });

        it("no longer than it is told, and then says what is wrong with the pods", async () => {
            const creating = cluster.create(Deployment, "broken", deployment("broken", "broken", {}, brief));
            await assert.rejects(creating, (error: Error) => {
                assert.match(error.message, /Deployment contract-\d+\/broken wasn't ready after 5 s/);
                if (controlPlane.hollow) assert.match(error.message, /container main: ErrImagePull: no such image/);
                return true;
            });
            assert.equal((await annotated("deployments", "broken")).metadata.name, "broken");
        });

        it("not at all with the annotation skipAwait", async () => {
            const annotations = { "pulumi.com/skipAwait": "true" };
            const made = await cluster.create(Deployment, "skipped", deployment("skipped", "none", {}, annotations));
            assert.equal(made.outputs.status.readyReplicas, undefined);
        });

        it("for the pods behind a Service", async () => {
            const name = "web-behind";
            await cluster.create(Deployment, name, deployment(name, "ready"));
            const made = await cluster.create(Service, name, service(name));
            const { apiVersion, kind } = made.outputs;
            assert.deepEqual(
                { apiVersion, kind, type: made.outputs.spec.type },
                { apiVersion: "v1", kind: "Service", type: "ClusterIP" },
            );
        });

        it("for nothing behind a Service that selects no pods or is headless", async () => {
            const bare = service("bare");
            delete bare.spec.selector;
            await cluster.create(Service, "bare", bare);
            await cluster.create(Service, "headless", service("headless", { clusterIP: "None" }));
        });

        it("for a LoadBalancer's address", async () => {
            const wanted = service("balanced", { type: "LoadBalancer" }, brief);
            await assert.rejects(cluster.create(Service, "balanced", wanted), /load balancer's address/);
            const second = cluster.create(Service, "second", service("second", { type: "LoadBalancer" }));
            while (!(await get("services/second").catch(() => undefined)));
            const status = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
            await request("PATCH", inNamespace("services/second/status"), status, merge);
            assert.deepEqual((await second).outputs.status.loadBalancer.ingress[0].ip, "192.0.2.1");
        });

        it("for a Job's end, and fails with it", async function () {
            if (!controlPlane.hollow) {
                console.log("      (left out: the pods of a Job are played, and this cluster has kubelets)");
                return;
            }
            const job = (name: string, kubelet: string): Values => {
                const pods = template(name, kubelet);
                pods.spec.restartPolicy = "Never";
                const spec = { backoffLimit: 0, template: pods };
                return { apiVersion: "batch/v1", kind: "Job", metadata: meta(name), spec };
            };
            const made = await cluster.create(type("batch/v1:Job"), "done", job("done", "done"));
            assert.equal(made.outputs.status.succeeded, 1);
            await assert.rejects(cluster.create(type("batch/v1:Job"), "fails", job("fails", "failed")), /Backoff/);
        });

        it("for a DaemonSet's pods on every node that wants one", async function () {
            const name = "everywhere";
            const pods = template(name, "ready");
            pods.spec.tolerations = [{ operator: "Exists" }];
            const spec = { selector: { matchLabels: { app: name } }, template: pods };
            const wanted = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: meta(name), spec };
            const made = await cluster.create(type("apps/v1:DaemonSet"), name, wanted);
            const { desiredNumberScheduled, numberReady } = made.outputs.status;
            assert(desiredNumberScheduled >= 1);
            assert.equal(numberReady, desiredNumberScheduled);
            await cluster.delete(made);
        });

        it("for every pod of a ReplicationController", async () => {
            const name = "replicated";
            const spec = { replicas: 2, selector: { app: name }, template: template(name, "ready") };
            const wanted = { apiVersion: "v1", kind: "ReplicationController", metadata: meta(name), spec };
            const made = await cluster.create(type("core/v1:ReplicationController"), name, wanted);
            assert.equal(made.outputs.status.availableReplicas, 2);
        });

        it("for every pod of a StatefulSet", async () => {
            const name = "numbered";
            const selector = { matchLabels: { app: name } };
            const spec = { replicas: 2, serviceName: name, selector, template: template(name, "ready") };
            const wanted = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: meta(name), spec };
            const made = await cluster.create(type("apps/v1:StatefulSet"), name, wanted);
            assert.equal(made.outputs.status.readyReplicas, 2);
        });

        it("for a claim's volume, unless its class waits for the first pod", async () => {
            const classes = "/apis/storage.k8s.io/v1/storageclasses";
            const lazy = `lazy-${namespace}`;
            const claim = (name: string, storageClassName: string, annotations: Values = {}): Values => ({
                apiVersion: "v1",
                kind: "PersistentVolumeClaim",
                metadata: meta(name, { annotations }),
                spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            });
            const kind = type("core/v1:PersistentVolumeClaim");
            await request("POST", classes, {
                metadata: { name: lazy },
                provisioner: "example.org/nobody",
                volumeBindingMode: "WaitForFirstConsumer",
            });
            try {
                const made = await cluster.create(kind, "later", claim("later", lazy));
                assert.equal(made.outputs.status.phase, "Pending");
                const never = cluster.create(kind, "never", claim("never", "of-nobody", brief));
                await assert.rejects(never, /It waits for a volume: its phase is Pending/);
            } finally {
                await request("DELETE", `${classes}/${lazy}`);
            }
        });

        it("for a Pod to be ready", async () => {
            const { metadata, spec } = template("single", "ready");
            const wanted = { apiVersion: "v1", kind: "Pod", metadata: meta("single", metadata), spec };
            const made = await cluster.create(type("core/v1:Pod"), "single", wanted);
            assert.equal(made.outputs.status.phase, "Running");
        });
    });

    describe("delete", () => {
        it("takes the dependents along and waits until the object is gone", async () => {
            const made = await cluster.create(Deployment, "gone", deployment("gone", "ready"));
            await cluster.delete(made);
            await assert.rejects(annotated("deployments", "gone"), /not found/);
            const pods = await get("pods?labelSelector=app%3Dgone");
            assert.deepEqual(pods.items, []);
            await cluster.delete(made);
        });

        it("waits for finalizers, and says so when it gives up", async () => {
            const finalizers = ["example.com/held"];
            const wanted = configMap("held", {}, { finalizers, annotations: brief });
            const made = await cluster.create(ConfigMap, "held", wanted);
            await assert.rejects(cluster.delete(made), /wasn't gone 5 s after.*example\.com\/held/);
            const free = () =>
                request("PATCH", inNamespace("configmaps/held"), { metadata: { finalizers: [] } }, merge);
            const [freed] = await Promise.all([cluster.delete(made).then(() => "gone"), free()]);
            assert.equal(freed, "gone");
        });
    });

    describe("a Patch", () => {
        const NodePatch = type("core/v1:NodePatch");
        const patch = (labels: Values): Values => ({
            apiVersion: "v1",
            kind: "Node",
            metadata: { name: "patched", labels },
        });

        it("changes an object that exists, and gives its fields back when it is deleted", async () => {
            await request("POST", "/api/v1/nodes", { metadata: { name: "patched", labels: { theirs: "1" } } });
            const planned = await cluster.create(NodePatch, "labels", patch({ ours: "1" }), { preview: true });
            assert.deepEqual(planned.outputs.metadata.labels, { ours: "1" });
            const made = await cluster.create(NodePatch, "labels", patch({ ours: "1" }));
            assert.equal(made.outputs.metadata.labels.theirs, "1");
            const updated = await cluster.update(made, patch({ other: "2" }));
            assert.deepEqual(Object.keys(updated.outputs.metadata.labels).sort(), ["other", "theirs"]);
            await cluster.delete(updated);
            const node = await request("GET", "/api/v1/nodes/patched");
            assert.deepEqual(Object.keys(node.metadata.labels ?? {}), ["theirs"]);
            await request("DELETE", "/api/v1/nodes/patched");
            await cluster.delete(updated);
        });
    });

    describe("read", () => {
        it("shows what somebody changed, and nothing else", async () => {
            const wanted = configMap("drifts", { a: "1", b: "2" });
            const made = await cluster.create(ConfigMap, "drifts", wanted);
            assert.equal((await cluster.diff(await cluster.read(made), wanted)).changed, false);
            const body = { data: { a: "changed", b: null, theirs: "3" } };
            await request("PATCH", inNamespace("configmaps/drifts"), body, merge);
            const drifted = await cluster.read(made);
            assert.deepEqual(drifted.inputs.data, { a: "changed" });
            const { paths } = await cluster.diff(drifted, wanted);
            assert.deepEqual(Object.keys(paths).sort(), ["data.a", "data.b"]);
        });

        it("shows a label without a value that somebody took away, and leaves those of others", async () => {
            const path = "/api/v1/nodes/labelled";
            await request("POST", "/api/v1/nodes", { metadata: { name: "labelled" } });
            const wanted = {
                apiVersion: "v1",
                kind: "Node",
                metadata: { name: "labelled", labels: { role: "", a: "1" } },
            };
            const made = await cluster.create(type("core/v1:NodePatch"), "labelled", wanted);
            await request("PATCH", path, { metadata: { labels: { role: null, theirs: "" } } }, merge);
            const drifted = await cluster.read(made);
            assert.deepEqual(drifted.inputs.metadata.labels, { a: "1" });
            const { paths } = await cluster.diff(drifted, wanted);
            assert.deepEqual(Object.keys(paths), ["metadata.labels.role"]);
            await request("DELETE", path);
        });

        it("shows replicas that somebody else scaled, and an update takes them back by force", async () => {
            const annotations = { "pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true" };
            const wanted = deployment("scaled", "ready", {}, annotations);
            const made = await cluster.create(Deployment, "scaled", wanted);
            const scale = inNamespace("deployments/scaled/scale", "/apis/apps/v1");
            await request("PATCH", scale, { spec: { replicas: 3 } }, merge);
            const drifted = await cluster.read(made);
            assert.equal(drifted.inputs.spec.replicas, 3);
            const mended = await cluster.update(drifted, wanted);
            assert.equal(mended.outputs.spec.replicas, wanted.spec.replicas);
            assert.equal((await cluster.diff(await cluster.read(mended), wanted)).changed, false);
        });

        it("has no id for what is gone", async () => {
            const made = await cluster.create(ConfigMap, "lost", configMap("lost", {}));
            await request("DELETE", inNamespace("configmaps/lost"));
            assert.equal((await cluster.read(made)).id, "");
        });
    });

    describe("custom resources", () => {
        it("can be made as soon as their definition is", async () => {
            const group = `c${process.pid}.example.com`;
            const names = { kind: "Boat", plural: "boats", singular: "boat" };
            const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
            const definition = {
                apiVersion: "apiextensions.k8s.io/v1",
                kind: "CustomResourceDefinition",
                metadata: { name: `boats.${group}` },
                spec: {
                    group,
                    names,
                    scope: "Namespaced",
                    versions: [{ name: "v1", served: true, storage: true, schema }],
                },
            };
            // Before the controllers know the new kind, nobody takes away what the default policy puts on an object.
            const annotations = { "pulumi.com/deletionPropagationPolicy": "background" };
            const boat = {
                apiVersion: `${group}/v1`,
                kind: "Boat",
                metadata: meta("ferry", { annotations }),
                spec: { seats: 12 },
            };
            const Definition = type("apiextensions.k8s.io/v1:CustomResourceDefinition");
            const [made, ferry] = await Promise.all([
                cluster.create(Definition, "boats", definition),
                cluster.create(type(`${group}/v1:Boat`), "ferry", boat),
            ]);
            assert.equal(ferry.outputs.spec.seats, 12);
            await cluster.delete(ferry);
            await cluster.delete(made);
        });
    });

    describe("a cluster that can't be reached", () => {
        let away: Values;
        before(() => {
            const kubeconfig = controlPlane.kubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
            away = { kubeconfig: kubeconfig.replace(/server: .*/, "server: https://127.0.0.1:1") };
        });

        it("is an error for every change, which says where it was looked for", async () => {
            const made = await cluster.create(ConfigMap, "kept", configMap("kept", {}));
            const instance = await plugin.connect(away);
            const attempts = [
                () => instance.create(ConfigMap, "x", configMap("x", {})),
                () => instance.update(made, configMap("kept", { a: "1" })),
                () => instance.delete(made),
                () => instance.read(made),
            ];
            for (const attempt of attempts) await assert.rejects(attempt(), /reach/);
        });

        it("still has previews, of the inputs", async () => {
            const instance = await plugin.connect(away);
            const wanted = configMap("x", { a: "1" });
            assert.deepEqual((await instance.create(ConfigMap, "x", wanted, { preview: true })).outputs, wanted);
        });

        it("has nothing any more with deleteUnreachable", async () => {
            const made = await cluster.create(ConfigMap, "left", configMap("left", {}));
            const instance = await plugin.connect({ ...away, deleteUnreachable: "true" });
            assert.equal((await instance.read(made)).id, "");
            await instance.delete(made);
        });
    });
});
