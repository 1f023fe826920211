import * as assert from "node:assert/strict";

import {
    apiAddress,
    apiAddressNeeds,
    apiAddressSysctls,
    apiProxy,
    apiProxyNeeds,
    type Fragment,
    render,
} from "../../components/render";
import { eventually } from "../e2e/harness";
import { differences, type Inventory } from "../inventory";
import { apiName, ApiServers, clusterOf, signed, trust } from "./apiServers";
import { Machine } from "./machine";
import { OwnNetwork } from "./ownNetwork";

const addresses = ["172.31.239.11", "172.31.239.12"];
const virtualAddress = "172.31.239.5";
const stranger = "172.31.239.99";
const chain = "SLIPWAY-VRRP";

describe("kit: control planes that share a virtual address", function () {
    this.timeout(300_000);
    let network: OwnNetwork;
    let machines: Machine[] = [];
    let servers: ApiServers[] = [];
    let found: Inventory[];

    const { cluster, nodes } = clusterOf({ virtualAddress }, [...addresses, "172.31.239.13"]);
    const packages: Fragment = ["curl", "iptables"].map((name) => ({ kind: "package", name }) as const);
    const base = (index: number) =>
        render(
            apiProxyNeeds(nodes[index], cluster, nodes),
            apiAddressNeeds(nodes[index], cluster),
            Object.entries(apiAddressSysctls(nodes[index], cluster)).map(
                ([key, value]) => ({ kind: "sysctl", key, value }) as const,
            ),
            packages,
        );
    const units = (index: number) =>
        render(apiProxy(nodes[index], cluster, nodes), apiAddress(nodes[index], cluster, nodes));

    before(async () => {
        network = await OwnNetwork.create("virtual-address", 239);
        machines = await Promise.all([11, 12].map((last) => Machine.start("bare", undefined, network.place(last))));
        found = await Promise.all(machines.map((machine) => machine.inventory()));
        const pki = await signed();
        servers = await Promise.all(machines.map((machine) => ApiServers.on(machine, pki)));
        await Promise.all(
            machines.map(async (machine, index) => {
                await machine.root(`cp /etc/hosts /srv/hosts; echo ${virtualAddress} ${apiName} >>/etc/hosts`);
                await servers[index].start(String(index + 1), addresses[index]);
                await machine.upload();
                await apply(index, "base apply owner=hex:abc source=/mnt/", base(index));
                await apply(index, "credentials apply", trust(pki.authority));
                await apply(index, "activate apply", units(index));
            }),
        );
    });
    after(async () => {
        await Promise.all(machines.map((machine) => machine.stop()));
        await network?.remove();
    });

    async function apply(index: number, words: string, text: string): Promise<void> {
        const { code, stderr } = await machines[index].step(words, text);
        assert.equal(code, 0, stderr);
    }

    /** Which of them have the address. */
    async function holders(): Promise<number[]> {
        const asked = machines.map(async (machine, index) => {
            const { stdout } = await machine.node.exec(`ip -o -4 address | grep -c ' ${virtualAddress}/32 '`);
            return stdout === "1\n" ? [index] : [];
        });
        return (await Promise.all(asked)).flat();
    }
    /** Waits until exactly one of them has it, the one that is named where one is. */
    const holder = (what: string, wanted?: number) =>
        eventually(what, 30, async () => {
            const [one, ...others] = await holders();
            return one !== undefined && others.length === 0 && (wanted === undefined || one === wanted) && { one };
        }).then(({ one }) => one);
    const other = (index: number) => 1 - index;

    it("is held by one of them, where all API servers answer", async () => {
        const one = await holder("one of them has it");
        for (const asking of servers) {
            const answers = new Set<string>();
            for (let times = 0; times < 4; times += 1) answers.add(await asking.ask());
            assert.deepEqual([...answers].sort(), ["1", "2"]);
        }
        for (const index of [0, 1]) {
            const { code, stdout } = await machines[index].step("activate check", units(index));
            assert.deepEqual([code, stdout], [0, ""]);
            const listeners = await machines[index].root("ss -Htlnp | grep haproxy | awk '{ print $4 }'");
            assert.equal(listeners, `${virtualAddress}:6443\n`);
            const units_ = await machines[index].root("systemctl is-enabled haproxy keepalived || true");
            assert.equal(units_, "masked\nmasked\n");
        }
        assert.equal(await machines[one].root("ps -C keepalived -o comm= | wc -l"), "2\n");
    });

    it("isn't taken by a stranger who says that he has it", async () => {
        const one = await holder("one of them has it");
        await machines[other(one)].root(`ip address add ${stranger}/24 dev eth0`);
        const dropped = () =>
            machines[one].root(`iptables -nvxL ${chain} | awk '$3 == "DROP" { print $1 }'`).then(Number);
        const before = await dropped();
        await claim(other(one), stranger, one);
        await eventually("the packet came and went no further", 10, async () => (await dropped()) === before + 1);
        assert.deepEqual(await holders(), [one]);
        // A peer who says the same is believed: so the packet was one that counts.
        const since = (await machines[one].root("date +%s.%N")).trim();
        await claim(other(one), addresses[other(one)], one);
        await eventually("the holder gave it up", 10, async () => {
            const { stdout } = await machines[one].node.exec(
                `journalctl -q -o cat -u kube-api-address --since @${since} | grep 'BACKUP STATE'`,
            );
            return stdout !== "";
        });
        await machines[other(one)].root(`ip address delete ${stranger}/24 dev eth0`);
        await holder("one of them has it again");
    });

    it("moves when its holder loses its power, and stays when that one comes back", async () => {
        const one = await holder("one of them has it");
        const left = other(one);
        await servers[left].keepAsking();
        const since = Date.now();
        await machines[one].node.powerOff();
        await eventually("the other one has it", 30, async () => {
            const { stdout } = await machines[left].node.exec(`ip -o -4 address | grep -c ' ${virtualAddress}/32 '`);
            return stdout === "1\n";
        });
        console.log(`      it moved within ${((Date.now() - since) / 1000).toFixed(1)} s`);
        await eventually("it answers there", 30, async () => (await servers[left].ask()) === String(left + 1));
        console.log(`      and answered after ${((Date.now() - since) / 1000).toFixed(1)} s`);
        await servers[left].said();
        await machines[one].node.powerOn();
        await machines[one].root(`echo ${virtualAddress} ${apiName} >>/etc/hosts`);
        await servers[one].start(String(one + 1), addresses[one]);
        await eventually("the first one is ready to have it", 30, async () => {
            const { stdout } = await machines[one].node.exec(
                "journalctl -b -q -o cat -u kube-api-address | grep 'BACKUP STATE'",
            );
            return stdout !== "";
        });
        assert.deepEqual(await holders(), [left]);
    });

    it("moves when its holder's proxy hangs", async () => {
        const one = await holder("one of them has it");
        await machines[one].root("systemctl kill -s STOP kube-api-proxy");
        const since = Date.now();
        await holder("the other one has it", other(one));
        console.log(`      it moved within ${((Date.now() - since) / 1000).toFixed(1)} s`);
        assert.match(await servers[other(one)].ask(), /^[12]$/);
        await machines[one].root("systemctl kill -s CONT kube-api-proxy");
    });

    it("moves at once when its holder is stopped in an orderly way", async () => {
        const one = await holder("one of them has it");
        const since = Date.now();
        await machines[one].root("systemctl stop kube-api-address");
        await holder("the other one has it", other(one));
        console.log(`      it moved within ${((Date.now() - since) / 1000).toFixed(1)} s`);
        assert.equal(await machines[one].root(`iptables -S | grep -c ${chain} || true`), "0\n");
        await machines[one].root("systemctl start kube-api-address");
        assert.equal(await machines[one].root(`iptables -S INPUT | grep -c ${chain}`), "1\n");
    });

    it("is nobody's as long as nobody reaches an API server", async () => {
        await Promise.all([0, 1].map((index) => servers[index].stop(String(index + 1))));
        await eventually("nobody has it", 30, async () => (await holders()).length === 0);
        await Promise.all([0, 1].map((index) => servers[index].start(String(index + 1), addresses[index])));
        await holder("one of them has it again");
    });

    it("leaves the machines as they were found", async () => {
        await Promise.all(
            machines.map(async (machine, index) => {
                await servers[index].dispose();
                await machine.root("cat /srv/hosts >/etc/hosts; rm /srv/hosts");
                for (const kind of ["activate", "credentials", "base"]) {
                    const removed = await machine.step(`${kind} remove`);
                    assert.equal(removed.code, 0, removed.stderr);
                }
                // Once somebody has asked for the network it stays reached; the engine's DNS changes its port at each boot.
                const others = (line: string) =>
                    !/unit: network-online\.target|listener: \S+ 127\.0\.0\.11:/.test(line);
                assert.deepEqual(differences(found[index], await machine.inventory()).filter(others), []);
            }),
        );
    });

    /** A VRRP advertisement (RFC 3768) of the highest priority: from one of the machines, by one of its addresses. */
    async function claim(from: number, source: string, to: number): Promise<void> {
        const message = Buffer.from([
            0x21,
            1,
            254,
            1,
            0,
            1,
            0,
            0,
            ...virtualAddress.split(".").map(Number),
            ...Array<number>(8).fill(0),
        ]);
        let sum = 0;
        for (let at = 0; at < message.length; at += 2) sum += message.readUInt16BE(at);
        message.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 6);
        await machines[from].root(
            `echo ${message.toString("base64")} | base64 -d | socat -u - IP4-SENDTO:${addresses[to]}:112,bind=${source},ip-ttl=255`,
        );
    }
});
