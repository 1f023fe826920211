import assert from "node:assert/strict";
import * as fs from "node:fs";

import { docker, eventually, onNode, restarted, traces } from "./harness";
import { asking, asksApi, Fleet } from "./fleet";

const fleet = new Fleet("trio");
const { stack, boards } = fleet;
const [n1, n2, n3, n4] = boards.names;
const workers = [n4];
const configure = (...controlPlanes: string[]) => fleet.configure({ controlPlanes, workers });

describe("from one control plane to three, and to one that came later", function () {
    this.timeout(20 * 60_000);
    before(() => fleet.start({ controlPlanes: [n1], workers }));
    after(() => boards.end());
    let kubeconfig = "";

    it("one control plane at first", async () => {
        configure(n1);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n1, n4);
        await fleet.remember("of-one");
        kubeconfig = fs.readFileSync(stack.kubeconfig(), "utf8");
    });

    it("three by one up: no kubeconfig changes, no worker's kubelet restarts, each has the data and votes", async () => {
        const before = await fleet.agents(workers);
        configure(n1, n2, n3);
        await stack.must(["up"], { show: true });
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        assert.equal(fs.readFileSync(stack.kubeconfig(), "utf8"), kubeconfig);
        await fleet.allReady(n1, n2, n3, n4);
        for (const node of [n1, n2, n3]) {
            assert.deepEqual(await fleet.voters(node), [n1, n2, n3]);
            const own = `kubectl --kubeconfig /etc/kubernetes/admin.conf get configmap of-one -o name`;
            assert.equal(await onNode(node, own), "configmap/of-one\n");
        }
        await fleet.emptyPreview();
    });

    it("the first one dies: the API goes on, up changes the others, and the first comes back", async () => {
        const asked = asking(n4, asksApi(n4));
        await onNode(n4, asksApi(n4));
        await boards.machine(n1).container.kill();
        await eventually("the API is asked again", 30, () => onNode(n4, asksApi(n4)));
        const file = `${stack.home}/kubeconfig-${stack.name}`;
        configure(n1, n2, n3);
        const { output } = await stack.must(["up"]);
        assert.match(output, new RegExp(`${n1}: .*left as it is in this run`));
        assert.doesNotMatch(fs.readFileSync(file, "utf8"), new RegExp(`server: https://172\\.31\\.233\\.11:`));
        const { good, longest } = await asked.stop();
        console.log(`      missed for ${(longest / 1000).toFixed(1)} s at most, between ${good} answers`);
        assert.ok(good > 20 && longest < 10_000, `${good} answers, ${longest} ms`);
        await fleet.remember("without-the-first");
        await docker("start", n1);
        await fleet.answers(n1);
        await fleet.allReady(n1, n2, n3, n4);
        await stack.must(["up"]);
        await fleet.emptyPreview();
        assert.equal(fs.readFileSync(file, "utf8"), kubeconfig);
    });

    it("one again, and it is one that came later; the others have left nothing", async () => {
        const before = await fleet.agents(workers);
        configure(n3);
        await stack.must(["up"], { show: true });
        await fleet.allReady(n3, n4);
        assert.deepEqual(await fleet.voters(n3), [n3]);
        await fleet.remembered("of-one", "without-the-first");
        for (const node of [n1, n2]) assert.deepEqual(await traces(node), [], node);
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.emptyPreview();
    });
});
