import * as assert from "node:assert/strict";

import { apiProxy, apiProxyNeeds, hosts, render } from "../../components/render";
import { eventually } from "../e2e/harness";
import { differences, type Inventory } from "../inventory";
import { apiName, ApiServers, clusterOf, type Signed, signed, trust } from "./apiServers";
import { Machine } from "./machine";
import { OwnNetwork } from "./ownNetwork";

/** The control planes' addresses: of the machine's own loopback device, so that one machine is enough. */
const addresses = ["127.0.1.1", "127.0.1.2", "127.0.1.3"];

describe("kit: a worker that asks several control planes", function () {
    this.timeout(300_000);
    let network: OwnNetwork;
    let machine: Machine;
    let found: Inventory;
    let servers: ApiServers;
    let pki: Signed;

    /** What the worker's steps list about its way to the API, with so many control planes. */
    function manifests(controlPlanes: number) {
        const { cluster, nodes } = clusterOf({}, addresses.slice(0, controlPlanes), [machine.node.address]);
        const worker = nodes.at(-1)!;
        return {
            base: render(apiProxyNeeds(worker, cluster, nodes), [{ kind: "package", name: "curl" }]),
            activate: render(apiProxy(worker, cluster, nodes), hosts(worker, cluster, nodes)),
        };
    }
    async function apply(controlPlanes: number): Promise<string> {
        const { base, activate } = manifests(controlPlanes);
        let said = "";
        for (const [words, text] of [
            ["base apply owner=hex:abc source=/mnt/", base],
            ["activate apply", activate],
        ]) {
            const { code, stdout, stderr } = await machine.step(words, text);
            assert.equal(code, 0, stderr);
            said += stdout;
        }
        return said;
    }

    before(async () => {
        network = await OwnNetwork.create("api-proxy", 241);
        machine = await Machine.start("bare", undefined, network.place());
        found = await machine.inventory();
        pki = await signed();
        servers = await ApiServers.on(machine, pki);
        for (const [index, address] of addresses.entries()) await servers.start(String(index + 1), address);
        await machine.upload();
        const { base } = manifests(1);
        assert.equal((await machine.step("base apply owner=hex:abc source=/mnt/", base)).code, 0);
        assert.equal((await machine.step("credentials apply", trust(pki.authority))).code, 0);
    });
    after(async () => {
        await machine?.stop();
        await network?.remove();
    });

    it("asks a single one directly", async () => {
        await apply(1);
        assert.equal(await servers.ask(), "1");
        assert.equal((await machine.root("dpkg-query -W haproxy 2>/dev/null || true")).trim(), "");
    });

    it("asks three through a proxy of its own, and on the way there nobody is turned away", async () => {
        await servers.keepAsking();
        await apply(3);
        const { asked, failed } = await servers.said();
        assert.deepEqual(failed, [], `of ${asked}`);
        assert.equal(await machine.root(`getent ahostsv4 ${apiName} | sort -u | grep -c STREAM`), "1\n");
        assert.match(await machine.root(`getent hosts ${apiName}`), /^127\.0\.0\.1 /);
        assert.deepEqual(await machine.step("activate check", manifests(3).activate), {
            code: 0,
            stdout: "",
            stderr: "",
        });
        const answers = new Set<string>();
        for (let times = 0; times < 6; times += 1) answers.add(await servers.ask());
        assert.deepEqual([...answers].sort(), ["1", "2", "3"]);
    });

    it("runs HAProxy under an account of its own, on the loopback device alone, and never the distribution's", async () => {
        assert.match(
            await machine.root("ps -o user:32=,args= -C haproxy"),
            /^(kube-api-proxy +\S+haproxy -Ws .*\n){2}$/,
        );
        const listeners = await machine.root("ss -Htulnp | grep haproxy | awk '{ print $1, $5 }' | sort -u");
        assert.equal(listeners, "tcp 127.0.0.1:6443\n");
        assert.equal(await machine.root("ss -Hxlp | grep -c '^u_str.*LISTEN.*/.*haproxy' || true"), "0\n");
        assert.equal((await machine.root("systemctl is-enabled haproxy || true")).trim(), "masked");
        assert.equal(await machine.root("journalctl -q -u haproxy | grep -c Started || true"), "0\n");
        assert.equal(await machine.root("apt-mark showhold"), "haproxy\n");
    });

    it("doesn't notice that one refuses, and tells the journal", async () => {
        await servers.keepAsking();
        await servers.stop("2");
        await eventually("the proxy has missed it", 30, () => logged("api/cp-2 is DOWN"));
        const { asked, failed } = await servers.said();
        assert.deepEqual(failed, [], `of ${asked}`);
        await servers.start("2", addresses[1]);
        await eventually("the proxy has found it", 30, () => logged("api/cp-2 is UP"));
    });

    it("closes the connections of one that hangs, and no others; new ones go elsewhere", async () => {
        const whose = await servers.watch(6);
        assert.deepEqual([...whose].sort(), ["1", "1", "2", "2", "3", "3"]);
        const others = whose.flatMap((name, index) => (name === "3" ? [] : [index + 1]));
        const since = Date.now();
        await servers.freeze("3");
        await eventually("its streams have ended", 30, async () => (await servers.open()).length === others.length);
        console.log(`      its clients knew after ${((Date.now() - since) / 1000).toFixed(1)} s`);
        assert.deepEqual(await servers.open(), others);
        await servers.keepAsking();
        assert.deepEqual((await servers.said()).failed, []);
        await servers.thaw("3");
    });

    it("believes only what the cluster's authority has signed for the API's name", async () => {
        const others = { "another authority": (await signed()).server, "another name": pki.client };
        for (const [what, pem] of Object.entries(others)) {
            const since = (await machine.root("date +%s.%N")).trim();
            await servers.stop("1");
            await servers.put("other.pem", pem);
            await servers.start("1", addresses[0], "other.pem");
            await eventually(`${what} is told from ours`, 30, () => logged("api/cp-1 is DOWN", since));
            await servers.keepAsking();
            assert.deepEqual((await servers.said()).failed, [], what);
            await servers.stop("1");
            await servers.start("1", addresses[0]);
            await eventually("ours is believed", 30, () => logged("api/cp-1 is UP", since));
        }
    });

    it("restarts the proxy alone when a control plane comes or goes", async () => {
        const [proxy, names] = [await machine.since("kube-api-proxy"), await machine.since("kubernetes-hosts")];
        const { activate } = manifests(3);
        const fewer = activate.replace(/^\| +server cp-3 .*\n/m, "");
        await servers.keepAsking();
        assert.equal((await machine.step("activate apply", fewer)).code, 0);
        const { asked, failed } = await servers.said();
        console.log(
            `      ${failed.filter((line) => line === "failed").length} of ${asked} were turned away meanwhile`,
        );
        assert.ok(
            failed.every((line) => !/resolve/.test(line)),
            failed.join("\n"),
        );
        assert.notEqual(await machine.since("kube-api-proxy"), proxy);
        assert.equal(await machine.since("kubernetes-hosts"), names);
    });

    it("is there again after the power was cut", async () => {
        await machine.node.restart();
        for (const [index, address] of addresses.entries()) await servers.start(String(index + 1), address);
        // It began before them, and looks for those it has missed every 2 s.
        const answer = await eventually("one of them answers", 30, () => servers.ask());
        assert.match(answer, /^[123]$/);
        assert.equal((await machine.root("systemctl is-active haproxy || true")).trim(), "inactive");
    });

    it("asks a single one directly again, and on the way there nobody is turned away", async () => {
        await servers.keepAsking();
        const said = await apply(1);
        const { asked, failed } = await servers.said();
        assert.deepEqual(failed, [], `of ${asked}`);
        assert.match(said, /unit kube-api-proxy\.service removed/);
        assert.equal(await servers.ask(), "1");
        assert.equal(await machine.root("getent passwd kube-api-proxy haproxy || true; apt-mark showhold"), "");
    });

    it("is as it was found, after it asked through the proxy and was removed", async () => {
        await apply(3);
        await servers.dispose();
        for (const kind of ["activate", "credentials", "base"]) {
            const removed = await machine.step(`${kind} remove`);
            assert.equal(removed.code, 0, removed.stderr);
        }
        assert.deepEqual(differences(found, await machine.inventory()), []);
    });

    /** @param since seconds since 1970 */
    async function logged(expression: string, since = "0"): Promise<boolean> {
        const journal = `journalctl -q -u kube-api-proxy -o cat --since @${since}`;
        return (await machine.root(`${journal} | grep -cE '${expression}' || true`)) !== "0\n";
    }
});
