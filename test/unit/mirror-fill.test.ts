import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { writeArchive } from "../../mirror/archive";
import { digestOf, loadDigests, verifyMirror } from "../../mirror/digests";
import { fillMirror, type FillOptions } from "../../mirror/fill";
import { keyOf, type Job, type JobContext } from "../../mirror/job";
import { loadLock, pinMirror } from "../../mirror/lock";
import { serveMirror } from "../../mirror/serve";

/** A job that writes one file per name; counts how often it runs. */
function fakeJob(name: string, version = "1", files = [`host/${name}`]): Job & { runs: number } {
    const job = {
        name,
        title: `${name} ${version}`,
        key: keyOf(name, version),
        paths: files,
        origin: "built" as const,
        runs: 0,
        async make({ out }: { out: string }) {
            job.runs++;
            for (const file of files) {
                fs.mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
                fs.writeFileSync(path.join(out, file), `${file} of version ${version}\n`);
            }
        },
    };
    return job;
}

describe("filling a mirror", () => {
    let folder: string;
    let lines: string[];
    const lock = { upstream: {}, build: {} };
    const fill = (jobs: Job[], more: Partial<FillOptions> = {}) =>
        fillMirror({
            source: "build",
            architectures: ["amd64"],
            jobs,
            cache: path.join(folder, "cache"),
            folder: path.join(folder, "mirror"),
            progress: (line) => lines.push(line),
            lock,
            ...more,
        });

    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "mirror-test-"));
        lines = [];
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    it("records every file, and does nothing the second time", async () => {
        const jobs = [fakeJob("kubelet"), fakeJob("etcd", "3", ["host/etcd", "host/etcdctl"])];
        const mirror = await fill(jobs);
        const digests = loadDigests(mirror);
        assert.deepEqual(Object.keys(digests.files), ["host/etcd", "host/etcdctl", "host/kubelet"]);
        assert.equal(digests.source, "build");
        assert.deepEqual(await verifyMirror(mirror), []);
        await fill(jobs);
        assert.deepEqual(
            jobs.map((job) => job.runs),
            [1, 1],
        );
        assert.throws(() => digestOf(digests, "host/kubectl"), /doesn't hold host\/kubectl.*npm run mirror/);
        assert.throws(() => loadDigests(path.join(folder, "none")), /no filled mirror in .*npm run mirror/);
    });

    it("brings what a job makes beside what was known beforehand, notices when it is gone, and makes it anew on demand", async () => {
        const job = fakeJob("packages", "1", ["packages/debian-12/amd64/Packages"]);
        const one = {
            ...job,
            async make(context: JobContext) {
                await job.make(context);
                fs.writeFileSync(path.join(context.out, "packages/debian-12/amd64/one.deb"), `${job.runs}`);
            },
        };
        const mirror = await fill([one]);
        const deb = path.join(mirror, "packages/debian-12/amd64/one.deb");
        assert.equal(fs.readFileSync(deb, "utf8"), "1");
        fs.rmSync(deb);
        await fill([one]);
        assert.equal(fs.readFileSync(deb, "utf8"), "1");
        await fill([one], { freshPackages: true });
        assert.deepEqual([job.runs, fs.readFileSync(deb, "utf8")], [2, "2"]);
        assert.deepEqual(await verifyMirror(mirror), []);
    });

    it("takes no executable for another kind of processor than its path says, alone or in an archive", async () => {
        const header = (machine: number) => {
            const bytes = Buffer.alloc(64);
            bytes.write("\x7fELF\x02\x01\x01", "latin1");
            bytes.writeUInt16LE(machine, 18);
            return bytes;
        };
        const making = (file: string, machine: number): Job => ({
            ...fakeJob("tool", `${machine}`, [file]),
            async make({ out }) {
                fs.mkdirSync(path.join(out, path.dirname(file)), { recursive: true });
                if (!file.endsWith(".tgz")) return fs.writeFileSync(path.join(out, file), header(machine));
                const entries = [
                    { path: "in/readme", type: "file" as const, content: Buffer.from("text") },
                    { path: "in/tool", type: "file" as const, content: header(machine) },
                ];
                await writeArchive(path.join(out, file), entries);
            },
        });
        await assert.rejects(
            fill([making("host/arm64/tool", 62)]),
            /tool 62 is missing from the mirror: host\/arm64\/tool is for amd64, not for arm64\./,
        );
        await assert.rejects(
            fill([making("host/tool-1.amd64.tgz", 183)]),
            /in\/tool in host\/tool-1\.amd64\.tgz is for arm64, not for amd64\./,
        );
        await assert.rejects(fill([making("host/amd64/tool", 40)]), /another kind of processor \(ELF machine 40\)/);
        await fill([making("host/arm64/tool", 183)]);
        await fill([making("host/tool-1.amd64.tgz", 62)]);
        await fill([making("host/tool", 62)]);
    });

    it("takes from an earlier mirror what has not changed", async () => {
        const [kubelet, etcd] = [fakeJob("kubelet"), fakeJob("etcd")];
        await fill([kubelet, etcd]);
        const newer = fakeJob("kubelet", "2");
        await fill([newer, etcd], { folder: path.join(folder, "other") });
        assert.deepEqual([kubelet.runs, newer.runs, etcd.runs], [1, 1, 1]);
        assert.ok(lines.some((line) => line.includes("etcd 1: kept from before")));
    });

    it("makes a file again that its recipe has changed", async () => {
        await fill([fakeJob("kubelet")]);
        const before = loadDigests(path.join(folder, "mirror"));
        await fill([fakeJob("kubelet", "2")]);
        assert.notDeepEqual(loadDigests(path.join(folder, "mirror")), before);
    });

    for (const [how, damage] of [
        ["altered", (file: string) => fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("host", "evil"))],
        ["truncated", (file: string) => fs.truncateSync(file, 3)],
        ["missing", (file: string) => fs.rmSync(file)],
    ] as const) {
        it(`notices a file that is ${how}, names it and makes it whole`, async () => {
            const jobs = [fakeJob("kubelet"), fakeJob("etcd")];
            const mirror = await fill(jobs);
            damage(path.join(mirror, "host/kubelet"));
            const problems = await verifyMirror(mirror);
            assert.equal(problems.length, 1);
            assert.match(problems[0], new RegExp(`^host/kubelet .*${how}`));
            await fill(jobs);
            assert.deepEqual(await verifyMirror(mirror), []);
            assert.equal(fs.readFileSync(path.join(mirror, "host/kubelet"), "utf8"), "host/kubelet of version 1\n");
            assert.equal(jobs[1].runs, 1);
        });
    }

    it("keeps what was finished when a job fails, names the job, and goes on from there", async () => {
        const jobs = [fakeJob("pause"), fakeJob("kubelet"), fakeJob("etcd")];
        const broken = { ...jobs[1], make: () => Promise.reject(new Error("the disk is full")) };
        await assert.rejects(
            fill([jobs[0], broken, jobs[2]]),
            /kubelet 1 is missing from the mirror: the disk is full\n.*run `npm run mirror` again/,
        );
        assert.deepEqual(Object.keys(loadDigests(path.join(folder, "mirror")).files), ["host/etcd", "host/pause"]);
        await fill(jobs);
        assert.deepEqual(
            jobs.map((job) => job.runs),
            [1, 1, 1],
        );
    });

    it("goes on after kill -9 in the middle of a job, without its leftovers", async () => {
        const script = path.join(folder, "killed.ts");
        const from = (name: string) => JSON.stringify(path.resolve(__dirname, "../../mirror", name));
        fs.writeFileSync(
            script,
            `import * as fs from "node:fs";
            import { fillMirror } from ${from("fill")};
            import { keyOf } from ${from("job")};
            const job = (name, make) => ({ name, title: name, key: keyOf(name, "1"), paths: ["host/" + name], origin: "built", make });
            const write = (out, name, text) => {
                fs.mkdirSync(out + "/host", { recursive: true });
                fs.writeFileSync(out + "/host/" + name, text);
            };
            fillMirror({ source: "build", architectures: ["amd64"], cache: ${JSON.stringify(path.join(folder, "cache"))},
                folder: ${JSON.stringify(path.join(folder, "mirror"))}, lock: { upstream: {}, build: {} }, jobs: [
                job("pause", async ({ out }) => write(out, "pause", "host/pause of version 1\\n")),
                job("kubelet", async ({ out }) => { write(out, "kubelet", "half"); console.log("half"); await new Promise((r) => setTimeout(r, 60000)); }),
            ] });`,
        );
        const child = spawn(process.execPath, ["--require", "tsx/cjs", script], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        await new Promise((resolve) => child.stdout.once("data", resolve));
        child.kill("SIGKILL");
        await new Promise((resolve) => child.once("close", resolve));
        assert.ok(fs.readdirSync(path.join(folder, "cache/made")).some((name) => name.includes(".part-")));

        const jobs = [fakeJob("pause"), fakeJob("kubelet")];
        const mirror = await fill(jobs);
        assert.deepEqual(
            jobs.map((job) => job.runs),
            [0, 1],
        );
        assert.deepEqual(await verifyMirror(mirror), []);
        const left = fs.readdirSync(folder, { recursive: true }).filter((name) => String(name).includes(".part-"));
        assert.deepEqual(left, []);
    });

    it("refuses a file that is pinned to another digest, and takes it once the pin fits", async () => {
        const pinned = { ...lock, build: { "host/kubelet": "0".repeat(64) } };
        await assert.rejects(
            fill([fakeJob("kubelet")], { lock: pinned }),
            /host\/kubelet has the SHA-256 .* pins 0{64}/,
        );
        assert.ok(!fs.existsSync(path.join(folder, "mirror/host/kubelet")));
        const mirror = await fill([fakeJob("kubelet")]);
        const file = path.join(folder, "lock.json");
        pinMirror(mirror, file);
        await fill([fakeJob("kubelet")], { lock: loadLock(file), folder: path.join(folder, "other") });
        assert.equal(loadLock(file).build["host/kubelet"], loadDigests(mirror).files["host/kubelet"].sha256);
    });

    it("says which program is missing, and for what", async () => {
        const paths = process.env.PATH;
        process.env.PATH = folder;
        try {
            await assert.rejects(
                fill([{ ...fakeJob("kubernetes"), needs: ["go"] }]),
                /command go is needed to make kubernetes and was not found. Install Go 1.26/,
            );
        } finally {
            process.env.PATH = paths;
        }
    });

    it("is served over HTTP, its files and nothing else", async () => {
        const mirror = await fill([fakeJob("kubelet")]);
        fs.writeFileSync(path.join(folder, "secret"), "secret");
        const server = await serveMirror({ folder: mirror });
        try {
            const get = async (name: string) => {
                const response = await fetch(server.url + name);
                return [response.status, await response.text()] as const;
            };
            assert.deepEqual(await get("host/kubelet"), [200, "host/kubelet of version 1\n"]);
            assert.equal((await get("manifest.json"))[0], 200);
            for (const name of ["host", "host/kubectl", "%2e%2e/secret", "..%2fsecret", ".seen.json"]) {
                assert.equal((await get(name))[0], 404, name);
            }
            await assert.rejects(
                serveMirror({ folder: mirror, port: Number(new URL(server.url).port) }),
                /Port \d+ of 127.0.0.1 is taken/,
            );
        } finally {
            await server.close();
        }
    });
});
