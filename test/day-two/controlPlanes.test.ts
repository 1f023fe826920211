import assert from "node:assert/strict";
import * as fs from "node:fs";

import { docker, onNode, restarted, traces } from "../e2e/harness";
import { Fleet } from "./fleet";

const fleet = new Fleet("ha");
const { stack, boards } = fleet;
const [n1, n2, n3, n4, n5, n6] = boards.names;
const configure = (controlPlanes: readonly string[], workers: readonly string[]) =>
    fleet.configure({ controlPlanes, workers });

describe("control planes come, die, are replaced and go", function () {
    this.timeout(30 * 60_000);
    before(() => fleet.start({ controlPlanes: [n1], workers: [n4, n5] }));
    after(() => boards.end());
    const workers = [n4, n5];
    let kubeconfig = "";

    it("one control plane at first", async () => {
        configure([n1], workers);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n1, n4, n5);
        await fleet.remember("of-one");
        kubeconfig = fs.readFileSync(stack.kubeconfig(), "utf8");
    });

    it("three by one up: no kubeconfig changes, no worker's kubelet restarts, each has the data and votes", async () => {
        const before = await fleet.agents(workers);
        configure([n1, n2, n3], workers);
        await stack.must(["up"], { show: true });
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        assert.equal(fs.readFileSync(stack.kubeconfig(), "utf8"), kubeconfig);
        await fleet.allReady(n1, n2, n3, n4, n5);
        for (const node of [n1, n2, n3]) {
            assert.deepEqual(await fleet.voters(node), [n1, n2, n3]);
            const own = `kubectl --kubeconfig /etc/kubernetes/admin.conf get configmap of-one -o name`;
            assert.equal(await onNode(node, own), "configmap/of-one\n");
        }
        await fleet.emptyPreview();
    });

    it("the first one dies: the API goes on, up changes the others, and the first comes back", async () => {
        await boards.machine(n1).container.kill();
        const file = `${stack.home}/kubeconfig-${stack.name}`;
        configure([n1, n2, n3], workers);
        const { output } = await stack.must(["up"]);
        assert.match(output, new RegExp(`${n1}: .*left as it is in this run`));
        assert.doesNotMatch(fs.readFileSync(file, "utf8"), new RegExp(`server: https://172\\.31\\.233\\.11:`));
        await fleet.remember("without-the-first");
        await docker("start", n1);
        await fleet.answers(n1);
        await fleet.allReady(n1, n2, n3, n4, n5);
        await stack.must(["up"]);
        await fleet.emptyPreview();
        assert.equal(fs.readFileSync(file, "utf8"), kubeconfig);
    });

    it("set up anew under its name, the first one joins the others, and founds nothing", async () => {
        await boards.boot(n1);
        configure([n1, n2, n3], workers);
        await stack.must(["up"]);
        await fleet.allReady(n1, n2, n3, n4, n5);
        assert.deepEqual(await fleet.voters(n1), [n1, n2, n3]);
        await fleet.remembered("of-one");
        await fleet.remembered("without-the-first");
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
        await fleet.remembered("of-one");
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
        await fleet.remembered("without-the-first");
        for (const node of [n2, n3]) assert.deepEqual(await traces(node), [], node);
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.emptyPreview();
    });

    it("a worker becomes a control plane, and a control plane a worker again", async () => {
        configure([n4, n5, n6], []);
        await stack.must(["up"], { show: true });
        assert.deepEqual(await fleet.voters(n6), [n4, n5, n6]);
        configure([n5], [n4, n6]);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n4, n5, n6);
        assert.deepEqual(await fleet.voters(n5), [n5]);
        await fleet.remembered("of-one");
        assert.equal(
            await onNode(n6, "systemctl list-units --all --plain --no-legend 'etcd*' 'kube-api*' | wc -l"),
            "0\n",
        );
        await fleet.emptyPreview();
    });
});
