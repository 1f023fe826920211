import * as assert from "node:assert/strict";
import * as os from "node:os";

import { run } from "../../components/remote";
import { askFitness } from "../../components/remote/fitness";
import { differences, type Inventory } from "../inventory";
import { Machine } from "./machine";
import { OwnNetwork } from "./ownNetwork";

const daemon = `file 0644 root:root /etc/docker/daemon.json
| {
|   "default-runtime": "lab-runc",
|   "exec-opts": ["native.cgroupdriver=cgroupfs"],
|   "runtimes": { "lab-runc": { "path": "/usr/local/sbin/lab-runc" } }
| }
`;
const docker = (state: string) => `unit docker.service ${state} stamp=d0 after=/etc/docker/daemon.json\n`;

const base = `user demo /var/lib/demo
conflict podman-docker
module overlay
sysctl net.ipv4.ip_forward 1
sysctl net.ipv4.tcp_keepalive_time 7100
swap off
file 0644 root:root /etc/systemd/journald.conf.d/slipway.conf
| [Journal]
| Storage=volatile
unit systemd-journald.service active stamp=j0 after=/etc/systemd/journald.conf.d/slipway.conf
${daemon}package docker-cli unless=/usr/bin/docker
package docker.io
hold curl
hold docker.io
hold runc
${docker("started")}`;

/** Two services; `second` reads a file that the test changes. */
const activate = (word: string) => `${daemon}directory 0755 demo:demo /var/lib/demo
file 0644 root:root /etc/demo.conf
| WORD=${word}
${docker("active")}unit first.service active stamp=1
| [Service]
| ExecStart=/bin/sleep infinity
| [Install]
| WantedBy=multi-user.target
unit second.service active stamp=${word} after=/etc/demo.conf,/var/lib/demo
| [Unit]
| After=first.service
| [Service]
| EnvironmentFile=/etc/demo.conf
| User=demo
| ExecStart=/bin/sleep infinity
| [Install]
| WantedBy=multi-user.target
`;

const image = "demo:1";

describe("kit: a machine", function () {
    this.timeout(600_000);
    let network: OwnNetwork;
    let machine: Machine;
    let found: Inventory;
    let conflicting: Set<string>;
    let digests: Record<string, string>;
    const keepalive = () => machine.root("cat /proc/sys/net/ipv4/tcp_keepalive_time");
    let keepaliveBefore: string;

    const stage = () => `artifact tool 1 host.example/tool-{arch}.tgz amd64=${digests.tool} arm64=${digests.tool}
| 0755 /opt/tool/v1/tool ./tool
image ${image} images/demo.tar amd64=${digests.image} arm64=${digests.image}
prove docker ${image} /bin/busybox true
`;

    before(async () => {
        network = await OwnNetwork.create("node", 240);
        machine = await Machine.start("conflicting", undefined, network.place());
        conflicting = new Set((await machine.root("dpkg -L podman-docker")).trim().split("\n"));
        // The owner's own.
        await machine.root("apt-mark hold curl");
        found = await machine.inventory();
        keepaliveBefore = await keepalive();
        await machine.upload();
    });
    after(async () => {
        await machine?.stop();
        await network?.remove();
    });

    it("says nothing of Slipway while there is none", async () => {
        const report = await machine.probe();
        assert.deepEqual([report.reachable, report.known, report.joined], [true, false, false]);
    });

    it("says beforehand whether it can be a node, and is as it was", async () => {
        const before = await machine.inventory();
        const answer = await askFitness(machine.node, [
            "ports=22,6443",
            "conflicts=podman-docker,docker-ce",
            "modules=overlay",
        ]);
        assert.ok("fitness" in answer, JSON.stringify(answer));
        const { fitness, ahead } = answer;
        assert.deepEqual(
            fitness.findings.map(({ code, text }) => [code, text.split(",")[0]]),
            [["port", "port 22"]],
        );
        assert.deepEqual(
            [fitness.conflicts, fitness.missingModules, fitness.hostname],
            [["podman-docker"], [], machine.node.name],
        );
        assert.ok(fitness.listening.some(([port, process]) => port === 22 && process === "sshd"));
        assert.ok(ahead[0] <= 0 && ahead[1] >= 0 && ahead[1] - ahead[0] < 5, `${ahead}`);
        assert.equal(fitness.owner, undefined);
        // Podman's socket goes its own way.
        const others = (line: string) => !/podman|\/var\/lib\/containers\//.test(line);
        assert.deepEqual(differences(before, await machine.inventory()).filter(others), []);
    });

    it("base: check fails, apply brings docker in place of what conflicts, and changes nothing again", async () => {
        const words = "owner=hex:abc source=http://127.0.0.1:8099/ ports=10250,6443";
        const checked = await machine.root(`sh /home/slipway/.slipway/*/kit/step base check`, base).catch(String);
        assert.match(String(checked), /package docker.io is not installed/);
        const first = await machine.step(`base apply ${words}`, base);
        assert.equal(first.code, 0, first.stderr);
        assert.match(first.stdout, /mended: removed podman-docker/);
        assert.match(first.stdout, /mended: installed docker.io/);
        assert.equal(await machine.root("apt-mark showhold"), "curl\ndocker.io\nrunc\n");
        assert.equal((await machine.root("docker info -f '{{.DefaultRuntime}}'")).trim(), "lab-runc");
        assert.equal((await keepalive()).trim(), "7100");
        assert.match(await machine.root("journalctl --header"), /^File path: \/run\/log\/journal/m);

        assert.deepEqual(await machine.step("base check", base), { code: 0, stdout: "", stderr: "" });
        const since = await machine.since("docker");
        assert.deepEqual(await machine.step(`base apply ${words}`, base), { code: 0, stdout: "", stderr: "" });
        assert.equal(await machine.since("docker"), since);
    });

    it("stage: fetches over HTTP, loads an image, proves docker; a wrong digest installs nothing", async () => {
        await machine.root(`set -e
            mkdir -p /tmp/mirror/host.example /tmp/mirror/images /tmp/image/bin /tmp/tool
            echo 'echo hello' >/tmp/tool/tool
            tar -czf /tmp/mirror/host.example/tool-$(dpkg --print-architecture).tgz -C /tmp/tool ./tool
            cp -L /bin/busybox /tmp/image/bin/
            ldd /bin/busybox | grep -o '/lib[^ ]*' | while read -r lib; do cp -L --parents "$lib" /tmp/image; done
            tar -cf - -C /tmp/image . | docker import - ${image} >/dev/null
            docker save -o /tmp/mirror/images/demo.tar ${image}
            docker image rm ${image} >/dev/null
            busybox httpd -p 127.0.0.1:8099 -h /tmp/mirror`);
        const sum = async (file: string) => (await machine.root(`sha256sum /tmp/mirror/${file}`)).slice(0, 64);
        digests = { tool: await sum("host.example/*.tgz"), image: await sum("images/demo.tar") };

        const wrong = await machine.step("stage apply", stage().replaceAll(digests.tool, "0".repeat(64)));
        assert.equal(wrong.code, 1);
        assert.match(wrong.stderr, /127\.0\.0\.1:8099\/host\.example\/tool-\w+\.tgz has the wrong digest/);
        assert.match(wrong.stderr, new RegExp(`Expected sha256 0{64}, found ${digests.tool}`));
        assert.equal((await machine.root("find /opt -type f; find / -xdev -name '.slipway-new*'")).trim(), "");

        const good = await machine.step("stage apply", stage());
        assert.equal(good.code, 0, good.stderr);
        assert.equal(await machine.root("sh /opt/tool/v1/tool"), "hello\n");
        assert.match(await machine.root("docker images"), /demo +1 /);
        assert.deepEqual(await machine.step("stage check", stage()), { code: 0, stdout: "", stderr: "" });
        assert.deepEqual(await machine.step("stage apply", stage()), { code: 0, stdout: "", stderr: "" });
        const missing = await machine.step("stage apply", stage().replaceAll("host.example", "nowhere.example"));
        assert.equal(missing.code, 0, "what is installed already is not fetched again, wherever it comes from");
    });

    it("stage: takes what was made for the processor that the machine reports", async () => {
        // Another dpkg stands before the distribution's, and says what one on arm64 does.
        await machine.root(
            `printf '#!/bin/sh\n[ "$1" != --print-architecture ] || exec echo arm64\nexec /usr/bin/dpkg "$@"\n' \
                >/usr/local/sbin/dpkg; chmod +x /usr/local/sbin/dpkg
            mkdir /tmp/mirror/arm; echo for arm64 >/tmp/mirror/arm/text-arm64; cp /usr/bin/true /tmp/mirror/arm/true-arm64`,
        );
        const sum = async (file: string) => (await machine.root(`sha256sum /tmp/mirror/arm/${file}`)).slice(0, 64);
        const entry = (name: string, digest: string) =>
            `artifact ${name} 1 arm/${name}-{arch} amd64=${"0".repeat(64)} arm64=${digest}\n| 0755 /opt/arm/${name}\n`;
        try {
            assert.equal((await machine.probe()).architecture, "arm64");
            const taken = await machine.step("activate apply", entry("text", await sum("text-arm64")));
            assert.equal(taken.code, 0, taken.stderr);
            assert.equal(await machine.root("cat /opt/arm/text"), "for arm64\n");
            const refused = await machine.step("activate apply", entry("true", await sum("true-arm64")));
            if (os.arch() !== "arm64") {
                assert.match(
                    refused.stderr,
                    /arm\/true-arm64 is an executable for another kind of processor than arm64/,
                );
                assert.equal(await machine.root("ls /opt/arm/true 2>/dev/null || true"), "");
            }
        } finally {
            await machine.root("rm /usr/local/sbin/dpkg");
            await machine.step("activate remove");
        }
    });

    it("stage: keeps an image that is no longer wanted until it is applied again, for pods that are ending", async () => {
        const without = stage()
            .replace(/^image .*\n/m, "")
            .replace(/^prove .*\n/m, "");
        const images = () => machine.root("docker images -q demo");
        const id = await images();
        const apply = async (manifest: string) => assert.equal((await machine.step("stage apply", manifest)).code, 0);
        await apply(without);
        assert.equal(await images(), id);
        await apply(stage());
        assert.equal(await images(), id, "wanted again, it is there without being loaded");
        await apply(without);
        await apply(without);
        assert.equal(await images(), "");
        await apply(stage());
        assert.notEqual(await images(), "");
    });

    it("activate: starts units, restarts exactly what changed, and none a second time", async () => {
        const dockerSince = await machine.since("docker");
        const first = await machine.step("activate apply generation=1", activate("one"));
        assert.equal(first.code, 0, first.stderr);
        assert.equal(
            await machine.since("docker"),
            dockerSince,
            "docker runs with its configuration since the base step",
        );
        assert.equal((await machine.root("systemctl is-active first second")).trim(), "active\nactive");
        assert.deepEqual(await machine.step("activate check", activate("one")), { code: 0, stdout: "", stderr: "" });

        const [one, two] = [await machine.since("first"), await machine.since("second")];
        assert.equal((await machine.step("activate apply generation=1", activate("one"))).stdout, "");
        assert.deepEqual([await machine.since("first"), await machine.since("second")], [one, two]);

        const announced = await machine.step("activate check", activate("two"));
        assert.equal(
            announced.stdout,
            "file /etc/demo.conf has other content\nunit second.service: has to restart for /etc/demo.conf\n",
        );
        assert.equal((await machine.step("activate apply", activate("two"))).code, 0);
        assert.equal(await machine.since("first"), one);
        assert.notEqual(await machine.since("second"), two);
    });

    it("stops what needs another unit before that one, and starts it after", async () => {
        const note = (word: string) => `/bin/sh -c "echo ${word} >>/run/order"`;
        const both = (stamp: string) =>
            activate("two")
                .replace("stamp=1", `stamp=${stamp}`)
                .replace("stamp=two", `stamp=${stamp}`)
                .replaceAll(/\| ExecStart=.*/g, (line) => `${line}\n| ExecStop=/bin/sleep 0.5`)
                .replace(
                    /(first[^]*?\| ExecStop=.*)/,
                    `$1\n| ExecStopPost=${note("-first")}\n| ExecStartPre=${note("+first")}`,
                )
                .replace(
                    /(second.service[^]*?\| ExecStop=.*)/,
                    `$1\n| ExecStopPost=+${note("-second")}\n| ExecStartPre=+${note("+second")}`,
                );
        assert.equal((await machine.step("activate apply", both("a"))).code, 0);
        await machine.root("rm /run/order");
        assert.equal((await machine.step("activate apply", both("b"))).code, 0);
        assert.equal(await machine.root("cat /run/order"), "-second\n-first\n+first\n+second\n");
        assert.equal((await machine.step("activate apply", activate("two"))).code, 0);
    });

    /** A unit that another one wants, and others between the two: systemctl asks for one after the other, which takes its time. */
    const crowd = (stamp: string, wanted: string) => {
        const unit = (name: string, more = "") =>
            `unit ${name}.service active stamp=${stamp}\n${more}| [Service]\n| ExecStart=/bin/sleep infinity\n`;
        const others = Array.from({ length: 30 }, (_, index) => unit(`other-${index}`));
        return `${activate("two")}unit wanted.service active stamp=${stamp}\n| [Service]\n${wanted}${others.join("")}${unit("wants", "| [Unit]\n| Wants=wanted.service\n")}`;
    };
    const noting = '| ExecStart=/bin/sleep infinity\n| ExecStartPre=/bin/sh -c "echo +wanted >>/run/order"\n';

    it("starts once what another unit wants that starts with it, also on the way back", async () => {
        await machine.root("rm -f /run/order");
        const { code, stderr } = await machine.step("activate apply", crowd("1", noting));
        assert.equal(code, 0, stderr);
        assert.equal(await machine.root("cat /run/order; rm /run/order"), "+wanted\n");
        const failed = await machine.step("activate apply node=n1", crowd("2", "| ExecStart=/bin/false\n"));
        assert.equal(failed.code, 1);
        assert.match(failed.stderr, /has gone back to what it ran before, and is well/);
        assert.equal(await machine.root("cat /run/order; rm /run/order"), "+wanted\n");
        assert.equal((await machine.step("activate apply", activate("two"))).code, 0);
    });

    it("heals when it was killed between install and restart", async () => {
        const since = await machine.since("second");
        // An artifact whose server accepts and never answers holds the run after the file is there.
        const hanging = activate("three").replace(
            "unit docker",
            `artifact hang 1 hang amd64=${"0".repeat(64)} arm64=${"0".repeat(64)}\n| 0755 /opt/hang\nunit docker`,
        );
        await machine.root(
            "cp /var/lib/slipway/source /tmp/source; echo http://127.0.0.1:8098/ >/var/lib/slipway/source",
        );
        await machine.root("systemd-run -q --unit=hang busybox nc -ll -p 8098 -e /bin/sleep infinity");
        const killed = machine.step("activate apply", hanging);
        await machine.root("until grep -q three /etc/demo.conf && pgrep curl; do sleep 0.05; done");
        await machine.root("kill -9 $(pgrep -f '[s]tep activate apply') $(pgrep curl); systemctl stop hang");
        assert.notEqual((await killed).code, 0);
        await machine.root("cp /tmp/source /var/lib/slipway/source");
        assert.equal(await machine.since("second"), since, "the file was changed, nothing was restarted");

        const report = await machine.probe();
        assert.ok(report.kinds.activate!.differences > 0);
        const healed = await machine.step("activate apply", activate("three"));
        assert.equal(healed.code, 0, healed.stderr);
        assert.notEqual(await machine.since("second"), since);
        assert.deepEqual(await machine.step("activate check", activate("three")), { code: 0, stdout: "", stderr: "" });
    });

    it("tells a failing unit's name and last lines, without secrets, and heals when it is mended", async () => {
        const failing = `${activate("three")}unit third.service active stamp=1
| [Service]
| ExecStart=/bin/sh -c 'echo no such thing abcdef.0123456789abcdef; exit 3'
| Restart=no
`;
        const failed = await machine.step("activate apply", failing);
        assert.equal(failed.code, 1);
        assert.match(failed.stderr, /no such thing \[token\]/);
        assert.match(failed.stderr, /The unit third.service is failed on \S+ and not active/);
        assert.match(failed.stderr, /journalctl -u third.service/);
        assert.equal((await machine.step("activate apply", activate("three"))).code, 0);
        assert.equal(
            await machine.root("ls /etc/systemd/system | grep third || true"),
            "",
            "the vanished unit is gone",
        );
    });

    it("goes back to what it ran when a unit doesn't come up with what is new, and tries again the next time", async () => {
        const broken = activate("four").replace(
            "| EnvironmentFile=/etc/demo.conf",
            "| EnvironmentFile=/etc/demo.conf\n| ExecStartPre=/bin/false",
        );
        const one = await machine.since("first");
        const failed = await machine.step("activate apply generation=7 node=demo-n1", broken);
        assert.equal(failed.code, 1);
        assert.match(
            failed.stderr,
            /The unit second\.service is .* demo-n1 has gone back to what it ran before, and is well;/,
        );
        assert.match(
            await machine.root("cat /etc/demo.conf; systemctl is-active first second"),
            /=three\nactive\nactive/,
        );
        assert.equal(await machine.since("first"), one, "what had nothing to do with it goes on");
        const { kinds } = await machine.probe();
        assert.equal(kinds.activate!.differences, 1, "the next up knows that there is something to do");
        assert.notEqual(kinds.activate!.generation, 7);
        assert.equal((await machine.step("activate apply generation=7", activate("three"))).code, 0);
        assert.equal((await machine.probe()).kinds.activate!.differences, 0);
    });

    it("has another version read its settings before anything is changed", async () => {
        const version = (number: number) => `link /opt/k8s/kubernetes v${number}
unit daemon.service active stamp=${number} after=/opt/k8s/kubernetes
| [Service]
| ExecStart=/opt/k8s/kubernetes/daemon \\
|     $NOTHING \\
|     -c "while sleep 100; do : 50%%; done"
| [Install]
| WantedBy=multi-user.target
`;
        // The second one says at first that it doesn't know its words.
        await machine.root(`mkdir -p /opt/k8s/v1 /opt/k8s/v2; cp /bin/bash /opt/k8s/v1/daemon
            printf '#!/bin/sh\ncase "$*" in "-c while sleep 100; do : 50%%; done --version") cat /tmp/word; exit $(wc -l </tmp/word);; esac
exec /bin/bash "$@"\n' >/opt/k8s/v2/daemon; chmod +x /opt/k8s/v2/daemon; echo unknown flag: -c >/tmp/word`);
        const both = (number: number) => activate("three") + version(number);
        assert.equal((await machine.step("activate apply", both(1))).code, 0);
        const since = await machine.since("daemon");
        const refused = await machine.step("activate apply node=demo-n1", both(2));
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /demo-n1 was not touched: daemon 2 doesn't take .*: unknown flag: -c\. Take out/);
        assert.deepEqual(
            [await machine.since("daemon"), await machine.root("readlink /opt/k8s/kubernetes")],
            [since, "v1\n"],
        );
        await machine.root(": >/tmp/word");
        const moved = await machine.step("activate apply", both(2));
        assert.equal(moved.code, 0, moved.stderr);
        assert.notEqual(await machine.since("daemon"), since);
        assert.equal((await machine.step("activate apply", activate("three"))).code, 0);
        await machine.root("rm -r /opt/k8s");
    });

    it("shows drift by the probe, mends it, and the next probe is clean", async () => {
        const clean = await machine.probe();
        assert.deepEqual([clean.known, clean.owner], [true, "hex:abc"]);
        assert.deepEqual(
            Object.values(clean.kinds).map(({ differences }) => differences),
            [0, 0, 0],
            JSON.stringify(clean.kinds),
        );
        const { generation } = clean.kinds.activate!;
        await machine.root("systemctl stop first; echo 0 >/proc/sys/net/ipv4/ip_forward");
        const drifted = await machine.probe();
        assert.deepEqual(drifted.kinds.activate, {
            generation: generation + 1,
            differences: 1,
            entries: ["unit first.service: not active"],
        });
        assert.deepEqual(drifted.kinds.base!.entries, ['sysctl net.ipv4.ip_forward is "0" instead of "1"']);
        await machine.step(`activate apply generation=${generation + 1}`, activate("three"));
        await machine.step("base apply owner=hex:abc generation=1", base);
        const mended = await machine.probe();
        assert.deepEqual(mended.kinds.activate, { generation: generation + 1, differences: 0, entries: [] });
        assert.deepEqual(mended.kinds.base, { generation: 1, differences: 0, entries: [] });
    });

    it("restarts what was started with a file changed by hand, and only that", async () => {
        const since = await machine.since("second");
        await machine.root("echo by hand >/etc/demo.conf");
        assert.deepEqual((await machine.probe()).kinds.activate!.entries, ["file /etc/demo.conf has other content"]);
        assert.equal((await machine.step("activate apply", activate("three"))).code, 0);
        assert.equal(await machine.since("second"), since, "it never saw the change");

        await machine.root("echo by hand >/etc/demo.conf; systemctl restart second");
        const restarted = await machine.since("second");
        assert.deepEqual((await machine.probe()).kinds.activate!.entries, [
            "unit second.service: has to restart for /etc/demo.conf, with which it was started",
            "file /etc/demo.conf has other content",
        ]);
        const one = await machine.since("first");
        assert.equal((await machine.step("activate apply", activate("three"))).code, 0);
        assert.notEqual(await machine.since("second"), restarted);
        assert.equal(await machine.since("first"), one);
        assert.equal((await machine.probe()).kinds.activate!.differences, 0);
    });

    it("is healthy after the power was cut", async () => {
        await machine.node.restart();
        assert.deepEqual(await machine.step("base check", base), { code: 0, stdout: "", stderr: "" });
        assert.deepEqual(await machine.step("activate check", activate("three")), { code: 0, stdout: "", stderr: "" });
    });

    it("lets two runs wait for each other, and says so", async () => {
        await machine.root("mkdir -p /run/slipway; systemd-run -q flock /run/slipway/node.lock sleep 2; sleep 0.5");
        const waited = await machine.step("activate check", activate("three"));
        assert.deepEqual(
            [waited.code, waited.stdout],
            [0, "another run works on this node; waiting for it, 300 s at most\n"],
        );
    });

    it("goes through a bastion", async () => {
        const { ssh } = machine.node;
        const inside = await run({ ...ssh, host: "127.0.0.1", port: 22, proxy: ssh }, "uname -n; cat", { stdin: "in" });
        assert.deepEqual([inside.code, inside.stdout], [0, `${machine.node.name}\nin`]);
    });

    it("tells what is wrong with a login", async () => {
        const { ssh } = machine.node;
        await assert.rejects(
            run({ ...ssh, hostKey: `ssh-ed25519 ${Buffer.alloc(51).toString("base64")}` }, "true"),
            /shows another host key than the one pinned/,
        );
        await assert.rejects(run({ ...ssh, user: "nobody" }, "true"), /refuses the login of nobody/);
        await assert.rejects(run({ ...ssh, port: 9 }, "true"), /127\.0\.0\.1:9 can't be reached over SSH/);
        const plain = await machine.node.exec(
            `setpriv --reuid=nobody --regid=nogroup --clear-groups sh ${machine.kit}/step probe`,
        );
        assert.equal(plain.code, 1);
        assert.match(
            plain.stderr,
            /nobody on \S+ may not use sudo without a password: give the account a NOPASSWD rule/,
        );
    });

    it("remove leaves the machine as it was found", async () => {
        await machine.root("pkill busybox; rm -rf /tmp/* || true");
        for (const kind of ["activate", "stage", "base"]) {
            const removed = await machine.step(`${kind} remove`);
            assert.equal(removed.code, 0, removed.stderr);
            if (kind === "base") assert.match(removed.stdout, /not brought back: podman-docker \('apt-get install/);
        }
        assert.equal((await keepalive()).trim(), keepaliveBefore.trim());
        assert.equal(await machine.root("apt-mark showhold"), "curl\n");
        // What stood in docker's way is named, and not brought back.
        const podmans = (line: string) =>
            /podman|\/var\/lib\/containers\//.test(line) ||
            conflicting.has(line.split(/ +/)[line.includes("content:") ? 3 : 2]);
        const remaining = differences(found, await machine.inventory()).filter((line) => !podmans(line));
        assert.deepEqual(remaining, []);
        assert.equal(await machine.root("ls -d /run/slipway 2>/dev/null || true"), "");
    });
});
