/** Authorities of several control planes are rotated: members of etcd have to know each other all the while. */
import assert from "node:assert/strict";

import { onNode } from "../e2e/harness";
import { Fleet, watchApis } from "../e2e/fleet";

const fleet = new Fleet("authorities");
const { stack, boards } = fleet;
const [n1, n2, n3, n4] = boards.names;
const controlPlanes = [n1, n2, n3];
const all = [...controlPlanes, n4];

/** Generations of who signed what these ports show: the API server's, etcd's for clients and for its peers, the kubelet's. */
async function shown(node: string): Promise<string[]> {
    const address = await fleet.addressOf(node);
    const places = ["127.0.0.1:6443", "127.0.0.1:2379", `${address}:2380`, "127.0.0.1:10250"];
    const ask = (place: string) =>
        `openssl s_client -connect ${place} </dev/null 2>/dev/null | openssl x509 -noout -issuer`;
    const issuers = await onNode(node, places.map(ask).join("; "));
    return [...issuers.matchAll(/-ca-(g\d+)$/gm)].map(([, generation]) => generation);
}

describe("authorities of three control planes", function () {
    this.timeout(60 * 60_000);
    this.bail(true);
    before(() => fleet.start({ controlPlanes, workers: [n4] }));
    after(() => boards.end());

    /** Never is more than one API server away, and all that was written is there afterwards. */
    const whileWatched = async (work: () => Promise<void>) => {
        const apis = watchApis(await Promise.all(controlPlanes.map((node) => fleet.addressOf(node))));
        let away = 0;
        try {
            await work();
        } finally {
            away = await apis.stop();
        }
        assert.ok(away <= 1, `${away} API servers were away at once`);
        await fleet.allReady(...all);
        await fleet.remembered("before");
        assert.deepEqual(await fleet.voters(n3), controlPlanes);
    };

    it("are built", async () => {
        await stack.must(["up"], { show: true });
        await fleet.allReady(...all);
        await fleet.remember("before");
    });

    it("are trusted by some of them only, after a rotation that was killed: they don't sign then", async () => {
        await whileWatched(async () => {
            const { status } = await stack.slipway(["rotate-ca"], {
                show: true,
                killAfter: (output) => new RegExp(`trusted: \\[2\\][^]*${n1}-control-plane updated`).test(output),
            });
            assert.notEqual(status, 0);
        });
        const { cluster, ...rest } = stack.configuration() as Record<string, Record<string, unknown>>;
        const certificates = cluster.certificates as object;
        stack.configure({
            ...rest,
            cluster: { ...cluster, certificates: { ...certificates, generation: 2, trusted: [1] } },
        });
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, new RegExp(`generation can't become 2: .*${n3}.* must trust`));
        stack.configure({ ...rest, cluster });
    });

    it("are rotated when it is said again, also when it is killed while they begin to sign", async () => {
        await whileWatched(async () => {
            const { status } = await stack.slipway(["rotate-ca"], {
                show: true,
                killAfter: (output) => new RegExp(`generation: 2[^]*${n2}-control-plane updat`).test(output),
            });
            assert.notEqual(status, 0);
            await stack.must(["rotate-ca"], { show: true });
        });
        for (const node of controlPlanes) assert.deepEqual(await shown(node), ["g2", "g2", "g2", "g2"], node);
        await fleet.emptyPreview();
    });

    it("and so is the key for secrets, which all API servers can read", async () => {
        const { cluster, ...rest } = stack.configuration() as Record<string, Record<string, unknown>>;
        await stack.kubectl("create", "secret", "generic", "sealed", "--from-literal=word=sealed");
        stack.configure({ ...rest, cluster: { ...cluster, encryption: { generation: 3 } } });
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, /encryption\.generation can't become 3: .*Set it to 2/);
        stack.configure({ ...rest, cluster: { ...cluster, encryption: { generation: 2 } } });
        await whileWatched(async () => {
            await stack.must(["up"], { show: true });
        });
        for (const node of controlPlanes) {
            const read = "kubectl --kubeconfig /etc/kubernetes/admin.conf get secret sealed -o jsonpath={.data.word}";
            assert.equal(Buffer.from(await onNode(node, read), "base64").toString(), "sealed", node);
        }
        await fleet.emptyPreview();
    });
});
