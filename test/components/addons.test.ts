import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { deployAddons } from "../../components/addons";
import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { Pki } from "../../components/pki";

interface Container {
    readonly name: string;
    readonly image: string;
    readonly args?: readonly string[];
    readonly resources?: { readonly requests?: object; readonly limits?: object };
    readonly readinessProbe?: object;
    readonly securityContext?: { readonly allowPrivilegeEscalation?: boolean };
}

interface Made {
    readonly type: string;
    readonly name: string;
    // What a plugin would be sent.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly inputs: any;
}

/** Deploys these add-ons against mocks. */
async function deploy(addons: object): Promise<Made[]> {
    const made: Made[] = [];
    const pem = (name: string) => `-----BEGIN X-----\n${Buffer.from(name).toString("base64")}\n-----END X-----\n`;
    pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            made.push({ type, name, inputs });
            const texts = Object.fromEntries(
                ["privateKeyPem", "publicKeyPem", "certRequestPem", "certPem"].map((key) => [key, pem(name)]),
            );
            return {
                id: `${name}-id`,
                state: { ...texts, validityEndTime: "2036-01-01T00:00:00Z", ...inputs },
            };
        },
        call: () => ({}),
    });
    const nodes = [{ name: "hex-n1", address: "192.168.10.11", roles: ["control-plane", "worker"] }];
    const checked = validate({ cluster: { name: "hex" }, nodes, addons });
    assert.ok("settings" in checked, JSON.stringify(checked));
    const { cluster } = checked.settings;
    await pulumi.runtime.runInPulumiStack(async () => {
        const all = nodesOf(cluster, checked.settings.nodes);
        const pki = new Pki("hex-pki", { cluster, nodes: all });
        const serve = pki.serve.bind(pki);
        const { ready } = deployAddons({ addons: checked.settings.addons, cluster, nodes: all, serve }, {});
        // Who waits for them waits for all that is below them.
        await settled(ready);
    });
    return made;
}

/** Made after these, and so after everything that belongs to them. */
function settled(ready: readonly pulumi.Resource[]): Promise<unknown> {
    const last = new pulumi.StackReference("last", {}, { dependsOn: [...ready] });
    return new Promise((resolve) => last.urn.apply(resolve));
}

const everything = {
    "metrics-server": {},
    "local-path": {},
    metallb: { addresses: ["192.168.10.200/29"] },
    monitoring: { storage: "8Gi", cadvisor: true },
    headlamp: {},
};

describe("add-ons", () => {
    let made: Made[];
    before(async () => {
        made = (await deploy(everything)).filter(({ type }) => type.startsWith("kubernetes:"));
    });
    const ofKind = (kind: string) => made.filter(({ type }) => type.endsWith(`:${kind}`));
    const one = (kind: string, name: string) => {
        const found = ofKind(kind).find(({ inputs }) => inputs.metadata.name === name);
        assert.ok(found, `no ${kind} ${name}`);
        return found.inputs;
    };
    const containers = () =>
        [...ofKind("Deployment"), ...ofKind("DaemonSet")].flatMap(
            ({ inputs }) => inputs.spec.template.spec.containers as Container[],
        );

    it("are nothing where none is named", async () => {
        const none = await deploy({});
        assert.deepEqual(
            none.filter(({ type }) => type.startsWith("kubernetes:")),
            [],
        );
    });

    it("have requests, limits, readiness and no way to more rights", () => {
        assert.equal(containers().length, 8);
        for (const container of containers()) {
            assert.ok(container.resources?.requests && container.resources.limits, container.name);
            assert.equal(container.securityContext?.allowPrivilegeEscalation, false, container.name);
            if (container.name !== "provisioner") assert.ok(container.readinessProbe, container.name);
        }
    });

    it("live in namespaces of their own, each with its Pod Security level", () => {
        const levels = ofKind("Namespace").map(({ inputs }) => [
            inputs.metadata.name,
            inputs.metadata.labels["pod-security.kubernetes.io/enforce"],
        ]);
        assert.deepEqual(Object.fromEntries(levels), {
            "metrics-server": "restricted",
            "local-path-storage": "privileged",
            "metallb-system": "privileged",
            monitoring: "privileged",
            headlamp: "restricted",
        });
    });

    it("check kubelets' certificates, and are checked by the API server", () => {
        const [{ args = [] }] = containers().filter(({ name }) => name === "metrics-server");
        assert.ok(args.some((argument) => argument.startsWith("--kubelet-certificate-authority=")));
        const { spec } = one("APIService", "v1beta1.metrics.k8s.io");
        const bundle = Buffer.from(spec.caBundle, "base64").toString();
        assert.match(bundle, /BEGIN/);
        assert.match(Buffer.from(bundle.split("\n")[1], "base64").toString(), /cluster-ca/);
        assert.equal(spec.insecureSkipTLSVerify, undefined);
        const texts = JSON.stringify(made.map(({ inputs }) => inputs));
        assert.doesNotMatch(texts, /insecure-tls|insecure_skip_verify/);
    });

    it("scrape whoever speaks TLS by the cluster's authority", () => {
        const config = JSON.parse(one("ConfigMap", "prometheus").data["prometheus.yml"]) as {
            scrape_configs: { job_name: string; scheme?: string; tls_config?: object }[];
        };
        const jobs = Object.fromEntries(config.scrape_configs.map((job) => [job.job_name, job]));
        assert.deepEqual(Object.keys(jobs), [
            "kubelet",
            "cadvisor",
            "node-exporter",
            "containers",
            "apiserver",
            "coredns",
        ]);
        for (const name of ["kubelet", "cadvisor", "apiserver"]) {
            assert.equal(jobs[name].scheme, "https");
            assert.match(JSON.stringify(jobs[name].tls_config), /ca\.crt/);
        }
    });

    it("mark what goes only after a word", () => {
        for (const { inputs } of ofKind("CustomResourceDefinition")) {
            assert.equal(inputs.metadata.labels["slipway.build/holds"], "metallb");
        }
        assert.equal(ofKind("CustomResourceDefinition").length, 8);
        const claim = one("PersistentVolumeClaim", "prometheus");
        assert.equal(claim.metadata.labels["slipway.build/holds"], "monitoring");
        assert.equal(claim.spec.storageClassName, "local-path");
    });

    it("leave a fifth of Prometheus' volume free", () => {
        const [{ args = [] }] = containers().filter(({ name }) => name === "prometheus");
        assert.ok(args.includes("--storage.tsdb.retention.size=6553MB"), args.join(" "));
    });

    it("hand MetalLB the addresses, and leave its memberlist secret to itself", () => {
        const pool = one("IPAddressPool", "default");
        assert.deepEqual(pool.spec.addresses, ["192.168.10.200/29"]);
        assert.deepEqual(
            ofKind("Secret").map(({ name }) => name),
            ["metrics-server"],
        );
    });

    it("give Headlamp no rights of its own, and who logs in with its viewer's token none to Secrets", () => {
        const rights = ofKind("ClusterRoleBinding")
            .map(({ inputs }) => inputs)
            .filter(({ subjects }) =>
                subjects.some(({ namespace }: { namespace: string }) => namespace === "headlamp"),
            );
        assert.deepEqual(rights.map(({ subjects, roleRef }) => [subjects[0].name, roleRef.name]).sort(), [
            ["headlamp-viewer", "slipway:headlamp-viewer"],
            ["headlamp-viewer", "view"],
        ]);
        assert.doesNotMatch(JSON.stringify(one("ClusterRole", "slipway:headlamp-viewer")), /secrets|\*|create|update/);
        assert.equal(one("Deployment", "headlamp").spec.template.spec.serviceAccountName, "headlamp");
        const [{ image, securityContext }] = containers().filter(({ name }) => name === "headlamp");
        assert.equal(image, "ghcr.io/headlamp-k8s/headlamp:v0.44.0");
        assert.deepEqual(securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        });
    });
});
