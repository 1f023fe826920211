import assert from "node:assert/strict";

import { eventually, onNode, restarted, traces } from "../e2e/harness";
import { Fleet } from "../e2e/fleet";

const fleet = new Fleet("ha");
const { stack, boards } = fleet;
const [n1, n2, n3, n4, n5, n6] = boards.names;
const configure = (controlPlanes: readonly string[], workers: readonly string[]) =>
    fleet.configure({ controlPlanes, workers });

describe("control planes are restored, set up anew, recovered, forgotten, replaced, and given other roles", function () {
    this.timeout(60 * 60_000);
    this.bail(true);
    before(() => fleet.start({ controlPlanes: [n1, n2, n3], workers: [n4, n5] }));
    after(() => boards.end());
    const workers = [n4, n5];

    it("three at once", async () => {
        await stack.must(["up"], { show: true });
        await fleet.allReady(n1, n2, n3, n4, n5);
        for (const node of [n1, n2, n3]) assert.deepEqual(await fleet.voters(node), [n1, n2, n3]);
        await fleet.remember("of-three");
        await fleet.emptyPreview();
    });

    it("a snapshot put back on all three brings what was deleted since, and takes away what came (X11)", async () => {
        const file = `${stack.home}/etcd.db`;
        await stack.must(["backup", "--to", file]);
        await stack.kubectl("delete", "configmap", "of-three");
        await fleet.remember("newer");
        await stack.must(["restore", file, "--yes"], { show: true });
        await fleet.remembered("of-three");
        await assert.rejects(stack.kubectl("get", "configmap", "newer"), /not found/);
        for (const node of [n1, n2, n3]) assert.deepEqual(await fleet.voters(node), [n1, n2, n3]);
        await fleet.allReady(n1, n2, n3, n4, n5);
        await fleet.emptyPreview();
    });

    it("set up anew under its name, the first one joins the others, and founds nothing", async () => {
        await boards.boot(n1);
        configure([n1, n2, n3], workers);
        await stack.must(["up"]);
        await fleet.allReady(n1, n2, n3, n4, n5);
        assert.deepEqual(await fleet.voters(n1), [n1, n2, n3]);
        await fleet.remembered("of-three");
        await fleet.emptyPreview();
    });

    it("two of three are gone for good: the third goes on alone, and two that are set up anew join it (X11)", async () => {
        for (const node of [n1, n2]) await boards.machine(node).container.kill();
        await eventually("the lost quorum is noticed", 60, async () =>
            /--yes/.test((await stack.slipway(["recover", n3])).output),
        );
        await stack.must(["recover", n3, "--yes"], { show: true });
        assert.deepEqual(await fleet.voters(n3), [n3]);
        for (const node of [n1, n2]) await boards.boot(node);
        configure([n1, n2, n3], workers);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n1, n2, n3, n4, n5);
        for (const node of [n1, n2, n3]) assert.deepEqual(await fleet.voters(node), [n1, n2, n3]);
        await fleet.remembered("of-three");
        await fleet.emptyPreview();
    });

    it("a dead one is forgotten with its vote, without being reached", async () => {
        await boards.machine(n2).container.kill();
        await stack.must(["forget", n2]);
        assert.deepEqual(await fleet.voters(n1), [n1, n3]);
        assert.doesNotMatch(await stack.kubectl("get", "csr,leases,nodes", "-A", "-o", "yaml"), new RegExp(n2));
    });

    it("the first one is replaced by another machine in one up, and leaves nothing", async () => {
        const before = await fleet.agents(workers);
        await boards.boot(n2);
        configure([n2, n3, n6], workers);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n2, n3, n4, n5, n6);
        assert.deepEqual(await fleet.voters(n3), [n2, n3, n6]);
        await fleet.remembered("of-three");
        assert.deepEqual(await traces(n1), []);
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.emptyPreview();
    });

    it("one again, and it is one that came later; the others have left nothing", async () => {
        const before = await fleet.agents(workers);
        configure([n6], workers);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n4, n5, n6);
        assert.deepEqual(await fleet.voters(n6), [n6]);
        await fleet.remembered("of-three");
        for (const node of [n2, n3]) assert.deepEqual(await traces(node), [], node);
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.emptyPreview();
    });

    it("a worker becomes a control plane, and a control plane a worker again", async () => {
        configure([n4, n5, n6], [n1]);
        await stack.must(["up"], { show: true });
        assert.deepEqual(await fleet.voters(n6), [n4, n5, n6]);
        const listener = (node: string) => onNode(node, "ss -Htlnp sport = :6443 | grep -o '\"[a-z-]*\"' | sort -u");
        assert.equal(await listener(n1), '"haproxy"\n');
        // Whoever has the port hands it over, both ways in one `up`.
        configure([n1, n5, n6], [n4]);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n1, n4, n5, n6);
        assert.deepEqual(await fleet.voters(n5), [n1, n5, n6]);
        assert.deepEqual([await listener(n1), await listener(n4)], ['"kube-apiserver"\n', '"haproxy"\n']);
        assert.equal(await onNode(n1, "systemctl list-unit-files --no-legend kube-api-proxy.service || true"), "");
        await fleet.emptyPreview();
        configure([n5], [n4, n6]);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n4, n5, n6);
        assert.deepEqual(await fleet.voters(n5), [n5]);
        await fleet.remembered("of-three");
        assert.equal(await onNode(n6, "systemctl list-unit-files --no-legend 'etcd*' 'kube-api*' | wc -l"), "0\n");
        await fleet.emptyPreview();
    });
});
