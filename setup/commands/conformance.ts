import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Architecture } from "../../components/inventory/node";
import { testImages } from "../../mirror/conformance/images";
import { suiteJob, suitePaths } from "../../mirror/conformance/suite";
import { fillMirror } from "../../mirror/fill";
import { conformanceDocument } from "../../operations/conformance/document";
import type { Outcome } from "../../operations/conformance/report";
import { countResults, describeResults, isClean, type Results } from "../../operations/conformance/results";
import { choose, shortRun, unknownParts, type Spec } from "../../operations/conformance/specs";
import type { Arguments } from "../arguments";
import { listSpecs, logFile, runSpecs, type Programs } from "../conformance/ginkgo";
import {
    circumstancesOf,
    describeCluster,
    factsOf,
    missingImages,
    targetOf,
    type Facts,
    type Target,
} from "../conformance/target";
import { Failure } from "../failure";
import { cacheFolder, dataFolder } from "../paths";
import { hostArchitecture } from "../plan";
import { duration, type Progress } from "../progress";
import { probeSites } from "../reachability";
import { commandFor } from "../texts";

/** Tests at a time, unless --procs says otherwise: they mostly wait. */
const standardProcs = 4;
/** Minutes: what upstream's own runs have. */
const standardMinutes = 24 * 60;

/** `slipway conformance`: lets Kubernetes' own tests judge a cluster. Ends with 1 when one fails or didn't run. */
export async function conformance(args: Arguments, root: string, progress: Progress): Promise<number> {
    const procs = wholeNumber(args, "--procs", standardProcs);
    const minutes = wholeNumber(args, "--minutes", standardMinutes);
    const short = args.switches.includes("--short");
    const target = await targetOf(args, root, progress);
    const facts = await factsOf(target);
    const sites = await probeSites();
    await refuseMissing(args, target, facts, { short, registry: sites.images });

    const folder = path.join(dataFolder(), "conformance", target.name);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const built = !sites.kubernetes;
    const programs = await progress.phase("Kubernetes' tests", (report) =>
        obtainSuite(facts.version, built ? "build" : "upstream", report),
    );
    const all = await listSpecs(programs, folder);
    const parts = wantedParts(args, all, short);
    const before = args.switches.includes("--resume") ? readResults(folder, facts.version) : undefined;
    const circumstances = await circumstancesOf(target, facts, sites.images);
    const passed = new Set(
        Object.entries(before?.outcomes ?? {}).flatMap(([name, { state }]) => (state === "passed" ? [name] : [])),
    );
    const choice = choose(all, circumstances, { parts, passed });
    const wanted = all.map(({ name }) => name).filter((name) => !parts || parts.some((part) => name.includes(part)));

    const { reports, seconds } = await progress.phase("Conformance tests", async (report) => {
        if (choice.run.length === 0) return { reports: [], seconds: 0 };
        const ended = (count: number) => report(`${count} of ${choice.run.length} ended`);
        ended(0);
        return runSpecs(programs, target, facts, {
            specs: choice.run,
            procs,
            limit: minutes * 60_000,
            folder,
            ended,
        });
    });
    const fresh = reports.flatMap(({ name, outcome }) => (outcome ? [[name, outcome] as const] : []));
    const results: Results = {
        version: `v${facts.version}`,
        commit: commitOf(root),
        date: new Date().toISOString(),
        cluster: describeCluster(target, facts),
        origin: built ? `built from k8s.io/kubernetes v${facts.version}` : `upstream's release v${facts.version}`,
        circumstances,
        seconds: (before?.seconds ?? 0) + seconds,
        short,
        wanted,
        outcomes: { ...before?.outcomes, ...(Object.fromEntries(fresh) as Record<string, Outcome>) },
        leftOut: choice.leftOut,
    };
    writeResults(folder, results);
    const record = args.values?.["--record"];
    if (record !== undefined) {
        const intro = path.join(root, "operations", "conformance", "introduction.md");
        fs.writeFileSync(record, conformanceDocument(fs.readFileSync(intro, "utf8"), results));
    }
    process.stdout.write(`${describeResults(results)}\n`);
    const counts = countResults(results);
    if (counts.failed.length > 0) progress.say(`What the tests said is in ${logFile(folder)}.`);
    if (counts.open.length > 0) progress.say(`${commandFor("conformance", args, ["--resume"])} goes on.`);
    progress.say(`The tests ran for ${duration(seconds * 1000)}.`);
    return isClean(counts) ? 0 : 1;
}

/** Both programs at the cluster's version; the second time they are there. */
export async function obtainSuite(
    version: string,
    source: "upstream" | "build",
    report: (line: string) => void,
): Promise<Programs> {
    const arch = hostArchitecture();
    await fillMirror({
        source,
        folder: suiteFolder(source),
        architectures: [arch],
        jobs: [suiteJob(source, version, arch)],
        progress: report,
    });
    const programs = suitePrograms(version, source, arch);
    Object.values(programs).forEach((file) => fs.chmodSync(file as string, 0o755));
    return programs;
}

const suiteFolder = (source: "upstream" | "build") => path.join(cacheFolder(), "conformance", source);

/** Where they are, once they were obtained. */
export function suitePrograms(version: string, source: "upstream" | "build", arch: Architecture): Programs {
    const { tests, ginkgo } = suitePaths(version, arch);
    return { tests: path.join(suiteFolder(source), tests), ginkgo: path.join(suiteFolder(source), ginkgo) };
}

/** Images that nodes neither have nor can pull: with a pull that fails, a test waits for minutes and says nothing of it. */
async function refuseMissing(
    args: Arguments,
    target: Target,
    facts: Facts,
    { short, registry }: { short: boolean; registry: boolean },
): Promise<void> {
    if (registry) return;
    const wanted = testImages(facts.version, short ? "short" : "whole");
    const missing = missingImages(facts, Object.values(wanted));
    if (missing.length === 0) return;
    const way =
        args.values?.["--kubeconfig"] === undefined
            ? `set conformance: ${short ? "short" : "whole"} under slipway:cluster and run ${commandFor("up", args)}.`
            : "bring them to the nodes, under these names.";
    throw new Failure(
        `registry.k8s.io can't be reached, and nodes of ${target.name} lack ${missing.join(", ")}: ${way}`,
    );
}

/** Parts of the names of what is to be run; undefined: everything. */
function wantedParts(args: Arguments, all: readonly Spec[], short: boolean): readonly string[] | undefined {
    const focus = args.values?.["--focus"];
    if (focus !== undefined) {
        if (unknownParts(all, [focus]).length > 0) throw new Failure(`No conformance test has "${focus}" in its name.`);
        return [focus];
    }
    if (!short) return undefined;
    const unknown = unknownParts(all, shortRun);
    if (unknown.length > 0) throw new Failure(`Kubernetes has no such tests any more: ${unknown.join("; ")}.`);
    return shortRun;
}

function wholeNumber(args: Arguments, name: string, standard: number): number {
    const text = args.values?.[name] ?? String(standard);
    if (!/^[1-9]\d{0,4}$/.test(text)) throw new Failure(`${name} can't be "${text}": it is a whole number from 1 on.`);
    return Number(text);
}

const resultsFile = (folder: string) => path.join(folder, "results.json");

function readResults(folder: string, version: string): Results | undefined {
    if (!fs.existsSync(resultsFile(folder))) return undefined;
    const results = JSON.parse(fs.readFileSync(resultsFile(folder), "utf8")) as Results;
    return results.version === `v${version}` ? results : undefined;
}

function writeResults(folder: string, results: Results): void {
    const draft = `${resultsFile(folder)}.${process.pid}`;
    fs.writeFileSync(draft, `${JSON.stringify(results, null, 2)}\n`);
    fs.renameSync(draft, resultsFile(folder));
}

function commitOf(root: string): string {
    try {
        return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
    } catch {
        return "";
    }
}
