import * as assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";

import { sha256 } from "../../mirror/files";
import { attempt } from "../../setup/run";
import { writeCertificates } from "../contract/kubernetes/certificates";
import { eventually } from "../e2e/harness";
import { LocalNode, readOrNothing, type RunningStep } from "./local";
import { S3Server } from "./s3Server";

const snapshots = "/var/backups/etcd";
const nameOf = (number: number) => `etcd-2026112${number}T201500Z.db`;

describe("kit: copies of snapshots", function () {
    this.timeout(60_000);
    let node: LocalNode;
    const running: RunningStep[] = [];

    beforeEach(() => {
        node = new LocalNode();
        for (const folder of ["/run/slipway", "/var/lib/slipway"]) fs.mkdirSync(node.at(folder), { recursive: true });
    });
    afterEach(async () => {
        for (const step of running.splice(0)) await step.stop();
        node.dispose();
    });

    /** Something that looks like a snapshot from outside: copies never open one. */
    const take = (number: number) => {
        const content = randomBytes(2000 + number);
        node.write(`${snapshots}/${nameOf(number)}`, "");
        fs.writeFileSync(node.at(`${snapshots}/${nameOf(number)}`), content);
        return content;
    };
    const copying = (words: string, keep = 3) => {
        const own = `copy-snapshots node=hex-n1 folder=${node.at(snapshots)} keep=${keep} every=1`;
        const step = node.start(`${own} ${words}`);
        running.push(step);
        return step;
    };
    /** Those that probes find. */
    const notices = () => (JSON.parse(node.step("probe").stdout) as { notices: string[] }).notices;

    describe("in a store that speaks S3", () => {
        // Longer than a digest's block, which its key is hashed for.
        const login = { access: "AKIAEXAMPLE", secret: `${"wJalrXUtnFEMI/K7MDENG+bPxRfiCY".repeat(3)}%$&` };
        const region = "eu-central-1";
        let certificates: string;
        let store: S3Server;
        let others: S3Server[] = [];

        const serve = async (more: Partial<Parameters<typeof S3Server.start>[0]> = {}) => {
            const read = (name: string) => fs.readFileSync(path.join(certificates, name), "utf8");
            const tls = { certificate: read("server.crt"), key: read("server.key") };
            const started = await S3Server.start({ ...tls, login, region, bucket: "backups", ...more });
            others.push(started);
            return started;
        };
        const keys = (secret = login.secret) =>
            node.write("/etc/etcd/store-keys", `access-key=${login.access}\nsecret-key=${secret}\n`);
        const place = (port = store.port) =>
            `place=s3 endpoint=https://localhost:${port} region=${region} bucket=backups prefix=etcd/hex ` +
            `authority=${certificates}/ca.crt`;

        before(async () => {
            certificates = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-store-"));
            await writeCertificates(certificates, "localhost");
        });
        after(() => fs.rmSync(certificates, { recursive: true, force: true }));
        beforeEach(async () => {
            store = await serve({ page: 2 });
            keys();
        });
        afterEach(async () => {
            await Promise.all(others.map((server) => server.stop().catch(() => undefined)));
            others = [];
        });

        const ours = (from = store) => [...from.objects.keys()].filter((name) => name.startsWith("etcd/hex/hex-n1/"));
        const arrived = (numbers: readonly number[], from = store) =>
            eventually(`${numbers.join(", ")} in the store`, 20, async () => {
                const wanted = numbers.map((number) => `etcd/hex/hex-n1/${nameOf(number)}`);
                return ours(from).sort().join() === wanted.sort().join();
            });

        it("the store here checks signatures as others do: it takes what curl signs by itself", async function () {
            const version = /^curl (\d+)\.(\d+)/.exec((await attempt("curl", ["--version"])).tail) ?? [];
            if (Number(version[1]) * 1000 + Number(version[2]) < 7088) {
                console.log("      skipped: this curl signs nothing for stores (7.88 and newer do)");
                this.skip();
            }
            const url = `https://localhost:${store.port}/backups?list-type=2&prefix=etcd`;
            const user = (secret: string) => [
                "--user",
                `${login.access}:${secret}`,
                "--cacert",
                `${certificates}/ca.crt`,
            ];
            const words = [
                "-fsS",
                "--aws-sigv4",
                `aws:amz:${region}:s3`,
                "-H",
                `x-amz-content-sha256: ${sha256("")}`,
                url,
            ];
            assert.equal((await attempt("curl", [...user(login.secret), ...words])).status, 0);
            assert.equal((await attempt("curl", [...user("wrong"), ...words])).status, 22);
        });

        it("they arrive whole, the newest ones; older ones go, and other machines' stay", async () => {
            const old = Buffer.from("old");
            for (const number of [0, 1, 2]) store.objects.set(`etcd/hex/hex-n1/${nameOf(number)}`, old);
            store.objects.set(`etcd/hex/hex-n2/${nameOf(0)}`, old);
            store.objects.set("etcd/hex/hex-n1/README", old);
            const contents = [3, 4, 5, 6].map(take);
            copying(place());
            await eventually("three copies", 20, async () => !store.objects.has(`etcd/hex/hex-n1/${nameOf(0)}`));
            const names = [4, 5, 6].map((number) => `etcd/hex/hex-n1/${nameOf(number)}`);
            assert.deepEqual(ours().sort(), ["etcd/hex/hex-n1/README", ...names].sort());
            names.forEach((name, index) => assert.ok(store.objects.get(name)!.equals(contents[index + 1]), name));
            assert.ok(store.objects.has(`etcd/hex/hex-n2/${nameOf(0)}`));

            // The next one takes the place of the oldest, and nothing is sent twice.
            take(7);
            await eventually("the fourth", 20, async () => !store.objects.has(names[0]));
            assert.equal(store.log.filter((line) => line.startsWith("PUT")).length, 4);
            assert.deepEqual(notices(), []);
        });

        it("a wrong key is said, in the journal and to whoever looks, and the right one is taken without a restart", async () => {
            keys("wrong");
            take(1);
            const step = copying(place());
            const [notice] = await eventually("a notice", 20, async () => notices().length > 0 && notices());
            assert.match(
                notice,
                /^The snapshot etcd-20261121T201500Z\.db of hex-n1 is not in its place for copies, s3: /,
            );
            assert.match(notice, /status 403: SignatureDoesNotMatch: .*It is tried again/);
            await eventually("it is in the journal", 20, async () => step.stderr === `${notice}\n`);
            assert.equal(ours().length, 0);
            await eventually("it is tried again", 20, async () => store.log.length > 1);
            assert.equal(step.stderr, `${notice}\n`, "what lasts is said once");
            keys();
            await arrived([1]);
            await eventually("the notice goes", 20, async () => notices().length === 0);
            await eventually("it is said", 20, async () => /etcd-20261121T201500Z\.db is in s3/.test(step.stdout));
        });

        it("a store that is down is asked again, and one whose certificate nobody knows isn't believed", async () => {
            const { port } = store;
            await store.stop();
            take(1);
            copying(place(port));
            const [down] = await eventually("a notice", 20, async () => notices().length > 0 && notices());
            assert.match(down, /the store https:\/\/localhost:\d+ gave no answer \(curl: \(7\)/);
            store = await serve({ port });
            await arrived([1]);

            copying(place().replace(/ authority=\S+/, ""));
            const strange = await eventually("a notice", 20, async () =>
                notices().find((text) => /curl: \(60\)/.test(text)),
            );
            assert.match(strange, /certificate/);
        });

        it("a copy of another size than its snapshot doesn't count, and a bucket that isn't there is named", async () => {
            take(1);
            const put = store.objects.set.bind(store.objects);
            store.objects.set = (name, content) => put(name, content.subarray(1));
            copying(place());
            const [short] = await eventually("a notice", 20, async () => notices().length > 0 && notices());
            assert.match(short, /what is there has another size/);
            store.objects.set = put;
            await arrived([1]);
            const missing = copying(place().replace("bucket=backups", "bucket=other"));
            await eventually("a sentence", 20, async () => /404: NoSuchBucket/.test(missing.stderr));
        });

        it("keys are in no argument, no environment and no output of a process while it copies", async () => {
            let open = () => undefined as void;
            const held = new Promise<void>((resolve) => (open = resolve));
            let signature = "";
            const slow = await serve({
                gate: async ({ method, headers }) => {
                    if (method !== "PUT") return;
                    signature = /Signature=(.+)/.exec(headers.authorization!)![1];
                    await held;
                },
            });
            take(1);
            const step = copying(place(slow.port));
            await eventually("a request", 20, async () => signature !== "");
            const seen = step.processes().map((pid) => ({
                arguments: readOrNothing(`/proc/${pid}/cmdline`),
                environment: readOrNothing(`/proc/${pid}/environ`),
            }));
            open();
            await arrived([1], slow);
            assert.ok(
                seen.some((shown) => shown.arguments.startsWith("curl\0")),
                "the upload was seen",
            );
            const plain = [...seen.map((shown) => shown.arguments), step.stdout, step.stderr];
            for (const text of plain) assert.ok(!text.includes("Signature="), text);
            const said = [...seen.map((shown) => JSON.stringify(shown)), step.stdout, step.stderr];
            for (const secret of [login.secret.slice(0, 30), login.access, signature])
                for (const text of said) assert.ok(!text.includes(secret), `${secret} is in ${text}`);
        });

        it("all machines' are listed, with those on this one's disk, and each can be fetched again", async () => {
            const content = randomBytes(5000);
            store.objects.set(`etcd/hex/hex-n2/${nameOf(4)}`, content);
            store.objects.set(`etcd/hex/hex-n1/${nameOf(3)}`, Buffer.from("abc"));
            take(5);
            const folder = `folder=${node.at(snapshots)}`;
            assert.equal(node.step(`list-snapshots node=hex-n1 ${folder}`).stdout, `disk hex-n1/${nameOf(5)} 2005\n`);
            const listed = await node.start(`list-snapshots ${folder} ${place()}`).end();
            assert.equal(listed.stdout, `s3 hex-n1/${nameOf(3)} 3\ns3 hex-n2/${nameOf(4)} 5000\n`);
            const { stdout, code } = await node.start(`give-copy name=hex-n2/${nameOf(4)} ${folder} ${place()}`).end();
            assert.equal(code, 0);
            const [name, digest, text] = stdout.split("\n");
            assert.equal(name, nameOf(4));
            assert.ok(gunzipSync(Buffer.from(text, "base64")).equals(content));
            assert.equal(digest, sha256(content));
            const gone = await node.start(`give-copy name=hex-n2/${nameOf(9)} ${folder} ${place()}`).end();
            assert.match(gone.stderr, /can't fetch hex-n2\/etcd-\w+\.db from s3: .*404: NoSuchKey/);
            assert.deepEqual(fs.readdirSync(node.at("/var/lib/slipway")), [], "nothing is left of what was fetched");
        });
    });

    describe("in a folder", () => {
        // Memory is another file system than the disk that temporary folders are on, or a machine's /tmp than its /dev/shm.
        let disk: string;
        beforeEach(() => (disk = fs.mkdtempSync("/dev/shm/slipway-copies-")));
        afterEach(() => fs.rmSync(disk, { recursive: true, force: true }));
        const place = () => `place=folder to=${disk} prefix=hex`;
        const there = () => fs.readdirSync(path.join(disk, "hex/hex-n1")).sort();

        it("they arrive for their owner alone, the newest ones; what was cut off goes, and other files stay", async () => {
            fs.mkdirSync(path.join(disk, "hex/hex-n1"), { recursive: true });
            for (const name of [nameOf(1), "notes.txt", `.${nameOf(1)}`])
                fs.writeFileSync(`${disk}/hex/hex-n1/${name}`, "x");
            const contents = [2, 3, 4].map(take);
            copying(place());
            const wanted = [...[2, 3, 4].map(nameOf), "notes.txt"];
            await eventually("three copies", 20, async () => there().join() === wanted.join());
            const file = path.join(disk, "hex/hex-n1", nameOf(3));
            assert.ok(fs.readFileSync(file).equals(contents[1]));
            assert.equal(fs.statSync(file).mode & 0o777, 0o600);
            const listed = node.step(`list-snapshots folder=${node.at(snapshots)} ${place()}`).stdout;
            assert.match(listed, new RegExp(`^folder hex-n1/${nameOf(3)} 2003$`, "m"));
        });

        it("what is no other file system isn't one, whatever its name: a share that isn't mounted", async () => {
            take(1);
            const bare = node.at("/mnt/nas");
            fs.mkdirSync(bare, { recursive: true });
            const step = copying(`place=folder to=${bare} prefix=hex`);
            await eventually("a sentence", 20, async () => step.stderr !== "");
            assert.match(step.stderr, /lies on the same file system as .*: is its disk or its share mounted\?/);
            assert.deepEqual(fs.readdirSync(bare), []);
            const absent = copying(`place=folder to=${disk}/absent prefix=hex`);
            await eventually("a sentence", 20, async () => /there is no folder .*absent/.test(absent.stderr));
        });
    });
});
