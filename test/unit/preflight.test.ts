import assert from "node:assert/strict";

import { validate } from "../../components/config/validate";
import { nodesOf, type NodeSpec } from "../../components/inventory";
import type { Answer, Fitness } from "../../components/remote/fitness";
import { describeFindings, findingsOf, questionsFor, type NodeFinding } from "../../operations/preflight";

type Overlay = Record<string, unknown>;

/** Settings of two machines, a control plane and a worker; `cluster`, `others` and both nodes laid over. */
function inventory(cluster: Overlay = {}, others: Overlay = {}, first: Overlay = {}, second: Overlay = {}) {
    const checked = validate({
        cluster: { name: "hex", source: "http://192.168.1.10:8080/", ssh: { user: "bb" }, ...cluster },
        nodes: [
            { name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"], ...first },
            { name: "hex-n2", address: "192.168.1.12", ...second },
        ],
        ...others,
    });
    if ("problems" in checked) throw new Error(checked.problems.join("\n"));
    return { settings: checked.settings, nodes: nodesOf(checked.settings.cluster, checked.settings.nodes) };
}

type Given = ReturnType<typeof inventory>;

/** A machine that nothing stands against. */
function fit(node: NodeSpec, { settings, nodes }: Given): Fitness {
    const reach = questionsFor(node, nodes, settings).find((word) => word.startsWith("reach="))!;
    const places = reach.slice("reach=".length).split(",");
    const echo = (place: string) => (place.startsWith("192.168.1.10:") ? "open" : "refused");
    return {
        findings: [],
        hostname: node.name,
        machineId: `id of ${node.name}`,
        macs: [`dc:a6:32:00:00:${node.address.split(".")[3]}`],
        addresses: ["127.0.0.1", node.address],
        system: "Debian GNU/Linux 12 (bookworm)",
        kernel: "6.1.0",
        architecture: "arm64",
        cpus: 4,
        memory: 4 * 2 ** 30,
        disk: 50 * 2 ** 30,
        drive: "nvme0n1",
        rotational: false,
        writeMilliseconds: 1.2,
        cgroup: 2,
        missingModules: [],
        swap: false,
        conflicts: [],
        otherPackages: [],
        firewalls: [],
        nameservers: ["192.168.1.1"],
        listening: [[22, "sshd"]],
        reach: Object.fromEntries(places.map((place) => [place, echo(place)])),
        began: 0,
        ended: 0,
    };
}

const inStep = [-0.1, 0.1] as const;

/** What is found of two machines that are fit but for what is laid over the first, or said of it instead. */
function look(first: Partial<Fitness> | Answer, given = inventory(), second: Partial<Fitness> = {}): NodeFinding[] {
    const [one, two] = given.nodes;
    const said: Answer =
        "ahead" in first || "why" in first
            ? (first as Answer)
            : { fitness: { ...fit(one, given), ...(first as Partial<Fitness>) }, ahead: inStep };
    const other: Answer = { fitness: { ...fit(two, given), ...second }, ahead: inStep };
    const asked = [
        { node: one, answer: said },
        { node: two, answer: other },
    ];
    return findingsOf(asked, given.nodes, given.settings);
}

/** One finding of one node, and no other. */
function expectOne(found: NodeFinding[], severity: "refuse" | "warn", code: string, text: RegExp, node = "hex-n1") {
    assert.equal(found.length, 1, describeFindings(found).join("\n"));
    const [{ remedy, ...finding }] = found;
    assert.deepEqual([finding.node, finding.severity, finding.code], [node, severity, code]);
    assert.match(finding.text, text);
    assert.ok(remedy.length > 0);
}

const everywhere = (given: Given, echo: Fitness["reach"][string], match: RegExp) => {
    const { reach } = fit(given.nodes[0], given);
    return {
        reach: Object.fromEntries(Object.entries(reach).map(([place, was]) => [place, match.test(place) ? echo : was])),
    };
};

describe("preflight's findings", () => {
    it("there are none of machines that fit", () => assert.deepEqual(look({}), []));

    it("what the base step would refuse is refused, in its words", () => {
        const finding = { code: "systemd", text: "systemd is not the first process", remedy: "boot with systemd" };
        expectOne(look({ findings: [finding] }), "refuse", "systemd", /not the first process/);
    });

    it("memory: too little is refused, little is warned of, by role", () => {
        const memory = (mebibytes: number) => ({ memory: mebibytes * 2 ** 20 });
        expectOne(look(memory(900)), "refuse", "memory", /900 MiB of memory are too few for a control plane/);
        expectOne(look(memory(1000)), "warn", "memory", /1000 MiB of memory are few for a control plane/);
        assert.deepEqual(look({}, inventory(), memory(900)), []);
        expectOne(look({}, inventory(), memory(600)), "warn", "memory", /600 MiB .* few for a worker/, "hex-n2");
        expectOne(look({}, inventory(), memory(400)), "refuse", "memory", /too few for a worker/, "hex-n2");
    });

    it("a control plane with one CPU", () => expectOne(look({ cpus: 1 }), "warn", "cpus", /1 CPU is few/));

    it("an architecture that the mirror isn't filled for", () => {
        const given = inventory({ architectures: ["arm64"] });
        expectOne(look({ architecture: "amd64" }, given), "refuse", "architecture", /is amd64, for which the mirror/);
    });

    it("a slow disk under a control plane, with what it is", () => {
        const card = { drive: "mmcblk0", writeMilliseconds: 31.5 };
        expectOne(look(card), "warn", "slow-disk", /takes 31\.5 ms .* on mmcblk0, a memory card/);
        const rotating = { drive: "sda", rotational: true, writeMilliseconds: 12 };
        expectOne(look(rotating), "warn", "slow-disk", /on sda, a rotating disk/);
        expectOne(
            look({}, inventory(), card),
            "warn",
            "slow-disk",
            /lies on mmcblk0, .* a write takes 31\.5 ms/,
            "hex-n2",
        );
        assert.deepEqual(look({}, inventory(), rotating), []);
        assert.deepEqual(look(card, inventory({}, {}, { disk: "slow" })), []);
    });

    it("control groups of version 1, unless the kubelet is told to take them", () => {
        expectOne(look({ cgroup: 1 }), "refuse", "cgroup", /version 1, which the kubelet of 1\.36\.3 refuses/);
        assert.deepEqual(look({ cgroup: 1 }, inventory({ kubelet: { failCgroupV1: false } })), []);
        assert.deepEqual(look({ cgroup: 1 }, inventory({}, {}, { kubelet: { failCgroupV1: false } })), []);
        assert.deepEqual(look({ cgroup: 1 }, inventory({ kubernetes: { version: "1.34.4" } })), []);
    });

    it("a kernel without a module, or without its modules", () => {
        expectOne(look({ missingModules: ["vxlan"] }), "refuse", "kernel", /has no vxlan/);
        expectOne(
            look({ missingModules: ["all"] }),
            "refuse",
            "kernel",
            /modules of the running kernel 6\.1\.0 are gone/,
        );
    });

    it("swap", () => expectOne(look({ swap: true }), "warn", "swap", /swap is on/));

    it("packages that go, and packages of another Kubernetes", () => {
        expectOne(look({ conflicts: ["docker-ce"] }), "warn", "packages", /docker-ce will be removed/);
        expectOne(look({ otherPackages: ["kubelet"] }), "refuse", "other-kubernetes", /packages kubelet/);
    });

    it("an address that isn't the machine's", () => {
        expectOne(look({ addresses: ["127.0.0.1", "10.9.9.9"] }), "refuse", "address", /192\.168\.1\.11 is none of/);
    });

    it("nameservers that pods can't ask, or none", () => {
        expectOne(look({ nameservers: ["127.0.0.1"] }), "warn", "names", /127\.0\.0\.1, which pods can't ask/);
        expectOne(look({ nameservers: [] }), "warn", "names", /names no nameserver/);
        assert.deepEqual(look({ nameservers: ["127.0.0.53"] }), []);
        const chosen = inventory({}, {}, { kubelet: { resolvConf: "/etc/other" } });
        assert.deepEqual(look({ nameservers: ["127.0.0.11"] }, chosen), []);
    });

    it("a mirror that nobody serves, whose name is unknown, or whose folder isn't mounted", () => {
        const given = inventory();
        const mirror = /^192\.168\.1\.10:/;
        expectOne(
            look(everywhere(given, "refused", mirror)),
            "refuse",
            "source",
            /192\.168\.1\.10:8080 \(nobody listens/,
        );
        expectOne(look(everywhere(given, "unknown", mirror)), "refuse", "source", /no such name/);
        const reachOf = (cluster: Overlay) => {
            const { settings, nodes } = inventory(cluster);
            return questionsFor(nodes[0], nodes, settings).join();
        };
        assert.match(reachOf({ source: "https://" }), /,dl\.k8s\.io:443\/tcp,github\.com:443\/tcp/);
        const throughProxy = reachOf({ source: "https://", proxies: { https: "http://proxy.lan:3128" } });
        assert.match(throughProxy, /,proxy\.lan:3128\/tcp/);
        assert.doesNotMatch(throughProxy, /github/);
        const mounted = inventory({ source: "/mnt/mirror/" });
        assert.ok(questionsFor(mounted.nodes[0], mounted.nodes, mounted.settings).includes("folder=/mnt/mirror/"));
        const absent = { ...everywhere(mounted, "refused", /./), folder: false };
        expectOne(look(absent, mounted, { folder: true }), "warn", "source", /folder \/mnt\/mirror\/ is not there/);
    });

    it("a firewall of the owner's: what must be open is said", () => {
        const [found] = look({ firewalls: ["ufw"] });
        assert.match(
            found.remedy,
            /10250\/tcp for control planes, pods; .*8472\/udp for every node; .*2379\/tcp 2380\/tcp/,
        );
        assert.match(found.remedy, /6443\/tcp for every node, pods, operator; and what comes from 10\.244\.0\.0\/16/);
        expectOne(look({ firewalls: ["ufw"] }), "warn", "firewall", /ufw decides what comes in/);
    });

    it("a firewall of the owner's: also VRRP, between control planes that share an address", () => {
        const given = inventory({ api: { virtualAddress: "192.168.1.5" } });
        const nobody = everywhere(given, "unreachable", /^192\.168\.1\.5:/);
        const [found] = look({ ...nobody, firewalls: ["ufw"] }, given);
        assert.match(found.remedy, /2379\/tcp 2380\/tcp VRRP \(IP protocol 112\) for control planes/);
        assert.doesNotMatch(found.remedy, /6443\/tcp for every node, operator/);
    });

    it("a virtual address that somebody has, before there is a control plane", () => {
        const given = inventory({ api: { virtualAddress: "192.168.1.5" } });
        const asked = questionsFor(given.nodes[0], given.nodes, given.settings).join();
        assert.match(asked, /reach=.*192\.168\.1\.5:6443\/tcp/);
        assert.doesNotMatch(questionsFor(given.nodes[1], given.nodes, given.settings).join(), /192\.168\.1\.5/);
        const echo = (said: "open" | "refused" | "unreachable" | "dropped") =>
            everywhere(given, said, /^192\.168\.1\.5:/);
        expectOne(look(echo("open"), given), "refuse", "virtual-address", /has the address 192\.168\.1\.5 already/);
        expectOne(look(echo("refused"), given), "refuse", "virtual-address", /192\.168\.1\.5/);
        for (const said of ["unreachable", "dropped"] as const) assert.deepEqual(look(echo(said), given), []);
        assert.deepEqual(look({ ...echo("open"), owner: "hex:abc" }, given), []);
    });

    it("a daemon on a port that a workload takes there", () => {
        const given = inventory({}, { workloads: { redis: { node: "hex-n1" } } });
        const redis = { listening: [[6379, "redis-server"]] } as const;
        expectOne(
            look(redis, given),
            "refuse",
            "host-port",
            /redis-server listens on port 6379, which workloads\.redis/,
        );
        assert.deepEqual(look({}, given, redis), []);
    });

    it("a machine that doesn't answer is one finding, and so are a wrong password and a wrong key", () => {
        expectOne(
            look({ why: "unreachable", problem: "hex-n1:22 gave no answer" }),
            "refuse",
            "unreachable",
            /no answer/,
        );
        expectOne(look({ why: "sudo", problem: "bb may not use sudo" }), "refuse", "sudo", /may not use sudo/);
        expectOne(look({ why: "refused", problem: "shows another host key" }), "refuse", "refused", /another host key/);
    });

    it("clocks that the time on the way can't explain", () => {
        const given = inventory();
        const off = (...ahead: [number, number]) => look({ fitness: fit(given.nodes[0], given), ahead });
        assert.deepEqual(off(-20, 3), []);
        assert.deepEqual(off(0.5, 9), []);
        expectOne(off(2.5, 4), "warn", "clock", /2\.5 s ahead of this machine's/);
        expectOne(off(-3700, -3600), "refuse", "clock", /3600\.0 s behind/);
    });

    it("machines that were copied from one image", () => {
        expectOne(look({ machineId: "id of hex-n2" }), "refuse", "machine-id", /also that of hex-n2/);
        expectOne(look({ macs: ["dc:a6:32:00:00:12"] }), "refuse", "mac", /dc:a6:32:00:00:12 is also that of hex-n2/);
        expectOne(look({ hostname: "hex-n2" }), "warn", "hostname", /host name hex-n2 is also/);
        assert.deepEqual(look({ machineId: "" }, inventory(), { machineId: "" }), []);
    });

    it("ways that something drops, by the machine that isn't reached; refused and heard ways are open", () => {
        const given = inventory();
        expectOne(
            look(everywhere(given, "dropped", /:10250/)),
            "refuse",
            "way",
            /10250\/tcp is not reached from hex-n1/,
            "hex-n2",
        );
        expectOne(
            look(everywhere(given, "silent", /udp/)),
            "warn",
            "way",
            /8472\/udp is not reached from hex-n1/,
            "hex-n2",
        );
        const member = { owner: "hex:abc" };
        assert.deepEqual(look(everywhere(given, "silent", /udp/), given, member), []);
    });

    it("a way to a machine that is off isn't named besides", () => {
        const given = inventory();
        const [first, second] = given.nodes;
        const { reach } = fit(second, given);
        const closed = Object.fromEntries(
            Object.entries(reach).map(([place, was]) => [place, place.startsWith(first.address) ? "dropped" : was]),
        ) as Fitness["reach"];
        expectOne(
            look({ why: "unreachable", problem: "no answer" }, given, { reach: closed }),
            "refuse",
            "unreachable",
            /no answer/,
        );
    });

    it("asks for the ways of its roles only, and for a sample of a large fleet", () => {
        const nodes = Array.from({ length: 100 }, (_, i) => ({
            name: `n${i}`,
            address: `10.1.0.${i + 1}`,
            roles: i < 3 ? ["control-plane"] : ["worker"],
        }));
        const given = inventory({}, { nodes });
        const ways = (index: number) =>
            questionsFor(given.nodes[index], given.nodes, given.settings).find((word) => word.startsWith("reach="))!;
        const worker = ways(50).slice("reach=".length).split(",");
        assert.deepEqual(worker.filter((place) => place.includes(":6443")).sort(), [
            "10.1.0.1:6443/tcp",
            "10.1.0.2:6443/tcp",
            "10.1.0.3:6443/tcp",
        ]);
        assert.ok(!worker.some((place) => /:(2379|10250)/.test(place)));
        assert.equal(worker.length, 3 + 12 + 1);
        assert.ok(ways(0).includes("10.1.0.2:2380/tcp"));
        assert.ok(ways(0).includes("10.1.0.2:10250/tcp"));
    });

    it("says the same of several machines in one line, refusals first", () => {
        const found = [...look({ swap: true }, inventory(), { swap: true }), ...look({ cgroup: 1 })];
        const lines = describeFindings(found);
        assert.equal(lines.length, 2);
        assert.match(lines[0], /^✘ hex-n1: .*: boot with .*\.$/);
        assert.match(lines[1], /^⚠ hex-n1, hex-n2: swap is on: /);
    });
});
