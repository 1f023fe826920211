import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import * as kubernetes from "@pulumi/kubernetes";

import { validate } from "../../components";
import { WorkloadSettings } from "../../components/config/schema";
import { workloadsSchema } from "../../components/config/workloads";
import { nodesOf } from "../../components/inventory";
import { Serve } from "../../components/pki";
import { agents } from "../../components/render/agents";
import { render } from "../../components/render/manifest";
import { deployWorkloads, withStaticPod } from "../../components/workloads";

interface Container {
    readonly name: string;
    readonly args?: string[];
    readonly resources?: { requests?: object; limits?: object };
    readonly securityContext?: Record<string, unknown>;
    readonly readinessProbe?: object;
    readonly livenessProbe?: object;
}
interface PodSpec {
    readonly containers: Container[];
    readonly securityContext: Record<string, unknown>;
    readonly automountServiceAccountToken: boolean;
}
interface Made {
    readonly type: string;
    readonly name: string;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly inputs: any;
}

/** A certificate that says whom it is for. */
const serve: Serve = ({ service, namespace, ipAddresses = [] }) => ({
    certificate: pulumi.output(`certificate of ${service}.${namespace} and ${ipAddresses.join()}`),
    key: pulumi.secret("KEY"),
    authority: pulumi.output("authority"),
    expiry: pulumi.output("2036-01-01T00:00:00Z"),
});

/** Deploys workloads to a cluster of a control plane and two workers, against mocks. */
async function deploy(workloads: object, addons: object = {}) {
    const made: Made[] = [];
    pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            made.push({ type, name, inputs });
            const state = { ...inputs, spec: { clusterIP: "10.96.0.99", ...inputs.spec } };
            return { id: `${name}-id`, state };
        },
        call: () => ({}),
    });
    const checked = validate({
        cluster: { name: "hex" },
        nodes: [1, 2, 3].map((number) => ({
            name: `hex-n${number}`,
            address: `192.168.1.${10 + number}`,
            roles: number === 1 ? ["control-plane", "worker"] : ["worker"],
        })),
        workloads,
        addons,
    });
    assert.ok("settings" in checked, JSON.stringify(checked));
    const { cluster } = checked.settings;
    const settings = { cluster, workloads: checked.settings.workloads as WorkloadSettings };
    const nodes = withStaticPod(nodesOf(cluster, checked.settings.nodes), settings);
    const urls: Record<string, string> = {};
    await pulumi.runtime.runInPulumiStack(async () => {
        const provider = new kubernetes.Provider("hex");
        const outputs = deployWorkloads(
            { ...settings, nodes, serve, secret: (purpose) => pulumi.secret(`bits for ${purpose}`), names: [] },
            { providers: { kubernetes: provider } },
        );
        for (const [name, url] of Object.entries(outputs)) url.apply((text) => (urls[name] = text));
    });
    // Waits for everything that was begun.
    await pulumi.runtime.disconnect();
    return { made, urls, nodes, cluster };
}

const of = (made: Made[], kind: string) => made.filter(({ type }) => type.endsWith(`:${kind}`));

/** Every pod's spec, by the name of what makes it. */
function podSpecs(made: Made[]): [name: string, spec: PodSpec][] {
    return made.flatMap(({ name, inputs }): [string, PodSpec][] => {
        const { spec } = inputs;
        const template = spec?.template ?? spec?.jobTemplate?.spec?.template;
        return template ? [[name, template.spec]] : [];
    });
}

const everything = Object.fromEntries(Object.keys(workloadsSchema.shape).map((name) => [name, {}]));

describe("workloads", () => {
    it("are pods of an ordinary user, with probes, requests and limits", async () => {
        const { made } = await deploy(everything);
        const pods = podSpecs(made);
        assert.ok(pods.length >= Object.keys(everything).length);
        for (const [name, spec] of pods) {
            assert.equal(spec.securityContext.runAsNonRoot, true, name);
            assert.equal(spec.automountServiceAccountToken, false, name);
            for (const { resources, securityContext, readinessProbe, livenessProbe } of spec.containers) {
                assert.ok(resources?.requests && resources.limits, name);
                assert.equal(securityContext?.allowPrivilegeEscalation, false, name);
                assert.equal(securityContext?.readOnlyRootFilesystem, true, name);
                const endsByItself = /-(once|often)$/.test(name);
                assert.ok(endsByItself || (readinessProbe && livenessProbe), name);
            }
        }
    });

    it("are found by the recommended labels, each in a namespace with a level of Pod Security", async () => {
        const { made } = await deploy(everything);
        for (const { name, inputs } of [...of(made, "Deployment"), ...of(made, "Service")]) {
            const { labels } = inputs.metadata;
            assert.equal(labels["app.kubernetes.io/part-of"], "slipway", name);
            assert.ok(labels.app && labels["app.kubernetes.io/name"], name);
        }
        const levels = of(made, "Namespace").map(({ name, inputs }) => [
            name,
            inputs.metadata.labels["pod-security.kubernetes.io/enforce"],
        ]);
        assert.deepEqual(levels.sort(), [
            ["blue-green", "restricted"],
            ["canary", "restricted"],
            ["classics", "restricted"],
            ["healthy-monolith", "restricted"],
            ["microservices", "restricted"],
            ["monolith", "restricted"],
            ["redis", "privileged"],
            ["secure-monolith", "restricted"],
        ]);
    });

    it("say where they answer", async () => {
        const { urls } = await deploy(everything);
        assert.deepEqual(urls, {
            "my-nginx": "http://10.96.0.99:80/",
            "hello-kube": "http://192.168.1.12:8300/",
            redis: "redis://192.168.1.12:6379",
            microservices: "https://192.168.1.12:443/",
            monolith: "http://10.96.0.99:80/",
            "healthy-monolith": "http://10.96.0.99:80/",
            "secure-monolith": "https://192.168.1.12:31000/",
            "blue-green": "http://192.168.1.12:30081/",
            canary: "http://192.168.1.12:30082/",
            "hello-svc": "http://192.168.1.12:30080/",
            "static-pod": "http://192.168.1.12:8380/",
        });
    });

    it("keep redis' password out of arguments, variables and plain settings", async () => {
        const { made } = await deploy({ redis: { password: 'ge"heim' } });
        const [secret] = of(made, "Secret");
        assert.match(JSON.stringify(secret.inputs), /4dabf18193072939515e22adb298388d/);
        const others = made.filter((one) => one !== secret);
        assert.ok(!JSON.stringify(others).includes("heim"));
    });

    it("give auth and hello one secret, and each monolith another", async () => {
        const { made } = await deploy({ microservices: {}, monolith: {}, "healthy-monolith": {} });
        const secrets = of(made, "Secret").filter(({ name }) => name.endsWith("-tokens"));
        const bits = secrets.map(({ inputs }) => JSON.stringify(inputs.stringData));
        assert.equal(new Set(bits).size, 3);
        assert.doesNotMatch(JSON.stringify(podSpecs(made)), /bits for/);
    });

    it("have certificates for their names and every address by which they are called", async () => {
        const { made } = await deploy({ microservices: { externalAddress: "192.168.1.13" }, "secure-monolith": {} });
        const certificates = of(made, "Secret")
            .filter(({ inputs }) => inputs.type === "kubernetes.io/tls")
            .map(({ inputs }) => JSON.stringify(inputs.stringData));
        assert.match(certificates[0], /frontend\.microservices and 192\.168\.1\.13"/);
        assert.match(certificates[1], /secure-monolith\.secure-monolith and 192\.168\.1\.12,192\.168\.1\.11,/);
    });

    it("switch blue and green by the service's selector alone", async () => {
        const { made: blue } = await deploy({ "blue-green": { active: "blue" } });
        const { made: green } = await deploy({ "blue-green": { active: "green" } });
        const selector = (made: Made[]) => of(made, "Service")[0].inputs.spec.selector;
        assert.deepEqual([selector(blue), selector(green)], [{ color: "blue" }, { color: "green" }]);
        assert.deepEqual(podSpecs(blue), podSpecs(green));
    });

    it("run as many canaries as the share says", async () => {
        const { made } = await deploy({ canary: { replicas: 10, percent: 20 } });
        const replicas = of(made, "Deployment").map(({ name, inputs }) => [name, inputs.spec.replicas]);
        assert.deepEqual(replicas, [
            ["canary-hello-stable", 8],
            ["canary-hello-canary", 2],
        ]);
    });

    it("give redis a volume where it has a size", async () => {
        const { made } = await deploy({ redis: { storage: "1Gi", storageClass: "local-path" } });
        const [claim] = of(made, "PersistentVolumeClaim");
        assert.equal(claim.inputs.spec.storageClassName, "local-path");
        assert.equal(claim.inputs.spec.resources.requests.storage, "1Gi");
    });

    it("put the static pod into the folder of the node that is named, and of no other", async () => {
        const { nodes, cluster } = await deploy({ "static-pod": { node: "hex-n3" } });
        const manifests = nodes.map((node) => render(...agents(node, cluster, nodes)));
        const file = /^file 0600 root:root \/etc\/kubernetes\/manifests\/static-pod\.yaml$/m;
        assert.deepEqual(
            manifests.map((text) => file.test(text)),
            [false, false, true],
        );
        assert.match(manifests[2], /\| +hostPort: 8380/);
    });
});
