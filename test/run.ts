// `npm test`: every suite in turn, then one line that counts. Suites that need the machine come after those that don't.
// bin/slipway.mjs starts it, with the npm packages in place.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { explain, prepare } from "../setup";
import { lab, TestStack } from "./e2e/harness";

interface Counts {
    passed: number;
    failed: number;
    skipped: number;
    /** What failed and why: shown once more at the end, where a cut-off log still has it. */
    failures?: string[];
    /** What was printed, where it was not shown yet. */
    output?: string;
}

const root = path.resolve(__dirname, "..");
const bin = (name: string) => path.join(root, "node_modules", ".bin", name);

/** Each is one command that succeeds or not. */
const checks: Record<string, string[]> = {
    format: [bin("prettier"), "--check", "--log-level", "warn", "."],
    lint: [bin("eslint"), "."],
    types: [bin("tsc"), "--noEmit", "-p", "."],
    shellcheck: ["sh", "test/shellcheck.sh"],
};

/** Each is a set of mocha files. */
const suites: Record<string, string[]> = {
    unit: ["test/unit/**/*.test.ts", "test/golden/**/*.test.ts", "test/components/**/*.test.ts"],
    contract: ["test/contract/**/*.test.ts"],
    fleet: ["test/fleet/**/*.test.ts"],
    kit: ["test/kit/**/*.test.ts"],
    e2e: ["test/e2e/**/*.test.ts"],
    "day-two": ["test/day-two/**/*.test.ts"],
};

/** In this order; what stands together runs side by side: kit waits for machines while the others keep this one busy. */
const order = [["unit"], ["fleet", "contract", "kit"], ["e2e"], ["day-two"]];

/** Suites whose files have machines of their own each: so many files side by side. */
const atOnce: Record<string, number> = { kit: 3 };

/** Hours of upgrades, losses and chaos: only when they are asked for by name. */
const onlyByName = ["day-two"];

/** Suites that need Pulumi, an engine, the mirror and the lab's node images. */
const needMachine = ["contract", "fleet", "kit", "e2e", "day-two"];

/** Makes all of that ready, as `npm run up` does, for the tests' own stack. */
async function prepareMachine(): Promise<Counts> {
    const stack = new TestStack();
    stack.configure(lab.config);
    process.env.SLIPWAY_HOME = stack.home;
    try {
        const prepared = await prepare({ stack: stack.name, configFile: stack.configFile });
        process.env.PATH = prepared.env.PATH;
        await prepared.close();
        return { passed: 1, failed: 0, skipped: 0 };
    } catch (error) {
        console.error(explain(error));
        return { passed: 0, failed: 1, skipped: 0, failures: [`prepare\n${explain(error)}`] };
    }
}

function runCheck(name: string, command: string[]): Counts {
    const result = spawnSync(command[0], command.slice(1), { cwd: root, stdio: "inherit" });
    const ok = result.status === 0;
    console.log(`${ok ? "  ✔" : "  ✘"} ${name}`);
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, failures: ok ? [] : [`the check ${name}`] };
}

/** @param later what a suite beside this one prints is shown when both have ended, so that neither is torn apart */
async function runSuite(name: string, files: string[], later = false): Promise<Counts> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-"));
    const [counts, log] = ["counts.json", "output"].map((file) => path.join(folder, file));
    const output = later ? fs.openSync(log, "w") : ("inherit" as const);
    const parallel = name in atOnce ? ["--parallel", "--jobs", String(atOnce[name])] : [];
    const mocha = spawn(bin("mocha"), ["--exit", "--reporter", "test/reporter.cjs", ...parallel, ...files], {
        cwd: root,
        stdio: ["ignore", output, output],
        env: { ...process.env, SLIPWAY_TEST_COUNTS: counts },
    });
    const [status] = (await once(mocha, "close")) as [number | null];
    const shown = later ? { output: fs.readFileSync(log, "utf8") } : {};
    try {
        const found = JSON.parse(fs.readFileSync(counts, "utf8")) as Counts;
        // A crash after the last test is a failure, too.
        const crash = `The ${name} suite ended with status ${status} after its last test.`;
        const crashed = status !== 0 && found.failed === 0;
        return { ...found, ...shown, ...(crashed && { failed: 1, failures: [crash] }) };
    } catch {
        const crash = `The ${name} suite ended without counting its tests (exit status ${status}).`;
        console.error(crash);
        return { passed: 0, failed: 1, skipped: 0, failures: [crash], ...shown };
    } finally {
        if (later) fs.closeSync(output as number);
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

/** Runs the named suites, or all of them. Returns the exit status. */
export async function main(wanted: readonly string[]): Promise<number> {
    const unknown = wanted.filter((name) => !(name in suites) && name !== "checks");
    if (unknown.length > 0) {
        console.error(`There is no suite ${unknown.join(", ")}; there are checks, ${Object.keys(suites).join(", ")}.`);
        return 2;
    }
    const asked = (name: string) => (wanted.length === 0 ? !onlyByName.includes(name) : wanted.includes(name));
    const total = { passed: 0, failed: 0, skipped: 0 };
    const failures: string[] = [];
    const timed = async (name: string, run: () => Counts | Promise<Counts>, before?: Promise<void>) => {
        const start = Date.now();
        const running = run();
        await before;
        console.log(`\n== ${name}`);
        const counts = await running;
        const seconds = ((Date.now() - start) / 1000).toFixed(0);
        process.stdout.write(counts.output ?? "");
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
        failures.push(...(counts.failures ?? []));
        console.log(`== ${name}: ${seconds} s`);
    };
    if (asked("checks")) {
        for (const [name, command] of Object.entries(checks)) await timed(name, () => runCheck(name, command));
    }
    let machine = false;
    for (const group of order.map((names) => names.filter(asked))) {
        if (group.some((name) => needMachine.includes(name)) && !machine) {
            await timed("prepare", prepareMachine);
            machine = true;
        }
        let last: Promise<void> | undefined;
        for (const name of group) last = timed(name, () => runSuite(name, suites[name], name !== group[0]), last);
        await last;
    }
    failures.forEach((failure) => console.log(`\nFAILED: ${failure}`));
    console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    return total.failed > 0 || total.passed === 0 ? 1 : 0;
}
