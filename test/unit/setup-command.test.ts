import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { artifacts, defaultVersions } from "../../mirror/catalogue";
import { parseArguments } from "../../setup/arguments";
import { farewell, parallelism } from "../../setup/commands/up";
import { obtainKubectl } from "../../setup/kubectl";
import { hostArchitecture } from "../../setup/plan";
import { attempt } from "../../setup/run";
import { keep } from "../../setup/stackRecord";

const root = path.resolve(__dirname, "..", "..");

describe("setup: the command", () => {
    it("takes a snapshot's file and where to put one", () => {
        assert.deepEqual(parseArguments(["restore", "etcd.db", "--yes"]).file, "etcd.db");
        assert.deepEqual(parseArguments(["restore", "etcd.db", "--yes"]).switches, ["--yes"]);
        assert.throws(() => parseArguments(["restore"]), /Say which snapshot is to be put back/);
        assert.deepEqual(parseArguments(["backup", "--to", "/mnt/etcd.db"]).values, { "--to": "/mnt/etcd.db" });
    });

    it("starts without what only some commands need and takes long to load", () => {
        const list = `require("./bin/slipway.ts"); console.log(JSON.stringify(Object.keys(require.cache)))`;
        const { stdout, stderr } = spawnSync(process.execPath, ["--require", "./bin/preload.cjs", "--eval", list], {
            cwd: root,
            encoding: "utf8",
        });
        assert.ok(stdout.includes("/setup/commands/up.ts"), stderr);
        const packages = [...new Set(stdout.match(/node_modules\/(@[^/"]+\/)?[^/"]+/g))];
        const heavy = ["@pulumi/pulumi", "@grpc/grpc-js", "@kubernetes/client-node", "dockerode"];
        const loaded = heavy.filter((name) => packages.includes(`node_modules/${name}`));
        assert.deepEqual(loaded, []);
    });

    it("reads its options and hands the rest on to Pulumi", () => {
        assert.deepEqual(parseArguments(["up"]), {
            command: "up",
            stack: "dev",
            configFile: undefined,
            source: undefined,
            switches: [],
            rest: [],
        });
        const { stack, source, rest } = parseArguments([
            "preview",
            "--stack=hex",
            "--source",
            "build",
            "--diff",
            "--",
            "-v",
        ]);
        assert.deepEqual([stack, source, rest], ["hex", "build", ["--diff", "-v"]]);
        assert.deepEqual(parseArguments(["pulumi", "stack", "ls", "--json"]).rest, ["stack", "ls", "--json"]);
    });

    it("knows what single commands can be told besides", () => {
        assert.deepEqual(parseArguments(["kubeconfig", "--merge", "--stack", "hex"]).switches, ["--merge"]);
        assert.deepEqual(parseArguments(["info", "--json"]).switches, ["--json"]);
        const { switches, rest } = parseArguments(["preview", "--json", "--diff"]);
        assert.deepEqual([switches, rest], [["--json"], ["--diff"]]);
        const pulumis = parseArguments(["preview", "--", "--json"]);
        assert.deepEqual([pulumis.switches, pulumis.rest], [[], ["--json"]]);
        const dashboard = parseArguments(["dashboard", "--port", "8001", "--no-open"]);
        assert.deepEqual([dashboard.values, dashboard.switches], [{ "--port": "8001" }, ["--no-open"]]);
        assert.throws(() => parseArguments(["kubeconfig", "--merg"]), /did you mean "--merge"/);
        assert.throws(() => parseArguments(["info", "--merge"]), /doesn't know "--merge".*--json; what/);
    });

    it("says what is unknown, and what is near", () => {
        assert.throws(() => parseArguments([]), /Say what to do; there are up, preview/);
        assert.throws(() => parseArguments(["upp"]), /no command "upp" \(did you mean "up"\?\)/);
        assert.throws(
            () => parseArguments(["up", "--stak", "x"]),
            /doesn't know "--stak" \(did you mean "--stack"\?\)/,
        );
        assert.throws(
            () => parseArguments(["up", "--source", "biuld"]),
            /--source can't be "biuld" \(did you mean "build"/,
        );
        assert.throws(() => parseArguments(["up", "--stack"]), /--stack needs a value/);
    });

    it("hands words on to kubectl, with the dashes that are kubectl's", () => {
        const { stack, rest } = parseArguments([
            "kubectl",
            "--stack",
            "hex",
            "exec",
            "-it",
            "web",
            "--",
            "ls",
            "--stack",
        ]);
        assert.deepEqual([stack, rest], ["hex", ["exec", "-it", "web", "--", "ls", "--stack"]]);
        assert.deepEqual(parseArguments(["kubectl", "--", "get", "nodes"]).rest, ["get", "nodes"]);
    });

    it("knows what can be done with a mirror", () => {
        const task = (...words: string[]) => parseArguments(["mirror", ...words]).task;
        assert.equal(task(), undefined);
        assert.deepEqual(task("--verify"), { what: "verify" });
        assert.deepEqual(parseArguments(["mirror", "--packages"]).switches, ["--packages"]);
        assert.deepEqual(task("--pin", "--stack", "hex"), { what: "pin" });
        const serve = (host: string, port: number) => ({ what: "serve", host, port });
        assert.deepEqual(task("--serve"), serve("0.0.0.0", 8080));
        assert.deepEqual(task("--serve", "--stack", "hex"), serve("0.0.0.0", 8080));
        assert.deepEqual(task("--serve", "10.0.0.1:80"), serve("10.0.0.1", 80));
        assert.deepEqual(task("--serve=:9000"), serve("0.0.0.0", 9000));
        assert.throws(() => task("--serve", "10.0.0.1:99999"), /can't be "10.0.0.1:99999".*such as/);
        assert.throws(() => task("--verify", "--pin"), /one at a time/);
        assert.throws(() => task("--verfy"), /did you mean "--verify"/);
        assert.throws(() => parseArguments(["up", "--verify"]), /doesn't know "--verify"/);
    });

    it("gives out the mirror's kubectl at the cluster's version, or says how to get it", function () {
        if (process.platform !== "linux") {
            console.log("      skipped: it needs Linux's /proc and executables");
            this.skip();
        }
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-kubectl-"));
        const saved = process.env.SLIPWAY_HOME;
        process.env.SLIPWAY_HOME = path.join(folder, "home");
        try {
            const stack = { stack: "hex" };
            assert.throws(
                () => obtainKubectl(stack, defaultVersions),
                /not filled yet.*`npm run mirror -- --stack hex`/,
            );
            keep("hex", { mirror: folder });
            assert.throws(() => obtainKubectl(stack, defaultVersions), /holds no kubectl v1\.36\.3/);
            const file = path.join(folder, artifacts().kubectl.path(hostArchitecture()));
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.writeFileSync(file, "#!/bin/sh\necho hello $1\n", { mode: 0o644 });
            obtainKubectl(stack, defaultVersions);
            const link = obtainKubectl(stack, defaultVersions);
            assert.equal(link, path.join(folder, "home", "bin", "kubectl-v1.36.3"));
            assert.equal(String(spawnSync(link, ["there"]).stdout), "hello there\n");
        } finally {
            if (saved === undefined) delete process.env.SLIPWAY_HOME;
            else process.env.SLIPWAY_HOME = saved;
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });

    it("ends with 1 and one sentence on stderr, nothing on stdout", () => {
        const run = (...args: string[]) => spawnSync(process.execPath, ["bin/slipway.mjs", ...args], { cwd: root });
        const { status, stdout, stderr } = run("kubeconfg");
        assert.equal(status, 1);
        assert.equal(String(stdout), "");
        assert.match(String(stderr), /^\nThere is no command "kubeconfg" \(did you mean "kubeconfig"\?\); .*\n$/);
        assert.equal(run("--help").status, 0);
    });

    it("refuses an image that can't be made here before anything is touched", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-headlamp-"));
        try {
            const file = path.join(folder, "Pulumi.hex.yaml");
            const node = "{ name: hex-n1, address: 192.168.10.11, roles: [control-plane, worker] }";
            fs.writeFileSync(
                file,
                `config: { "slipway:cluster": { name: hex }, "slipway:nodes": [${node}], "slipway:addons": { headlamp: {} } }`,
            );
            const env = {
                ...process.env,
                SLIPWAY_HOME: path.join(folder, "home"),
                SLIPWAY_CACHE: path.join(folder, "cache"),
            };
            const words = ["mirror", "--stack", "hex", "--config-file", file, "--source", "build"];
            const { status, stderr } = spawnSync(process.execPath, ["bin/slipway.mjs", ...words], { cwd: root, env });
            assert.equal(status, 1);
            assert.match(
                String(stderr),
                /headlamp:v0\.44\.0 can't be put together.*from ghcr\.io only.*\nNothing was touched/,
            );
            assert.deepEqual(fs.readdirSync(folder), ["Pulumi.hex.yaml"]);
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });

    it("shows the end of what failed, and why a program didn't run", async () => {
        const { status, tail } = await attempt("sh", ["-c", "seq 1 40; echo oops >&2; exit 3"]);
        assert.equal(status, 3);
        assert.match(tail, /oops/);
        assert.equal((await attempt("no-such-program", [])).status, "ENOENT");
        assert.equal((await attempt("sleep", ["10"], { timeout: 50 })).status, "time-out");
    });

    it("ends with nodes, URLs, the kubeconfig and three things to try", () => {
        const nodes = [{ name: "a-1", address: "10.0.0.1", roles: ["worker"], versions: { kubernetes: "1.36.3" } }];
        const text = farewell(
            { command: "up", stack: "hex", switches: [], rest: [] },
            { nodes, urls: { web: "http://10.0.0.1:80/" }, endpoint: "https://10.0.0.1:6443" },
            "/k",
        );
        assert.match(text, /^ {2}a-1 {3}worker {2}10\.0\.0\.1 {2}v1\.36\.3$/m);
        assert.match(text, /^ {2}web {2}http:\/\/10\.0\.0\.1:80\/$/m);
        assert.match(text, /^Kubeconfig {2}\/k$/m);
        const tries = text.slice(text.indexOf("To try")).split("\n").slice(1);
        assert.equal(tries.length, 3);
        assert.match(tries[2], /Pulumi\.hex\.yaml, then `npm run preview -- --stack hex`/);
    });

    it("lets as many operations run at once as the nodes can use", () => {
        assert.deepEqual([1, 3, 10, 500].map(parallelism), [16, 16, 40, 256]);
    });

    describe("an interrupt", () => {
        // Stands in for Pulumi: counts what it hears and ends in good order after the first.
        const fake =
            "trap 'n=$((n+1)); echo heard $n; end=1' INT; echo ready; while [ -z \"$end\" ]; do sleep 0.1; done; sleep 2";
        const heardBy = (kill: (pid: number) => void, script: string) =>
            new Promise<string>((resolve) => {
                const code = `require("./setup/engine").runPulumi("sh", ["-c", process.argv[1]], { cwd: ".", env: process.env })
                    .then((status) => console.log("status", status))`;
                const args = ["--require", "tsx/cjs", "-e", code, "--", script];
                const child = spawn(process.execPath, args, {
                    cwd: root,
                    detached: true,
                    stdio: ["ignore", "pipe", "inherit"],
                });
                let output = "";
                let killed = false;
                child.stdout.on("data", (chunk) => {
                    output += chunk;
                    if (killed || !output.includes("ready")) return;
                    killed = true;
                    kill(child.pid as number);
                });
                child.on("close", () => resolve(output));
            });

        it("that was sent to the wrapper alone is handed on once", async () => {
            const output = await heardBy((pid) => {
                process.kill(pid, "SIGINT");
                setTimeout(() => process.kill(pid, "SIGINT"), 100);
            }, fake);
            assert.equal(output, "ready\nheard 1\nstatus 130\n");
        });

        it("that Pulumi heard itself isn't handed on", async () => {
            const pulumi = fake.replace("echo heard $n", "echo heard $n, ^C received");
            const output = await heardBy((pid) => process.kill(-pid, "SIGINT"), pulumi);
            assert.equal(output, "ready\nheard 1, ^C received\nstatus 130\n");
        });
    });
});
