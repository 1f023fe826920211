import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Spec } from "../../operations/conformance/specs";
import { focusOf } from "../../operations/conformance/specs";
import { brokenSetup, readReport } from "../../operations/conformance/report";
import { Failure } from "../failure";
import { run } from "../run";
import type { Facts, Target } from "./target";

/** The two programs, by their paths. */
export interface Programs {
    readonly tests: string;
    readonly ginkgo: string;
}

export interface RunWish {
    readonly specs: readonly Spec[];
    /** Tests at a time. */
    readonly procs: number;
    /** Milliseconds after which no more is begun. */
    readonly limit: number;
    /** Where report and log are put. */
    readonly folder: string;
    /** Called with how many have ended so far. */
    readonly ended: (count: number) => void;
}

export interface RunOutcome {
    readonly reports: ReturnType<typeof readReport>;
    readonly seconds: number;
}

/** Every conformance test that the suite has. Nothing runs. */
export async function listSpecs({ tests }: Programs, folder: string): Promise<Spec[]> {
    const report = path.join(folder, "list.json");
    const words = ["--ginkgo.dry-run", "--ginkgo.focus=\\[Conformance\\]", `--ginkgo.json-report=${report}`];
    await run(tests, [...words, "--ginkgo.silence-skips", "--kubeconfig=/nonexistent"], {
        cwd: folder,
        purpose: "Listing the tests",
    });
    const all = readReport(fs.readFileSync(report, "utf8")).filter(({ state }) => state !== "skipped");
    fs.rmSync(report);
    return all.map(({ name, serial }) => ({ name, serial }));
}

/**
 * Runs tests: several at a time, and then one by one those that want the cluster for themselves. Ctrl-C, the limit and a
 * request to end are handed on to Ginkgo, which cleans up and writes down what it has.
 *
 * @throws Failure when the suite doesn't come to its tests.
 */
export async function runSpecs(programs: Programs, target: Target, facts: Facts, wish: RunWish): Promise<RunOutcome> {
    const { specs, folder } = wish;
    const report = path.join(folder, "report.json");
    fs.rmSync(report, { force: true });
    const ginkgo = [
        `--procs=${Math.min(wish.procs, specs.length)}`,
        `--focus=${focusOf(specs.map(({ name }) => name))}`,
        `--timeout=${Math.ceil(wish.limit / 1000)}s`,
        "--no-color",
        "--silence-skips",
        "--json-report=report.json",
        "--junit-report=junit.xml",
        `--output-dir=${folder}`,
        programs.tests,
        "--",
    ];
    const suite = [
        `--kubeconfig=${target.kubeconfig}`,
        `--kubectl-path=${target.kubectl}`,
        `--dns-domain=${facts.domain}`,
        "--provider=skeleton",
        "--disable-log-dump",
        `--report-dir=${folder}`,
        `--e2e-output-dir=${folder}`,
    ];
    const started = Date.now();
    const status = await inForeground(programs.ginkgo, [...ginkgo, ...suite], folder, wish.ended);
    const seconds = Math.round((Date.now() - started) / 1000);
    const text = fs.existsSync(report) ? fs.readFileSync(report, "utf8") : undefined;
    const broken = text === undefined ? `Ginkgo ended with ${status} and left no report.` : brokenSetup(text);
    if (text === undefined || broken) {
        throw new Failure(`The tests could not begin: ${broken} More is in ${logFile(folder)}.`);
    }
    return { reports: readReport(text), seconds };
}

export const logFile = (folder: string) => path.join(folder, "e2e.log");

function inForeground(
    command: string,
    args: readonly string[],
    folder: string,
    ended: (count: number) => void,
): Promise<number | string> {
    return new Promise((resolve, reject) => {
        // A process group of its own: a Ctrl-C of the terminal reaches Ginkgo and its processes once, by us. Each of them
        // wants to hear of it: the first is only their parent.
        const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true });
        const log = fs.createWriteStream(logFile(folder)).on("error", reject);
        let count = 0;
        const hear = (chunk: Buffer) => {
            log.write(chunk);
            count += [...chunk.toString("utf8").matchAll(/•/g)].length;
            ended(count);
        };
        const stop = () => {
            if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
        };
        process.on("SIGINT", stop).on("SIGTERM", stop);
        child.stdout.on("data", hear);
        child.stderr.on("data", hear);
        child.on("error", reject);
        child.on("close", (code, signal) => {
            process.off("SIGINT", stop).off("SIGTERM", stop);
            log.end(() => resolve(code ?? signal ?? "no status"));
        });
    });
}
