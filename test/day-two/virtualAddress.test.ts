import assert from "node:assert/strict";
import * as fs from "node:fs";

import { asking, asksApi, Fleet } from "../e2e/fleet";
import { docker, eventually, onNode, restarted } from "../e2e/harness";

const fleet = new Fleet("vip");
const { stack, boards } = fleet;
const [n1, n2, n3, n4] = boards.names;
const controlPlanes = [n1, n2, n3];
const workers = [n4];
const virtualAddress = "172.31.233.5";
const configure = (cluster: Record<string, unknown>) => fleet.configure({ controlPlanes, workers, cluster });

/** Which of these control planes have the address now. */
async function holders(among: readonly string[]): Promise<string[]> {
    const asked = among.map(async (node) => {
        const found = await onNode(node, `ip -o -4 address | grep -c ' ${virtualAddress}/32 ' || true`);
        return found === "1\n" ? [node] : [];
    });
    return (await Promise.all(asked)).flat();
}

describe("control planes behind a virtual address", function () {
    this.timeout(30 * 60_000);
    this.bail(true);
    before(() => fleet.start({ controlPlanes, workers, cluster: { api: { virtualAddress } } }));
    after(() => boards.end());

    it("one of them has it, and there the operator and workers ask", async () => {
        await stack.must(["up"], { show: true });
        await fleet.allReady(...controlPlanes, ...workers);
        assert.equal((await holders(controlPlanes)).length, 1);
        assert.match(fs.readFileSync(stack.kubeconfig(), "utf8"), new RegExp(`server: https://${virtualAddress}:6443`));
        assert.match(await onNode(n4, "getent hosts api.hex.k8s.local"), new RegExp(`^${virtualAddress} `));
        await fleet.emptyPreview();
    });

    it("the machine that has it loses its power: another one has it, and the API is missed for seconds", async () => {
        const [holder] = await holders(controlPlanes);
        const rest = controlPlanes.filter((name) => name !== holder);
        const asked = asking(n4, asksApi(n4));
        await onNode(n4, asksApi(n4));
        await boards.machine(holder).container.kill();
        await eventually("another one has it", 60, async () => (await holders(rest)).length === 1);
        // Its proxy may still believe in the lost machine's API server: what it hands to that one is cut off.
        await eventually("a write is taken", 10, () => fleet.remember("without-the-holder").then(() => true));
        await eventually("the API is asked again", 30, () => onNode(n4, asksApi(n4)));
        const { good, longest } = await asked.stop();
        console.log(`      missed for ${(longest / 1000).toFixed(1)} s at most, between ${good} answers`);
        assert.ok(good > 20, `${good} answers`);
        assert.ok(longest < 10_000, `${longest} ms`);
        await docker("start", holder);
        await fleet.answers(holder);
        await fleet.allReady(...controlPlanes, ...workers);
        assert.equal((await holders(controlPlanes)).length, 1);
        await fleet.remembered("without-the-holder");
    });

    it("without it each worker asks through a proxy, no kubelet restarts, and nothing of it is left", async () => {
        const before = await fleet.agents(workers);
        configure({});
        await stack.must(["up"], { show: true });
        await fleet.allReady(...controlPlanes, ...workers);
        assert.deepEqual(await holders(controlPlanes), []);
        for (const node of controlPlanes) {
            assert.equal(await onNode(node, "dpkg-query -W haproxy keepalived 2>/dev/null || true"), "", node);
            assert.equal(await onNode(node, "iptables -S | grep -c VRRP || true"), "0\n", node);
        }
        assert.match(await onNode(n4, "ss -Htlnp sport = :6443"), /127\.0\.0\.1:6443 .*"haproxy"/);
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.remembered("without-the-holder");
        await fleet.emptyPreview();
    });

    it("and there again, on the living cluster", async () => {
        const before = await fleet.agents(workers);
        configure({ api: { virtualAddress } });
        await stack.must(["up"], { show: true });
        await fleet.allReady(...controlPlanes, ...workers);
        assert.equal((await holders(controlPlanes)).length, 1);
        assert.equal(await onNode(n4, "ss -Htlnp sport = :6443"), "");
        assert.deepEqual(restarted(before, await fleet.agents(workers)), []);
        await fleet.emptyPreview();
    });
});
