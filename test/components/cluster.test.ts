import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { Cluster } from "../../components";
import type { NodeReport } from "../../components/remote";
import { deployWorkloads } from "../../components/workloads";
import { boards, exampleDigests } from "../support";

interface Made {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
}

/** What an engine sends on the wire for a value that isn't known yet, and the mark of a secret. */
const secretMark = "4dabf18193072939515e22adb298388d";

interface Machines {
    readonly roles: readonly (readonly string[])[];
    readonly reports?: Readonly<Record<string, NodeReport>>;
}

const both = ["control-plane", "worker"];

/** Builds the whole cluster against mocks. In a preview nothing that a plugin would compute is known. */
async function build(
    preview: boolean,
    settings: object = {},
    { roles, reports }: Machines = { roles: [both, ["worker"], ["worker"]] },
): Promise<Made[]> {
    const made: Made[] = [];
    const pem = (label: string, name: string) =>
        `-----BEGIN ${label}-----\n${Buffer.from(name).toString("base64")}\n-----END ${label}-----\n`;
    pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                made.push({ type, name, inputs });
                const computed = {
                    privateKeyPem: pem("EC PRIVATE KEY", name),
                    publicKeyPem: pem("PUBLIC KEY", name),
                    certRequestPem: pem("CERTIFICATE REQUEST", name),
                    certPem: pem("CERTIFICATE", name),
                    validityEndTime: "2036-01-01T00:00:00Z",
                    stdout: "abcdef.0123456789abcdef",
                };
                return { id: preview ? undefined : `${name}-id`, state: preview ? inputs : { ...computed, ...inputs } };
            },
            call: () => ({}),
        },
        "slipway",
        "test",
        preview,
    );
    const { cluster, nodes } = boards(settings, roles);
    await pulumi.runtime.runInPulumiStack(async () => {
        const digests = exampleDigests({ cluster, nodes });
        const built = new Cluster("hex", { settings: cluster, nodes, digests, reports });
        deployWorkloads(
            {
                workloads: { "my-nginx": { replicas: 3, port: 80 } },
                cluster,
                nodes,
                serve: built.serve,
                secret: built.secret,
                names: built.ready,
            },
            { parent: built, provider: built.provider, dependsOn: built.nodesReady },
        );
    });
    await pulumi.runtime.disconnect();
    return made;
}

const commands = (made: Made[]) => made.filter(({ type }) => type === "command:remote:Command");
const namesOf = (made: Made[]) => made.map(({ name }) => name).sort();

describe("Cluster", () => {
    let up: Made[];
    let preview: Made[];
    let networkless: Made[];
    let rotated: Made[];
    let virtual: Made[];
    before(async () => {
        networkless = await build(false, { network: { backend: "none" } });
        rotated = await build(false, { certificates: { generation: 2, trusted: [1] } });
        virtual = await build(false, { api: { virtualAddress: "192.168.10.10" } });
        up = await build(false);
        preview = await build(true);
    });

    it("makes seven remote resources for a worker and for a control plane", () => {
        const of = (node: string) =>
            namesOf(up.filter(({ type, name }) => type.startsWith("command:") && name.startsWith(`${node}-`)));
        assert.deepEqual(of("hex-n1"), [
            "hex-n1-activate",
            "hex-n1-base",
            "hex-n1-contact",
            "hex-n1-control-plane",
            "hex-n1-credentials",
            "hex-n1-member",
            "hex-n1-stage",
        ]);
        assert.deepEqual(of("hex-n2"), [
            "hex-n2-activate",
            "hex-n2-base",
            "hex-n2-contact",
            "hex-n2-credentials",
            "hex-n2-join",
            "hex-n2-member",
            "hex-n2-stage",
        ]);
    });

    it("gives every step of a node its whole manifest in a preview, in plain text", () => {
        const shown = commands(preview).filter(({ name }) => !/-(credentials|join|nodes-ready)$/.test(name));
        assert.equal(shown.length, 3 * 4 + 1);
        for (const { name, inputs } of shown) {
            assert.equal(typeof inputs.stdin, "string", `${name}: its manifest is unknown or a secret`);
            assert.ok(!String(inputs.stdin).includes(secretMark), name);
        }
    });

    it("sends credentials as a secret, and nothing else that is one to a command line", () => {
        for (const { name, inputs } of commands(up)) {
            if (name.endsWith("-credentials")) {
                assert.ok(JSON.stringify(inputs.stdin).includes(secretMark) || typeof inputs.stdin === "object", name);
            }
            assert.doesNotMatch(JSON.stringify([inputs.create, inputs.update, inputs.delete]), /PRIVATE KEY|abcdef\./);
        }
    });

    it("doesn't put private keys into manifests that a preview shows", () => {
        const shown = commands(up).filter(({ name }) => /-(base|stage|control-plane|activate)$/.test(name));
        for (const { inputs } of shown) assert.doesNotMatch(JSON.stringify(inputs.stdin), /PRIVATE KEY/);
    });

    it("names the cluster to the kubernetes provider before its kubeconfig is known", () => {
        const provider = preview.find(({ type }) => type === "pulumi:providers:kubernetes");
        assert.equal(provider?.inputs.clusterIdentifier, "hex");
    });

    it("deploys flannel, DNS and what the config names, and nothing more", () => {
        const deployed = up.filter(({ type }) => /:(Deployment|DaemonSet)$/.test(type));
        assert.deepEqual(namesOf(deployed), ["coredns", "flannel", "my-nginx"]);
    });

    it("has a control plane wait for the virtual address", () => {
        const step = (made: Made[]) => commands(made).find(({ name }) => name === "hex-n1-control-plane")!.inputs;
        assert.doesNotMatch(String(step(up).create), /endpoint=/);
        assert.match(String(step(virtual).create), / control-plane apply .* endpoint=192\.168\.10\.10:6443/);
        assert.match(String(step(virtual).stdin), /^unit kube-api-address\.service active /m);
    });

    it("gives flannel the host's own names, which change", () => {
        const [flannel] = up.filter(({ name, type }) => name === "flannel" && type.endsWith(":DaemonSet"));
        const { spec } = (flannel.inputs.spec as { template: { spec: object } }).template;
        assert.match(JSON.stringify(spec), /\{"mountPath":"\/etc\/hosts","name":"hosts","readOnly":true\}/);
    });

    it("waits for no node and no pod where somebody else brings the network", () => {
        const names = namesOf(networkless);
        assert.ok(!names.includes("flannel") && !names.includes("hex-nodes-ready"));
        const dns = networkless.filter(({ name, type }) => name === "coredns" && /:(Deployment|Service)$/.test(type));
        assert.equal(dns.length, 2);
        for (const { inputs } of dns) assert.match(JSON.stringify(inputs.metadata), /"pulumi.com\/skipAwait":"true"/);
    });

    it("replaces pods that use the API once everything trusts another authority, and tells each node which one signs", async () => {
        assert.ok(!namesOf(up).includes("hex-restart-clients"));
        const { create } = up.find(({ name }) => name === "hex-n2-activate")!.inputs;
        assert.doesNotMatch(String(create), /signer=/);
        const restart = rotated.find(({ name }) => name === "hex-restart-clients")!;
        assert.match(String(restart.inputs.create), /step restart-clients seconds=600$/);
        assert.match(JSON.stringify(restart.inputs.triggers), /^\["[0-9a-f]{16}"\]$/);
        for (const node of ["hex-n1", "hex-n2", "hex-n3"]) {
            const { create, update } = rotated.find(({ name }) => name === `${node}-activate`)!.inputs;
            assert.match(String(create), / signer=2( |$)/);
            assert.equal(create, update);
        }
        for (const { inputs } of commands(rotated)) {
            assert.doesNotMatch(JSON.stringify([inputs.create, inputs.update, inputs.delete]), /PRIVATE KEY|BEGIN/);
        }
    });

    describe("with three control planes", () => {
        const roles = [both, both, both];
        const answers = { reachable: true, known: true, joined: false, versions: {}, units: {}, members: {} };
        const fresh: NodeReport = { ...answers, kinds: {} };
        const grown: NodeReport = {
            ...fresh,
            kinds: { "control-plane": { differences: 0, generation: 1, entries: [] } },
        };
        const begun = async (reports?: Readonly<Record<string, NodeReport>>) => {
            const made = await build(false, {}, { roles, reports });
            return made.find(({ name }) => name === "hex-founding")?.inputs.create;
        };

        it("lets the first one begin etcd's cluster where nobody has data", async () => {
            const nobody = await begun({ "hex-n1": fresh, "hex-n2": fresh, "hex-n3": fresh });
            assert.match(String(nobody), /step found-etcd$/);
            assert.match(String(await begun()), /step found-etcd$/);
        });

        it("lets nobody begin a second one beside a cluster that lives, or whose machines don't answer", async () => {
            const silent: NodeReport = { ...fresh, reachable: false, problem: "gave no answer" };
            assert.equal(await begun({ "hex-n1": fresh, "hex-n2": fresh, "hex-n3": grown }), "true");
            assert.equal(await begun({ "hex-n1": fresh, "hex-n2": silent, "hex-n3": fresh }), "true");
        });
    });
});
