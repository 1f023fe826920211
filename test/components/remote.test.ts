import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import type { NodeSpec } from "../../components/inventory/node";
import * as remote from "../../components/remote";

const node: NodeSpec = {
    name: "hex-n2",
    address: "192.168.1.12",
    roles: ["worker"],
    ssh: { host: "n2.example", port: 2222, user: "bb", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" },
    labels: {},
    taints: [],
    lost: false,
    sysctls: {},
    source: "https://",
    runtime: "docker",
    docker: {},
    containerd: {},
    kubelet: {},
    kubeProxy: {},
};
const master: NodeSpec = {
    ...node,
    name: "hex-n1",
    address: "192.168.1.11",
    roles: ["control-plane", "worker"],
    ssh: { ...node.ssh, proxy: { host: "door", port: 22, user: "bb", privateKey: "DOOR" } },
};

interface Made {
    readonly type: string;
    readonly inputs: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

describe("components/remote", () => {
    const made = new Map<string, Made>();
    const secretKey = "4dabf18193072939515e22adb298388d";
    /** Inputs arrive in wire form when they hold secrets. */
    const plain = (value: unknown): unknown =>
        value !== null && typeof value === "object" && secretKey in value
            ? (value as unknown as { value: unknown }).value
            : value;

    before(() =>
        pulumi.runtime.setMocks(
            {
                newResource: ({ name, type, inputs }) => {
                    made.set(name, { type, inputs });
                    return { id: `${name}-id`, state: { ...inputs, stdout: "abcdef.0123456789abcdef" } };
                },
                call: () => ({}),
            },
            "slipway",
            "test",
            true,
        ),
    );
    beforeEach(() => made.clear());

    async function settled<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean; known: boolean }> {
        const inner = output as unknown as { isSecret: Promise<boolean>; isKnown: Promise<boolean> };
        const value = await new Promise<T>((resolve) => output.apply((it) => resolve(it)));
        return { value, secret: await inner.isSecret, known: await inner.isKnown };
    }

    it("sends the kit once, and again to another account or a machine with another host key", async () => {
        const copy = remote.contact("hex-n2-contact", { node });
        await settled(copy.urn);
        const { type, inputs } = made.get("hex-n2-contact")!;
        assert.equal(type, "command:remote:CopyToRemote");
        assert.equal(plain(inputs.remotePath), `.slipway/${remote.kitHash()}`);
        assert.deepEqual(inputs.triggers, ["hex-n2", "192.168.1.12", "bb", "ssh-ed25519 AAAA"]);
        assert.equal((plain(inputs.connection) as { dialErrorLimit: number }).dialErrorLimit, remote.patient.dials);
    });

    it("makes a short command that is the same for create and update, with the manifest on standard input", async () => {
        const step = remote.nodeStep("hex-n2-stage", { node, kind: "stage", manifest: "package curl\n" });
        await settled(step.urn);
        const { type, inputs } = made.get("hex-n2-stage")!;
        const script = `/var/lib/slipway/kit/${remote.kitHash()}/step`;
        assert.equal(type, "command:remote:Command");
        assert.equal(inputs.create, `sh ${script} stage apply node=hex-n2`);
        assert.equal(inputs.update, inputs.create);
        assert.equal(inputs.delete, `test ! -e ${script} || sh ${script} stage remove node=hex-n2`);
        assert.equal(inputs.stdin, "package curl\n");
        assert.deepEqual(inputs.triggers, ["hex-n2", "192.168.1.12"]);
        assert.equal(inputs.logging, "none");
        assert.equal(inputs.addPreviousOutputInEnv, false);
    });

    it("keeps manifests plain in previews, but for credentials, which are secret", async () => {
        const activate = remote.nodeStep("hex-n2-activate", {
            node,
            kind: "activate",
            manifest: "swap off\n",
            arguments: { generation: "3", digest: "abc" },
        });
        const credentials = remote.nodeStep("hex-n2-credentials", { node, kind: "credentials", manifest: "file …" });
        assert.deepEqual(await settled(activate.stdin), { value: "swap off\n", secret: false, known: true });
        assert.deepEqual(await settled(credentials.stdin), { value: "file …", secret: true, known: true });
        const { value, secret, known } = await settled(activate.create);
        assert.ok(value!.endsWith(" activate apply node=hex-n2 generation=3 digest=abc"), value);
        assert.deepEqual([secret, known], [false, true]);
    });

    it("runs the base from the upload, and lets only the owner remove it", async () => {
        const step = remote.nodeStep("hex-n1-base", {
            node: master,
            kind: "base",
            manifest: "",
            arguments: remote.baseArguments(master, {
                name: "hex",
                fingerprint: "f00d",
                apiPort: 6443,
                way: "direct",
                fixed: { domain: "hex.k8s.local", podCidr: "10.244.0.0/16" },
            }),
        });
        const { value } = await settled(step.create);
        assert.equal(
            value,
            `sh .slipway/${remote.kitHash()}/kit/step base apply node=hex-n1 owner=hex:f00d source=https:// ` +
                "ports=10250,10256,2379,2380,6443 fixed=domain:hex.k8s.local,podCidr:10.244.0.0/16",
        );
        assert.match((await settled(step.delete)).value!, / base remove node=hex-n1 owner=hex:f00d$/);
    });

    it("quotes what a shell would take apart", async () => {
        const step = remote.nodeStep("hex-n2-odd", {
            node,
            kind: "base",
            manifest: "",
            arguments: { source: "a'b c" },
        });
        assert.ok((await settled(step.create)).value!.endsWith(` 'source=a'\\''b c'`));
    });

    it("keeps private keys secret, and goes through the bastion", async () => {
        const connection = remote.connectionTo(master.ssh);
        const key = await settled(pulumi.output(connection.privateKey));
        const proxy = connection.proxy as { host: string; privateKey: pulumi.Output<string> };
        assert.deepEqual(key, { value: "PRIVATE", secret: true, known: true });
        assert.equal(proxy.host, "door");
        assert.equal((await settled(proxy.privateKey)).secret, true);
    });

    it("mints a join token on the control plane, and only once", async () => {
        const join = remote.joinToken("hex-n2-join", { controlPlane: master, node, seconds: 900 });
        await settled(join.urn);
        const { inputs } = made.get("hex-n2-join")!;
        assert.match(inputs.create, /\/step join hex-n2 address=192\.168\.1\.12 ttl=900$/);
        assert.equal(inputs.delete, undefined);
        assert.deepEqual(inputs.triggers, ["hex-n2", "192.168.1.12", "ssh-ed25519 AAAA", 0]);
    });
});
