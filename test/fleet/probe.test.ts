import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

import type { NodeSpec } from "../../components/inventory";
import { look, probeNodes } from "../../components/remote";
import { boards } from "../support";
import { nodeNames } from "./fleet";
import { Machines } from "./machines";

/** Far more than any of this takes, so that nothing is given up because the machine is busy. */
const patience = { timeout: 60_000 };

describe("the probe of a fleet", function () {
    this.timeout(120_000);
    let machines: Machines;

    before(async () => {
        machines = await Machines.start();
    });

    after(() => machines.close());

    function at(name: string, port: number): NodeSpec {
        const { hostKey, privateKey } = machines;
        const [node] = boards().nodes;
        return { ...node, name, ssh: { host: "127.0.0.1", port, user: name, hostKey, privateKey } };
    }

    const answering = (count: number) => nodeNames(count).map((name) => at(name, machines.port));

    /** Something that accepts connections and says nothing, until it hangs up for good. */
    async function silence(): Promise<{ port: number; hangUp(): Promise<void> }> {
        const callers: Socket[] = [];
        const server = createServer((socket) => callers.push(socket.on("error", () => undefined)));
        await once(server.listen(0, "127.0.0.1"), "listening");
        const hangUp = () =>
            new Promise<void>((resolve) => {
                server.close(() => resolve());
                callers.forEach((socket) => socket.destroy());
            });
        return { port: (server.address() as AddressInfo).port, hangUp };
    }

    it("asks every node once", async () => {
        const nodes = answering(100);
        const reports = await probeNodes(nodes, patience);
        assert.equal(Object.keys(reports).length, 100);
        assert.ok(Object.values(reports).every(({ reachable, problem }) => reachable && problem === undefined));
        assert.deepEqual(machines.takeAsked(), Object.fromEntries(nodes.map(({ name }) => [name, ["probe"]])));
    });

    it("asks them side by side: no answer is waited for before the next node is asked", async () => {
        void machines.holdUntilAsked(20);
        const reports = await probeNodes(answering(20), patience);
        assert.ok(Object.values(reports).every(({ reachable }) => reachable));
        machines.takeAsked();
    });

    it("reports nodes that refuse or say nothing, and asks the others meanwhile", async () => {
        const [silent, closed] = [await silence(), await silence()];
        await closed.hangUp();
        // The silent one hangs up only when every other has been asked: whoever waited for it before would not end.
        void machines.holdUntilAsked(20).then(silent.hangUp);
        const nodes = [at("silent", silent.port), at("closed", closed.port), ...answering(20)];
        const reports = await probeNodes(nodes, patience);
        const problems = Object.values(reports).flatMap(({ reachable, problem }) => (reachable ? [] : [problem]));
        assert.equal(problems.length, 2);
        assert.match(problems[0]!, /^silent: 127\.0\.0\.1:\d+ can't be reached over SSH/);
        assert.match(problems[1]!, /^closed: 127\.0\.0\.1:\d+ can't be reached over SSH: .*ECONNREFUSED/);
    });

    it("tells when all of them work on their answers, before any has come", async () => {
        let answer!: () => void;
        machines.hold(new Promise((resolve) => (answer = resolve)));
        const { asked, reports } = look(answering(20));
        let answered = false;
        void reports.then(() => (answered = true));
        await asked;
        assert.equal(answered, false);
        answer();
        assert.equal(Object.values(await reports).filter(({ reachable }) => reachable).length, 20);
        machines.takeAsked();
    });

    it("waits for no machine that can't be asked", async () => {
        const closed = await silence();
        await closed.hangUp();
        const lost = { ...at("lost", machines.port), lost: true };
        const { asked, reports, holdings } = look([at("closed", closed.port), lost]);
        await asked;
        assert.match((await reports).closed.problem!, /ECONNREFUSED/);
        assert.deepEqual([(await reports).lost.reachable, await holdings], [false, []]);
    });

    it("gives up a node that says nothing", async () => {
        const silent = await silence();
        const { node } = await probeNodes([at("node", silent.port)], { timeout: 200 });
        await silent.hangUp();
        assert.equal(node.reachable, false);
        assert.match(node.problem!, /gave no answer over SSH within 0\.2 s/);
    });
});
