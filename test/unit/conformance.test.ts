import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { defaultVersions, images, supportedKubernetes, unbuildable } from "../../mirror/catalogue";
import { testImages } from "../../mirror/conformance/images";
import { suiteJob, suitePaths } from "../../mirror/conformance/suite";
import { fillMirror } from "../../mirror/fill";
import { mirrorJobs } from "../../mirror/jobs";
import { conformanceDocument } from "../../operations/conformance/document";
import { leftOut, type Circumstances } from "../../operations/conformance/leftOut";
import { brokenSetup, readReport } from "../../operations/conformance/report";
import { countResults, describeResults, isClean, type Results } from "../../operations/conformance/results";
import { choose, focusOf, shortRun, unknownParts, type Spec } from "../../operations/conformance/specs";
import { parseArguments } from "../../setup/arguments";
import { runSpecs } from "../../setup/conformance/ginkgo";
import {
    circumstancesOf,
    describeCluster,
    missingImages,
    type Facts,
    type Target,
} from "../../setup/conformance/target";

const anywhere: Circumstances = { runtime: "containerd", lab: false, registry: true, answeredOutside: false };
const spec = (name: string, serial = false): Spec => ({ name, serial });

/** A report of Ginkgo's with one entry for each of these. */
function report(...specs: { texts: string[]; state: string; serial?: boolean; type?: string; message?: string }[]) {
    const SpecReports = specs.map(({ texts, state, serial, type = "It", message }) => ({
        LeafNodeType: type,
        LeafNodeText: texts.at(-1) ?? "",
        ContainerHierarchyTexts: texts.length > 1 ? texts.slice(0, -1) : null,
        IsSerial: serial,
        State: state,
        RunTime: 12_340_000_000,
        ...(message !== undefined && { Failure: { Message: message } }),
    }));
    return JSON.stringify([{ SpecReports }]);
}

const results: Results = {
    version: "v1.36.3",
    commit: "abc1234",
    date: "2026-11-28T00:00:00.000Z",
    cluster: "3 nodes of a lab, docker://20.10.24; Debian",
    origin: "built from k8s.io/kubernetes v1.36.3",
    circumstances: anywhere,
    seconds: 5400,
    short: false,
    wanted: ["[sig-node] a", "[sig-node] b", "[sig-apps] c", "[sig-apps] d"],
    outcomes: {
        "[sig-node] a": { state: "passed", seconds: 1 },
        "[sig-node] b": { state: "failed", seconds: 2, message: "expected | this\nnot that" },
        "[sig-apps] other": { state: "failed", seconds: 2 },
    },
    leftOut: [{ name: "[sig-apps] c", reason: "no registry" }],
};

describe("conformance", () => {
    it("reads from Ginkgo's report what passed, what failed and why, and what is still to be run", () => {
        const read = readReport(
            report(
                { texts: ["[sig-node] Pods", "should run [Conformance]"], state: "passed" },
                { texts: ["[sig-apps] Daemon set [Serial] is one"], state: "failed", serial: true, message: "no\nway" },
                { texts: ["[sig-x] hangs"], state: "timedout" },
                { texts: ["[sig-x] was cut off"], state: "timedout", message: "A suite timeout occurred" },
                { texts: ["[sig-x] was interrupted"], state: "interrupted" },
                { texts: ["[sig-x] was skipped"], state: "skipped" },
                { texts: [""], state: "passed", type: "SynchronizedBeforeSuite" },
            ),
        );
        assert.deepEqual(
            read.map(({ name, serial, outcome }) => [name, serial, outcome?.state, outcome?.message]),
            [
                ["[sig-node] Pods should run [Conformance]", false, "passed", undefined],
                ["[sig-apps] Daemon set [Serial] is one", true, "failed", "no\nway"],
                ["[sig-x] hangs", false, "failed", "timedout"],
                ["[sig-x] was cut off", false, undefined, undefined],
                ["[sig-x] was interrupted", false, undefined, undefined],
                ["[sig-x] was skipped", false, undefined, undefined],
            ],
        );
        assert.equal(read[0].outcome?.seconds, 12.3);
    });

    it("tells a suite that could not begin from tests that fail", () => {
        const broken = report({ texts: [""], state: "failed", type: "SynchronizedBeforeSuite", message: "no nodes" });
        assert.equal(brokenSetup(broken), "no nodes");
        assert.equal(brokenSetup(report({ texts: ["a"], state: "failed", message: "no" })), undefined);
    });

    it("asks for just the tests that it names", () => {
        const name = "[sig-storage] EmptyDir (root,0644) should a.b+c? {x} $y ^z \\w | v* [Conformance]";
        const focus = new RegExp(focusOf([name, "[sig-x] other"]));
        assert.match(`Kubernetes e2e suite ${name}`, focus);
        assert.match("Kubernetes e2e suite [sig-x] other", focus);
        assert.doesNotMatch("Kubernetes e2e suite [sig-x] other one", focus);
        assert.doesNotMatch("Kubernetes e2e suite [sig-x] another", focus);
    });

    it("chooses what is wanted, can run, and hasn't passed", () => {
        const all = [spec("[sig-a] one"), spec("[sig-a] two", true), spec("[sig-b] three")];
        assert.deepEqual(choose(all, anywhere).run, all);
        const choice = choose(all, anywhere, { parts: ["[sig-a]"], passed: new Set(["[sig-a] one"]) });
        assert.deepEqual([choice.run, choice.leftOut], [[all[1]], []]);
        assert.deepEqual(unknownParts(all, ["sig-a", "sig-c"]), ["sig-c"]);
    });

    it("counts each wanted test once, and is content only when all that can run has passed", () => {
        const counts = countResults(results);
        assert.deepEqual(counts, {
            passed: ["[sig-node] a"],
            failed: ["[sig-node] b"],
            leftOut: ["[sig-apps] c"],
            open: ["[sig-apps] d"],
        });
        assert.equal(isClean(counts), false);
        assert.equal(isClean({ ...counts, failed: [] }), false);
        assert.equal(isClean({ ...counts, failed: [], open: [] }), true);
        const text = describeResults(results);
        assert.match(text, /✘ \[sig-node\] b\n {4}expected \| this\n/);
        assert.match(text, /\? \[sig-apps\] d/);
        assert.match(text, /- \[sig-apps\] c\n {4}left out: no registry/);
        assert.match(text, /Kubernetes v1\.36\.3: 1 of 4 .* passed, 1 failed, 1 left out, 1 not run\.$/);
    });

    it("writes a page of a run: circumstances, a row for each group, what failed and what was left out", () => {
        const page = conformanceDocument("# Title\n", results);
        assert.match(page, /^# Title\n\n## Recorded\n\n2026-11-28, commit abc1234, Kubernetes v1\.36\.3; 3 nodes/);
        assert.match(page, /They ran for 1 h 30 min\./);
        assert.match(
            page,
            /\| sig-apps \| 0 \| 0 \| 1 \| 1 \|\n\| sig-node \| 1 \| 1 \| 0 \| 0 \|\n\| all \| 1 \| 1 \| 1 \| 1 \|/,
        );
        assert.match(page, /\| \[sig-node\] b \| expected \\\| this \|/);
        assert.match(page, /\| \[sig-apps\] c \| no registry \|/);
    });

    it("has begun docs/conformance.md with its introduction", () => {
        const root = path.resolve(__dirname, "..", "..");
        const intro = fs.readFileSync(path.join(root, "operations/conformance/introduction.md"), "utf8").trim();
        assert.ok(fs.readFileSync(path.join(root, "docs/conformance.md"), "utf8").startsWith(intro));
    });

    it("knows of every supported Kubernetes which images its tests run, and has a part of them for the short run", () => {
        for (const kubernetes of supportedKubernetes) {
            const whole = testImages(kubernetes, "whole");
            const short = testImages(kubernetes, "short");
            assert.deepEqual(Object.keys(short), ["e2eAgnhost", "e2eBusybox", "e2ePause"]);
            assert.ok(Object.keys(whole).length > 10);
        }
        assert.throws(() => testImages("1.33.0", "whole"), /1\.33\.0 need; known are .*1\.36\.3/);
    });

    it("brings the tests' images to nodes where the configuration says so, none of them twice", () => {
        const version = (conformance?: string) => {
            const result = validate({ cluster: { name: "a", conformance }, lab: {} });
            assert.ok("settings" in result);
            return result.settings.cluster.versions;
        };
        assert.deepEqual(Object.keys(images(version())), Object.keys(images()));
        assert.deepEqual(Object.keys(images(version("none"))), Object.keys(images()));
        const references = Object.values(images(version("whole"))).map(({ reference }) => reference);
        assert.equal(new Set(references).size, references.length);
        Object.values(testImages(defaultVersions.kubernetes, "whole")).forEach((each) =>
            assert.ok(references.includes(each)),
        );
        const added = (extent: string) => Object.keys(images(version(extent))).length - Object.keys(images()).length;
        assert.ok(added("short") < added("whole"));
        const wrong = validate({ cluster: { name: "a", conformance: "all" }, lab: {} });
        assert.match("problems" in wrong ? wrong.problems.join() : "", /cluster\.conformance/);
    });

    it("has a job for each of these images, and says which can't be made here", () => {
        for (const source of ["build", "upstream"] as const) {
            const versions = { ...defaultVersions, conformance: "whole" } as const;
            const made = mirrorJobs(source, versions, "arm64").flatMap(({ paths }) => paths);
            Object.values(images(versions)).forEach((image) =>
                assert.ok(made.includes(image.path("arm64")), image.reference),
            );
        }
        assert.deepEqual(unbuildable({ ...defaultVersions, conformance: "whole" }), []);
        const old = unbuildable({ ...defaultVersions, kubernetes: "1.34.4", conformance: "whole" });
        assert.equal(old.length, 2);
        assert.match(old[0], /httpd:2\.4\.38-4.*1\.34\.4.*--source upstream/);
    });

    it("gives agnhost the commands that tests call only where tests are to be run", () => {
        const key = (conformance?: "short" | "whole") =>
            mirrorJobs("build", { ...defaultVersions, conformance }, "amd64").find(
                ({ name }) => name === "image-agnhost",
            )?.key;
        assert.notEqual(key(), key("short"));
        assert.equal(key("short"), key("whole"));
    });

    it("takes upstream's tests by their published digest, and throws away what doesn't fit it", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-suite-"));
        try {
            const site = path.join(folder, "site", "dl.k8s.io/release/v1.36.3");
            fs.mkdirSync(site, { recursive: true });
            const archive = path.join(site, "kubernetes-test-linux-amd64.tar.gz");
            fs.writeFileSync(archive, "not an archive");
            fs.writeFileSync(`${archive}.sha256`, "0".repeat(64));
            const job = suiteJob("upstream", "1.36.3", "amd64", `${path.join(folder, "site")}/`);
            assert.deepEqual(job.paths, Object.values(suitePaths("1.36.3", "amd64")));
            const fill = fillMirror({
                source: "upstream",
                folder: path.join(folder, "out"),
                cache: path.join(folder, "cache"),
                architectures: ["amd64"],
                jobs: [job],
                lock: { upstream: {}, build: {} },
            });
            await assert.rejects(fill, /kubernetes-test-linux-amd64\.tar\.gz has the SHA-256 .*0{64} was expected/);
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });

    const facts: Facts = {
        version: "1.36.3",
        domain: "a.k8s.local",
        nodes: [
            { name: "n1", runtime: "docker://20.10.24", system: "Debian 12", images: ["registry.k8s.io/pause:3.10.2"] },
            { name: "n2", runtime: "containerd://2.4.2", system: "Debian 12", images: ["docker.io/nginx:1"] },
        ],
    };
    const target: Target = { name: "a", kubeconfig: "/k", kubectl: "/usr/bin/kubectl" };

    it("says what is judged, and what of it decides which tests can run", async () => {
        const words = "2 nodes, containerd://2.4.2 and docker://20.10.24; Debian 12";
        assert.equal(describeCluster(target, facts), words);
        assert.equal(
            describeCluster({ ...target, lab: { unused: "" } }, facts),
            words.replace("nodes", "nodes of a lab"),
        );
        const circumstances = { runtime: "containerd and docker", lab: false, registry: false, answeredOutside: false };
        assert.deepEqual(await circumstancesOf(target, facts, false), circumstances);
    });

    it("names images that a node lacks, unless its list is cut off", () => {
        const [first, second] = facts.nodes;
        assert.deepEqual(missingImages(facts, ["registry.k8s.io/pause:3.10.2"]), ["registry.k8s.io/pause:3.10.2"]);
        assert.deepEqual(missingImages({ ...facts, nodes: [second] }, ["nginx:1"]), []);
        const full = { ...second, images: Array.from({ length: 50 }, (_, index) => `x:${index}`) };
        assert.deepEqual(missingImages({ ...facts, nodes: [first, full] }, ["registry.k8s.io/pause:3.10.2"]), []);
    });

    it("hands a request to end on to all of Ginkgo's processes, and takes what they have written down", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ginkgo-"));
        try {
            // As Ginkgo: a parent that waits for its processes, and leaves interrupts to them.
            const one = path.join(folder, "one.js");
            const text = report(
                { texts: ["[sig-x] a"], state: "passed" },
                { texts: ["[sig-x] b"], state: "interrupted" },
            );
            fs.writeFileSync(
                one,
                `process.on("SIGINT", () => { require("fs").writeFileSync("report.json", ${JSON.stringify(text)}); ` +
                    'process.exit(1); }); setInterval(() => undefined, 1000); console.log("\\u2022");',
            );
            const ginkgo = path.join(folder, "ginkgo");
            fs.writeFileSync(
                ginkgo,
                `#!${process.execPath}\nprocess.on("SIGINT", () => undefined);\n` +
                    `require("child_process").spawn(process.execPath, [${JSON.stringify(one)}], { stdio: "inherit" })` +
                    '.on("close", (code) => process.exit(code));\n',
                { mode: 0o755 },
            );
            const wish = { specs: [spec("[sig-x] a"), spec("[sig-x] b")], procs: 4, limit: 60_000, folder };
            const ended = (count: number) => void (count === 1 && process.emit("SIGTERM"));
            const { reports } = await runSpecs({ tests: "e2e.test", ginkgo }, target, facts, { ...wish, ended });
            assert.deepEqual(
                reports.map(({ name, outcome }) => [name, outcome?.state]),
                [
                    ["[sig-x] a", "passed"],
                    ["[sig-x] b", undefined],
                ],
            );
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });

    it("says where to look when the tests could not begin", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ginkgo-"));
        try {
            const wish = { specs: [spec("[sig-x] a")], procs: 4, limit: 60_000, folder, ended: () => undefined };
            const run = runSpecs({ tests: "e2e.test", ginkgo: "/bin/false" }, target, facts, wish);
            await assert.rejects(
                run,
                /could not begin: Ginkgo ended with 1 and left no report\. More is in .*e2e\.log/,
            );
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });

    it("takes its options from the command line", () => {
        const args = parseArguments(["conformance", "--short", "--kubeconfig", "/k", "--minutes=40", "--resume"]);
        assert.deepEqual(
            [args.switches, args.values],
            [["--short", "--resume"], { "--kubeconfig": "/k", "--minutes": "40" }],
        );
        assert.throws(() => parseArguments(["conformance", "--shrot"]), /did you mean "--short"/);
    });

    it("leaves out by name and circumstances only, with a sentence", () => {
        assert.equal(leftOut("[sig-node] Pods should be submitted and removed", anywhere), undefined);
        assert.equal(new Set(shortRun).size, shortRun.length);
        const silent =
            "[sig-network] Services should serve endpoints on same port and different protocols [Conformance]";
        assert.equal(leftOut(silent, anywhere), undefined);
        assert.match(leftOut(silent, { ...anywhere, answeredOutside: true }) ?? "", /something beyond the cluster/);
        const resized =
            "[sig-node] Pod InPlace Resize Container burstable pods - extended resize with equivalents [Conformance]";
        assert.equal(leftOut(resized, anywhere), undefined);
        assert.match(leftOut(resized, { ...anywhere, runtime: "docker" }) ?? "", /doesn't report/);
        const volume = "[sig-node] ImageVolume should succeed with pod and pull policy of Always [Conformance]";
        assert.equal(leftOut(volume, anywhere), undefined);
        assert.match(leftOut(volume, { ...anywhere, registry: false }) ?? "", /pulls an image anew/);
        assert.match(leftOut(volume, { ...anywhere, runtime: "docker" }) ?? "", /cri-dockerd/);
    });
});
