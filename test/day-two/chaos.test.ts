import assert from "node:assert/strict";
import * as fs from "node:fs";

import { docker, eventually, onNode } from "../e2e/harness";
import { asking, Fleet } from "../e2e/fleet";
import { Random } from "./random";

const fleet = new Fleet("chaos");
const { stack, boards } = fleet;
const [n1, n2, n3, n4, n5] = boards.names;
const controlPlanes = [n1, n2, n3];
const workers = [n4, n5];
const all = [...controlPlanes, ...workers];
const configure = (cluster: Record<string, unknown> = {}) =>
    fleet.configure({ controlPlanes, workers, cluster, workloads: { "my-nginx": { replicas: 3 } } });

const seed = Number(process.env.SLIPWAY_SEED ?? 11);
const random = new Random(seed);

/** What was done, how it went: printed at the end as rows of bench/CHAOS.md. */
const rows: string[] = [];
const tell = (what: string, seen: string) => rows.push(`| ${what} | ${seen} |`);

const seconds = (from: number) => `${((Date.now() - from) / 1000).toFixed(1)} s`;

/** The API takes a word, by a control plane that is well. */
let words = 0;
async function writable(through?: string): Promise<void> {
    const server = through === undefined ? [] : ["--server", `https://${await fleet.addressOf(through)}:6443`];
    const word = `word-${words++}`;
    await stack.kubectl(...server, "create", "configmap", word, `--from-literal=word=${word}`, "--request-timeout=10s");
}

/** Everything that was ever taken is there, all nodes are Ready, all control planes vote, nginx answers. */
async function isWell(): Promise<void> {
    await fleet.allReady(...all);
    await eventually("all vote", 60, async () => (await fleet.voters(n1)).join() === controlPlanes.join());
    const kept = (await stack.kubectl("get", "configmap", "-o", "name")).match(/configmap\/word-\d+/g) ?? [];
    assert.ok(kept.length >= words - refused, `${kept.length} of ${words} words are there`);
    await stack.kubectl("rollout", "status", "deployment/my-nginx", "--timeout=120s");
    await eventually("nginx answers", 60, async () =>
        /Welcome to nginx/.test(await onNode(n4, `curl -fsS --max-time 3 http://${ip}/`)),
    );
}
/** Words that were not to be taken. */
let refused = 0;
let ip = "";

/** Until the API takes a word again by this way. */
const untilWritable = async (through: string) => {
    const from = Date.now();
    await eventually(`${through} takes a word`, 120, async () => {
        await writable(through).catch((error) => {
            refused++;
            throw error;
        });
        return true;
    });
    return seconds(from);
};

const drop = (node: string, ...others: string[]) =>
    Promise.all(
        others.map((other) =>
            onNode(node, `iptables -I INPUT -s ${other} -j DROP; iptables -I OUTPUT -d ${other} -j DROP`),
        ),
    );
const allow = (node: string, ...others: string[]) =>
    Promise.all(
        others.map((other) =>
            onNode(node, `iptables -D INPUT -s ${other} -j DROP; iptables -D OUTPUT -d ${other} -j DROP`),
        ),
    );

describe(`chaos, seed ${seed}`, function () {
    this.timeout(60 * 60_000);
    this.bail(true);
    before(async () => {
        await fleet.start({ controlPlanes, workers });
        configure();
        await stack.must(["up"], { show: true });
        ip = await stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
        await writable();
    });
    after(async () => {
        console.log(rows.map((row) => `      ${row}`).join("\n"));
        await boards.end();
    });

    const daemons: Readonly<Record<string, string>> = {
        etcd: n1,
        "kube-apiserver": n2,
        "kube-controller-manager": n3,
        "kube-scheduler": n1,
        "kube-csr-approver": n2,
        "etcd-snapshots": n3,
        kubelet: n4,
        "kube-proxy": n5,
        docker: n5,
        "cri-dockerd": n5,
        "cri-containerd": n4,
    };
    for (const [unit, node] of Object.entries(daemons)) {
        it(`${unit} of ${node} is killed: it comes back, nothing is lost`, async () => {
            const seen = asking(n2, `curl -fsS --max-time 3 http://${ip}/`);
            const from = Date.now();
            const main = (await onNode(node, `systemctl show -P MainPID ${unit}`)).trim();
            await onNode(node, `kill -9 ${main}`);
            await eventually(`${unit} runs`, 60, async () => {
                const [pid, state] = (await onNode(node, `systemctl show -P MainPID -P ActiveState ${unit}`)).split(
                    "\n",
                );
                return pid !== main && state === "active";
            });
            const back = seconds(from);
            const through = node === n1 ? n2 : n1;
            await writable(through);
            await isWell();
            const { good, bad } = await seen.stop();
            tell(
                `kill -9 of ${unit}`,
                `back after ${back}; nginx: ${bad} of ${good + bad} requests failed; nothing lost`,
            );
            assert.equal(bad, 0, "whoever asks nginx sees nothing of it");
        });
    }

    it("a node is paused, then goes on", async () => {
        const node = random.pick(controlPlanes);
        const other = controlPlanes.find((one) => one !== node)!;
        await docker("pause", node);
        const away = await untilWritable(other);
        await docker("unpause", node);
        await isWell();
        tell(`a control plane paused (${node})`, `the others take writes after ${away}; it votes again by itself`);
    });

    it("a control plane is switched off and on", async () => {
        const node = random.pick(controlPlanes);
        const other = controlPlanes.find((one) => one !== node)!;
        await docker("kill", node);
        const away = await untilWritable(other);
        await docker("start", node);
        const from = Date.now();
        await isWell();
        tell(
            `a control plane switched off (${node})`,
            `the others take writes after ${away}; all well ${seconds(from)} after it is on`,
        );
    });

    it("the way between two control planes is cut, and healed", async () => {
        const [a, b, c] = [n1, n2, n3];
        await drop(a, await fleet.addressOf(b));
        const away = await untilWritable(c);
        await allow(a, await fleet.addressOf(b));
        await isWell();
        tell(
            "the way between two control planes cut",
            `the third takes writes after ${away}; well by itself when healed`,
        );
    });

    it("one control plane is cut off from both others: it takes nothing, they do", async () => {
        const [alone, ...others] = [n2, n1, n3];
        const addresses = await Promise.all(others.map((node) => fleet.addressOf(node)));
        await drop(alone, ...addresses);
        const away = await untilWritable(others[0]);
        await assert.rejects(writable(alone));
        refused++;
        await allow(alone, ...addresses);
        await isWell();
        tell(
            "a control plane cut off from both others",
            `they take writes after ${away}, it takes none; well when healed`,
        );
    });

    it("a lossy network: one packet in five is lost on a control plane", async () => {
        const lossy = (how: "-I" | "-D") =>
            onNode(
                n3,
                `iptables ${how} INPUT -p tcp -m multiport --ports 2379,2380 -m statistic --mode random --probability 0.2 -j DROP`,
            );
        await lossy("-I");
        for (let times = 0; times < 10; times++) await writable(n1);
        await lossy("-D");
        await isWell();
        tell("one in five of etcd's packets of a control plane lost", "10 of 10 writes taken; well");
    });

    it("a slow link: what a control plane sends waits in a queue", async () => {
        // A delay as such (netem) isn't in every kernel; a narrow way makes everything wait.
        await onNode(n3, "tc qdisc add dev eth0 root tbf rate 512kbit burst 8kb latency 400ms");
        for (let times = 0; times < 5; times++) await writable(n1);
        await onNode(n3, "tc qdisc del dev eth0 root");
        await isWell();
        tell("a control plane's link of 512 kbit/s", "5 of 5 writes taken; well");
    });

    it("a slow disk under etcd: the others go on, nothing is lost", async function () {
        const id = (await docker("inspect", "-f", "{{.Id}}", n3)).stdout.trim();
        const file = `/sys/fs/cgroup/blkio/docker/${id}/blkio.throttle.write_iops_device`;
        if (!fs.existsSync(file)) {
            console.log("      skipped: this engine's host has no blkio controller of version 1 to slow a disk with");
            this.skip();
        }
        const { dev } = fs.statSync("/var/lib/docker");
        const disk = `${dev >> 8}:${dev & 255}`;
        fs.writeFileSync(file, `${disk} 10`);
        for (let times = 0; times < 5; times++) await writable(n1);
        fs.writeFileSync(file, `${disk} 0`);
        await isWell();
        tell("10 writes a second at most on a control plane's disk", "5 of 5 writes taken; well");
    });

    it("the disk under etcd is full: the others go on, and with room again it catches up by itself", async () => {
        // A disk of its own, so that what fills it fills no other. Its etcd stays on it until the boards end.
        await onNode(
            n3,
            `systemctl stop etcd && cp -a /var/lib/etcd /run/etcd.kept && mount -t tmpfs -o size=400m,mode=0700 disk /var/lib/etcd &&
            cp -a /run/etcd.kept/. /var/lib/etcd/ && rm -r /run/etcd.kept && systemctl start etcd`,
        );
        await isWell();
        await onNode(n3, "head -c 1G /dev/zero >/var/lib/etcd/filler || df /var/lib/etcd");
        // etcd has its files' room beforehand: what it needs more of is written until there is none.
        const folder = fs.mkdtempSync("/tmp/slipway-chaos-");
        fs.writeFileSync(`${folder}/big`, "x".repeat(900_000));
        try {
            for (let times = 0; times < 100; times++) {
                await stack.kubectl("create", "configmap", `big-${times}`, "--from-file", `${folder}/big`);
                if ((await onNode(n3, "systemctl is-active etcd || true")).trim() !== "active") break;
            }
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
        assert.notEqual((await onNode(n3, "systemctl is-active etcd || true")).trim(), "active", "the disk is full");
        await writable(n1);
        await onNode(n3, "rm /var/lib/etcd/filler");
        const from = Date.now();
        await isWell();
        tell(
            "the disk under a control plane's etcd full",
            `the others take writes; well ${seconds(from)} after it has room`,
        );
    });

    it("docker is restarted under load: its containers go on", async () => {
        const before = await onNode(n5, "docker ps -q --no-trunc | sort");
        const seen = asking(n2, `curl -fsS --max-time 3 http://${ip}/`);
        for (let times = 0; times < 3; times++) {
            await onNode(n5, "systemctl restart docker");
            await eventually("docker answers", 60, () => onNode(n5, "docker version"));
        }
        await isWell();
        const { good, bad } = await seen.stop();
        assert.equal(await onNode(n5, "docker ps -q --no-trunc | sort"), before);
        assert.equal(bad, 0);
        tell("docker restarted three times", `its containers go on; nginx: ${bad} of ${good + bad} requests failed`);
    });

    it("SSH drops in the middle of a step: up says so, and the next one finishes it", async () => {
        configure({ sysctls: { "net.ipv4.tcp_keepalive_intvl": 63 }, kubelet: { maxPods: 103 } });
        const running = stack.slipway(["up"]);
        await eventually("a step is under way", 60, async () =>
            /step (base|activate)/.test(await onNode(n5, "pgrep -af '[s]tep (base|activate) apply' || true")),
        );
        await onNode(n5, "pkill -f '[s]shd: bb' || true");
        const { status, output } = await running;
        await stack.must(["up"]);
        assert.equal(await onNode(n5, "sysctl -n net.ipv4.tcp_keepalive_intvl"), "63\n");
        await isWell();
        await fleet.emptyPreview();
        tell(
            "SSH cut in the middle of a step",
            `up ended with ${status}${status === 0 ? "" : `: ${/ {2}hex-n5 .*/.exec(output)?.[0].trim().slice(0, 120)}`}; the next one finished`,
        );
    });

    it("two operators at once: one works, the other says so", async () => {
        configure({ kubelet: { maxPods: 104 } });
        const both = await Promise.all([stack.slipway(["up"]), stack.slipway(["up"])]);
        assert.deepEqual(both.map(({ status }) => status).sort(), [0, 1]);
        assert.match(both.find(({ status }) => status === 1)!.output, /is working on this stack already/);
        await isWell();
        await fleet.emptyPreview();
        tell("two operators at once", "one works, the other is told so and leaves");
    });

    it("the state file is cut off: up says what to do, and that works", async () => {
        const file = `${stack.home}/state/.pulumi/stacks/slipway/${stack.name}.json`;
        const cut = (name: string) => fs.truncateSync(name, Math.floor(fs.statSync(name).size / 2));
        cut(file);
        assert.match((await stack.slipway(["preview"])).output, /can't be read, as after a power cut/);
        assert.match(
            (await stack.must(["up"])).output,
            /cut off in the middle of a write: going on from the one before/,
        );
        const both = [file, `${file}.bak`];
        both.forEach(cut);
        const { status, output } = await stack.slipway(["up"]);
        assert.equal(status, 1);
        assert.match(output, /move both away and run `slipway adopt`/);
        both.forEach((name) => fs.renameSync(name, `${name}.damaged`));
        await stack.must(["adopt"]);
        await fleet.emptyPreview();
        tell("the state file cut off", "up goes on from the one before it; both cut off: adopt brings it back");
    });

    it("two of three control planes are off: nobody takes writes, and the one says so; one back, all is well", async () => {
        await docker("kill", n1, n2);
        await eventually("writes are refused", 60, async () => {
            const taken = await writable(n3).then(
                () => true,
                () => false,
            );
            if (!taken) refused++;
            return !taken;
        });
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0, output);
        await docker("start", n1);
        const back = await untilWritable(n3);
        await docker("start", n2);
        await isWell();
        tell(
            "two of three control planes off",
            `writes stop; ${back} after one is on they are taken again; nothing lost`,
        );
    });
});
