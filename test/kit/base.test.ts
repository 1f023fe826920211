import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";

import { kitFolder, kitHash } from "../../components/remote";
import { LocalNode } from "./local";

describe("kit: owner and preflight", () => {
    let node: LocalNode;
    beforeEach(() => {
        node = new LocalNode();
    });
    afterEach(() => node.dispose());

    it("writes the owner, installs the kit under the name of its content, and leaves nothing when it goes", () => {
        const before = node.tree();
        assert.equal(node.welcome().code, 0);
        assert.equal(node.read("/var/lib/slipway/owner"), "hex:abc\n");
        assert.equal(fs.readlinkSync(node.at("/var/lib/slipway/kit/current")), kitHash());
        assert.equal(fs.statSync(node.at("/var/lib/slipway/kit/current/step")).mode & 0o044, 0o044);
        assert.equal(node.step("base remove owner=hex:abc").code, 0);
        assert.deepEqual(node.tree(), before);
        assert.equal(node.step("base remove owner=hex:abc").code, 0, "a second removal succeeds too");
        assert.deepEqual(node.tree(), before);
    });

    it("refuses a node of another cluster, or of a lost state, with the ways out", () => {
        node.welcome();
        const run = node.step(`base apply owner=hex:def source=${node.mirror}/`);
        assert.equal(run.code, 1);
        for (const words of [
            "belongs to the cluster hex (CA abc)",
            "slipway adopt",
            "restore your backup",
            "base remove",
        ]) {
            assert.ok(run.stderr.includes(words), run.stderr);
        }
        assert.equal(node.read("/var/lib/slipway/owner"), "hex:abc\n");
    });

    it("leaves a node alone that another cluster has taken over, when the old one is destroyed", () => {
        node.welcome();
        node.write("/var/lib/slipway/owner", "new:def\n");
        const run = node.step("base remove owner=hex:abc");
        assert.deepEqual([run.code, run.stdout], [0, "this node belongs to new:def now: nothing was removed\n"]);
        assert.equal(node.has("/var/lib/slipway/owner"), true);
    });

    it("refuses Ubuntu 14.04, and says why", () => {
        node.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="14.04"\nPRETTY_NAME="Ubuntu 14.04.6 LTS"\n');
        const run = node.welcome();
        assert.equal(run.code, 1);
        assert.match(run.stderr, /Ubuntu 14\.04\.6 LTS starts its services with upstart and is out of support/);
        assert.equal(node.has("/var/lib/slipway/owner"), false);
    });

    it("tells all findings at once and changes nothing", () => {
        node.write("/etc/os-release", 'ID=fedora\nPRETTY_NAME="Fedora Linux 42"\n');
        fs.rmdirSync(node.at("/run/systemd/system"));
        node.write("/etc/systemd/system/k3s.service", "");
        node.write("/proc/77/comm", "kubelet\n");
        node.write("/proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\nmemory 0 1 0\n");
        node.write("/proc/net/tcp", "  0: 00000000:192B 00000000:0000 0A 00000000:00000000\n");
        const run = node.welcome("ports=6443,10250");
        assert.equal(run.code, 1);
        const findings = run.stderr.split("\n").filter((line) => line.startsWith("  - "));
        assert.equal(findings.length, 6, run.stderr);
        assert.match(run.stderr, /Fedora Linux 42/);
        assert.match(run.stderr, /systemd is not the first process/);
        assert.match(run.stderr, /memory cgroup is off/);
        assert.match(run.stderr, /k3s\.service/);
        assert.match(run.stderr, /the process kubelet/);
        assert.match(run.stderr, /port 6443/);
    });

    it("the preflight says the same and more, as one script for a machine without a kit, and leaves nothing", () => {
        node.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="14.04"\nPRETTY_NAME="Ubuntu \\ 14.04"\n');
        node.write("/proc/net/tcp", "  0: 0100007F:192B 00000000:0000 0A 00000000:00000000\n");
        node.write("/proc/net/fib_trie", "  |-- 192.168.1.11\n     /32 host LOCAL\n  |-- 192.168.1.0\n     /24 link\n");
        node.write("/proc/modules", "overlay 1 0 - Live\n");
        node.write(
            `/lib/modules/${os.release()}/modules.dep`,
            "kernel/net/br_netfilter.ko.xz: kernel/net/bridge.ko.xz\n",
        );
        node.write("/etc/machine-id", "0123456789abcdef\n");
        node.write("/etc/ufw/ufw.conf", "ENABLED=yes\n");
        node.write("/etc/resolv.conf", "# none\nnameserver 192.168.1.1\n");
        node.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io\n");
        node.write("/boot/firmware/cmdline.txt", "console=tty1\n");
        node.write(
            "/var/lib/dpkg/status",
            "Package: kubelet\nStatus: install ok installed\nMaintainer: n\nArchitecture: amd64\nVersion: 1\nDescription: n\n",
        );
        const before = node.tree();
        const words = ["ports=6443,10250", "modules=overlay,br-netfilter,vxlan", "folder=/mnt/mirror", "reach="];
        const facts = node.fitness(words);
        assert.deepEqual(node.tree(), before);
        assert.deepEqual(
            facts.findings.map(({ code, text }) => `${code}: ${text}`),
            [
                "system: Ubuntu \\ 14.04 starts its services with upstart and is out of support",
                "memory-cgroup: the kernel's memory cgroup is off",
                "port: port 6443, which Kubernetes needs, is taken",
            ],
        );
        assert.match(
            facts.findings[1].remedy,
            /cgroup_enable=memory to the one line of \/boot\/firmware\/cmdline\.txt,/,
        );
        assert.deepEqual(
            { ...facts, findings: 0, ended: 0, began: 0 },
            {
                ...facts,
                ...{ findings: 0, ended: 0, began: 0 },
                machineId: "0123456789abcdef",
                addresses: ["192.168.1.11"],
                missingModules: ["vxlan"],
                cgroup: 2,
                firewalls: ["ufw"],
                nameservers: ["192.168.1.1"],
                otherPackages: ["kubelet"],
                folder: false,
                listening: [[6443, ""]],
                reach: {},
            },
        );
        assert.ok(facts.ended > facts.began && facts.writeMilliseconds > 0 && facts.cpus > 0);
    });

    it("the preflight tells a refused way from an open one, and a name that nobody has", async () => {
        const server = net.createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as net.AddressInfo;
        const places = [`127.0.0.1:${port}/tcp`, "127.0.0.1:1/tcp", "127.0.0.1:1/udp", "nobody.invalid:80/tcp"];
        try {
            const { reach } = node.fitness([`reach=${places.join(",")}`]);
            assert.deepEqual(
                places.map((place) => reach[place]),
                ["open", "refused", "refused", "unknown"],
            );
        } finally {
            server.close();
        }
    });

    it("the preflight knows a firewall by the rules of its input chain", () => {
        const chain = (policy: string, rule: string) =>
            `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy ${policy};\n\t\t${rule}\n\t}\n` +
            "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n\t\tdrop\n\t}\n}\n";
        const drops = (rules: string) =>
            spawnSync("sh", ["-c", `. ${kitFolder}/fitness.sh; drops_by_default`], { input: rules }).status === 0;
        assert.equal(drops(chain("accept", "tcp dport 22 accept")), false);
        assert.equal(drops(chain("drop", "tcp dport 22 accept")), true);
        assert.equal(drops(chain("accept", "reject with icmpx admin-prohibited")), true);
        assert.equal(drops(chain("accept", "ip saddr 192.0.2.1 drop")), false);
        assert.equal(drops(""), false);
    });

    it("probes: generation counts up while something differs, and settles", () => {
        node.welcome("generation=3");
        const manifest = "file 0644 root:root /etc/demo\n| text\n";
        node.step("activate apply generation=3", manifest);
        const kinds = () => JSON.parse(node.step("probe").stdout).kinds;
        assert.deepEqual(kinds().activate, { generation: 3, differences: 0, entries: [] });
        node.write("/etc/demo", "changed by hand");
        assert.deepEqual(kinds().activate, {
            generation: 4,
            differences: 1,
            entries: ["file /etc/demo has other content"],
        });
        node.step("activate apply generation=4", manifest);
        assert.deepEqual(kinds().activate, { generation: 4, differences: 0, entries: [] });
    });

    it("takes away what pods left, however often it was applied; what was there before it stays", () => {
        const before = "/run/flannel/theirs";
        node.write(before, "");
        for (const when of ["first", "again"]) {
            assert.equal(node.welcome().code, 0, when);
            node.write("/var/lib/cni/ours", "");
        }
        assert.equal(node.step("base remove").code, 0);
        assert.deepEqual([node.has(before), node.has("/var/lib/cni")], [true, false]);
    });
});
