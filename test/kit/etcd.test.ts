import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

import { kitPath } from "../../components/remote";
import { isWhole } from "../../setup/snapshots";
import { eventually } from "../e2e/harness";
import { api, ctl, EtcdMembers, fill, health } from "./etcdMembers";
import type { Machine } from "./machine";

const mebibyte = 2 ** 20;
/** The least that a configuration may ask for. */
const quota = 64;

describe("kit: etcd is looked after, on three machines", function () {
    this.timeout(600_000);
    const etcd = new EtcdMembers();
    let first: Machine;
    let machines: readonly Machine[];

    before(async () => {
        await etcd.start(`${quota}Mi`);
        machines = etcd.machines;
        [first] = machines;
        await ctl(first, "put kept kept-word");
    });
    after(() => etcd.stop());

    const step = (machine: Machine, words: string) => machine.node.exec(`sh ${kitPath()}/step ${words}`);
    const notices = async (machine: Machine) =>
        (JSON.parse((await step(machine, "probe")).stdout) as { notices: string[] }).notices;
    const noticed = (pattern: RegExp, machine: Machine) =>
        eventually(`a notice ${pattern}`, 60, async () => (await notices(machine)).find((text) => pattern.test(text)));
    const alarms = async () => (await ctl(first, "alarm list")).stdout.trim();
    const writes = async () => (await ctl(first, "put probe x")).code === 0;
    const oneAtATime = (all: readonly { from: number; to: number }[]) =>
        all.slice(1).forEach(({ from }, index) => assert.ok(from >= all[index].to, "two at once"));

    it("runs with the quota and the check of its data that it was given", async () => {
        const { stdout } = await ctl(first, "endpoint status -w fields");
        assert.match(stdout, new RegExp(`^"DBSizeQuota" : ${quota * mebibyte}$`, "m"));
        await first.root("systemctl restart etcd");
        assert.match(await first.root("journalctl -q -o cat -u etcd"), /initial corruption checking passed/);
        await etcd.well();
    });

    it("free pages are given back, one member after the other, the leader last", async () => {
        await fill(first, "free$n", 30);
        const { stdout } = await ctl(first, "endpoint status -w fields");
        const revision = Number(/"Revision" : (\d+)/.exec(stdout)![1]);
        assert.equal((await ctl(first, "del free --prefix")).stdout, "30\n");
        await ctl(first, `compact --physical ${revision + 1}`);
        assert.ok((await etcd.sizes()).every((size) => size > 30 * mebibyte));
        const leader = await etcd.leader();
        await etcd.care();
        await eventually("all files are small", 120, async () => {
            // What a compaction frees last counts as free with the next write.
            await ctl(first, "put some write");
            return (await etcd.sizes()).every((size) => size < 8 * mebibyte);
        });
        const done = await etcd.defragmentations();
        assert.equal(done.length, 3);
        oneAtATime(done);
        assert.equal(done[2].machine, leader);
        assert.match(await etcd.said(), /leads etcd now, so that this member can be defragmented/);
        assert.match(await etcd.said(), /defragmented: etcd's file took \d\d\.\d MiB and takes \d\.\d MiB now/);
        await etcd.carelessly();
    });

    it("a full quota refuses writes, and is compacted, defragmented and lifted, aloud", async () => {
        const taken = await fill(first, "again", 2 * quota);
        assert.ok(taken > 30 && taken < quota, `${taken} were taken`);
        assert.equal(await writes(), false);
        assert.match(await alarms(), /NOSPACE/);
        await etcd.care();
        await eventually("writes are taken again", 240, writes);
        await eventually("no alarm", 30, async () => (await alarms()) === "");
        oneAtATime(await etcd.defragmentations());
        const said = await etcd.said();
        assert.match(said, /reached its quota of 64\.0 MiB, and every write is refused: compacting and defragmenting/);
        assert.match(said, /etcd takes writes again: its file is below the quota of 64\.0 MiB/);
        assert.match((await ctl(first, "get kept")).stdout, /kept-word/);
        await eventually("no notice", 30, async () => (await Promise.all(machines.map(notices))).flat().length === 0);
        await etcd.carelessly();
    });

    it("nobody is defragmented while another member is down, and it is said for what is waited", async () => {
        await fill(first, "again", 2 * quota);
        const follower = machines.find((machine) => machine !== first)!;
        await follower.root("systemctl stop etcd");
        await etcd.care();
        await noticed(/every write to the API is refused\. It is healed as soon as all control planes run/, first);
        assert.deepEqual(await etcd.defragmentations(), []);
        await follower.root("systemctl start etcd");
        await eventually("writes are taken again", 240, writes);
        await etcd.carelessly();
    });

    it("data that differs is never called sound, whatever else is wrong; it is said", async () => {
        const { stdout } = await ctl(first, "endpoint status -w fields");
        const memberID = /"MemberID" : (\d+)/.exec(stdout)![1];
        for (const alarm of ["NOSPACE", "CORRUPT"])
            await api(first, "maintenance/alarm", { action: "ACTIVATE", memberID, alarm });
        await etcd.care();
        await noticed(/data of a member differs from the others'.*docs\/recovering\.md/, first);
        await eventually(
            "some rounds",
            30,
            async () =>
                (await first.root("journalctl -q -o cat -u etcd | grep -c 'due to an alarm'; true")).trim() > "5",
        );
        assert.match(await alarms(), /CORRUPT/);
        await etcd.carelessly();
        for (const alarm of ["NOSPACE", "CORRUPT"])
            await api(first, "maintenance/alarm", { action: "DEACTIVATE", memberID, alarm });
        await etcd.well();
    });

    it("a member whose data differs doesn't start beside the others", async () => {
        const [, , last] = machines;
        await ctl(first, "put sound sound-for-all");
        await eventually("it arrives", 20, async () =>
            /sound/.test((await ctl(last, "get sound --consistency=s")).stdout),
        );
        await last.root("systemctl stop etcd; cp -a /var/lib/etcd/member /root/sound");
        await last.root(
            "sed -i 's/sound-for-all/wrong-for-all/' /var/lib/etcd/member/snap/db; systemctl start --no-block etcd",
        );
        await eventually("a refusal", 60, async () =>
            /data inconsistency with peers/.test(await last.root("journalctl -q -o cat -u etcd")),
        );
        assert.doesNotMatch(await health(last), /"true"/);
        await last.root(
            "systemctl stop etcd; rm -rf /var/lib/etcd/member; mv /root/sound /var/lib/etcd/member; systemctl start etcd",
        );
        await etcd.well();
    });

    it("a snapshot is whole by its own digest; one that can't be taken, or copied, is said, and the others go on", async () => {
        const { stdout, code } = await step(first, "give-snapshot folder=/var/backups/etcd keep=2");
        assert.equal(code, 0);
        const [name, digest, text] = stdout.split("\n");
        const content = gunzipSync(Buffer.from(text, "base64"));
        assert.equal(createHash("sha256").update(content).digest("hex"), digest);
        assert.ok(isWhole(content) && !isWhole(content.subarray(0, -512)));

        await first.root("mkdir -p /mnt/full && mount -t tmpfs -o size=64k tmpfs /mnt/full");
        const words = "node=m1 keep=2 every=1 prefix=kit folder=/var/backups/etcd place=folder to=/mnt/full";
        const unit = (named: string, more: string) =>
            first.root(`systemd-run -q --unit=${named} -p SuccessExitStatus=143 sh ${kitPath()}/step ${more}`);
        await unit("copies", `copy-snapshots ${words}`);
        await noticed(new RegExp(`The snapshot ${name} of m1 .* folder: .*No space left on device`), first);
        assert.equal(await first.root("find /mnt/full -type f"), "", "half a copy stays");
        // A snapshot is named by the second in which it is taken.
        await eventually("another snapshot", 10, async () => {
            const { stdout } = await step(first, "give-snapshot folder=/var/backups/etcd keep=2");
            return stdout !== "" && !stdout.startsWith(name);
        });
        await first.root("mount -o remount,size=1g /mnt/full");
        await eventually("copies", 120, async () => (await first.root("ls /mnt/full/kit/m1 | wc -l")).trim() === "2");
        await eventually("no notice", 20, async () => (await notices(first)).length === 0);
        const { stdout: listed } = await step(
            first,
            "list-snapshots folder=/var/backups/etcd place=folder to=/mnt/full prefix=kit",
        );
        assert.match(listed, new RegExp(`^folder m1/${name} \\d+$`, "m"));
        await first.root(
            "systemctl stop copies; umount /mnt/full; mkdir /mnt/tiny; mount -t tmpfs -o size=64k tmpfs /mnt/tiny",
        );

        // Due at once: there is one, of long ago.
        await first.root("touch -d '2 days ago' /mnt/tiny/etcd-20260101T000000Z.db");
        await unit("snapshots", "snapshots folder=/mnt/tiny hours=1 keep=2");
        await noticed(/No snapshot of etcd on .*free space of \/mnt\/tiny/, first);
        await first.root("systemctl stop snapshots; umount /mnt/tiny");
    });

    describe("more than half of the members are gone", () => {
        const look = async (machine: Machine) =>
            JSON.parse((await step(machine, "recover look")).stdout) as Record<string, unknown>;
        const members = async (machine: Machine) =>
            (await ctl(machine, "member list")).stdout.trim().split("\n").length;
        const take = () => step(first, `recover take node=m1 address=${first.node.address} token=kit-2`);

        it("each says so, and for a living cluster none does", async () => {
            const { quorum, data } = await look(first);
            assert.deepEqual([quorum, data], [true, true]);
            await ctl(first, "put last last-word");
            await etcd.care();
            await Promise.all(machines.slice(1).map((machine) => machine.root("systemctl stop etcd")));
            await noticed(/etcd has no leader.*`npm run recover`/, first);
            const { quorum: left, data: there, revision, recovering } = await look(first);
            assert.deepEqual([left, there, recovering], [false, true, false]);
            assert.ok(Number(revision) > 100);
            const { revision: stopped, etcd: state } = await look(machines[1]);
            assert.deepEqual([Number(stopped) > 100, state], [true, "inactive"]);
            await etcd.carelessly();
        });

        it("what one holds becomes a cluster of that one, also after runs that were cut off", async () => {
            assert.equal((await take()).code, 0);
            // As if the power had gone here, twice.
            assert.equal((await take()).code, 0);
            assert.equal((await step(first, "restore put")).code, 0);
            assert.equal((await look(first)).recovering, true);
            assert.equal((await take()).code, 0);
            assert.equal((await step(first, "restore put")).code, 0);
            await first.root("systemctl start etcd");
            assert.match((await ctl(first, "get last")).stdout, /last-word/);
            assert.equal(await members(first), 1);
            assert.ok(await writes());
        });

        it("and can be undone until it works", async () => {
            assert.equal((await step(first, "recover leave")).code, 0);
            const { recovering, quorum } = await look(first);
            assert.deepEqual([recovering, quorum], [false, false]);
            assert.equal((await take()).code, 0);
            assert.equal((await step(first, "restore put")).code, 0);
            await first.root("systemctl start etcd");
            assert.equal((await step(first, "restore done")).code, 0);
            assert.equal(
                await first.root("ls -A /var/lib/etcd; ls /var/lib/slipway/recovering 2>/dev/null; true"),
                "member\n",
            );
        });

        it("members that come back all the same find nobody they know", async () => {
            await Promise.all(machines.slice(1).map((machine) => machine.root("systemctl start etcd")));
            await ctl(machines[1], "put strange x");
            assert.equal(await members(machines[1]), 3);
            assert.equal(await members(first), 1);
            assert.equal((await ctl(first, "get strange")).stdout, "");
            assert.match((await ctl(first, "get last")).stdout, /last-word/);
        });

        it("data that is damaged is refused, and stays", async () => {
            await first.root("systemctl stop etcd; cp -a /var/lib/etcd/member /root/member");
            await first.root(
                "head -c 100000 /dev/zero | dd of=/var/lib/etcd/member/snap/db bs=4096 seek=2 conv=notrunc 2>/dev/null",
            );
            const { code, stderr } = await take();
            assert.equal(code, 1);
            assert.match(stderr, /is damaged .*recover another control plane, or `restore` a snapshot/);
            assert.match(await first.root("ls -A /var/lib/etcd"), /^member\n$/);
        });
    });
});
