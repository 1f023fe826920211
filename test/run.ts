// `npm test`: every suite in turn, then one line that counts. Suites that need the machine come after those that don't.
// bin/slipway.mjs starts it, with the npm packages in place.
import { spawnSync } from "node:child_process";
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

/** Each is a set of mocha files, in this order. */
const suites: Record<string, string[]> = {
    unit: ["test/unit/**/*.test.ts", "test/golden/**/*.test.ts", "test/components/**/*.test.ts"],
    contract: ["test/contract/**/*.test.ts"],
    fleet: ["test/fleet/**/*.test.ts"],
    kit: ["test/kit/**/*.test.ts"],
    e2e: ["test/e2e/**/*.test.ts"],
};

/** Suites that need Pulumi, an engine, the mirror and the lab's node images. */
const needMachine = ["contract", "fleet", "kit", "e2e"];

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

function runSuite(name: string, files: string[]): Counts {
    const counts = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-")), "counts.json");
    const result = spawnSync(bin("mocha"), ["--exit", "--reporter", "test/reporter.cjs", ...files], {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, SLIPWAY_TEST_COUNTS: counts },
    });
    try {
        const found = JSON.parse(fs.readFileSync(counts, "utf8")) as Counts;
        // A crash after the last test is a failure, too.
        const crash = `The ${name} suite ended with status ${result.status} after its last test.`;
        return result.status !== 0 && found.failed === 0 ? { ...found, failed: 1, failures: [crash] } : found;
    } catch {
        const crash = `The ${name} suite ended without counting its tests (exit status ${result.status}).`;
        console.error(crash);
        return { passed: 0, failed: 1, skipped: 0, failures: [crash] };
    } finally {
        fs.rmSync(path.dirname(counts), { recursive: true, force: true });
    }
}

/** Runs the named suites, or all of them. Returns the exit status. */
export async function main(wanted: readonly string[]): Promise<number> {
    const unknown = wanted.filter((name) => !(name in suites) && name !== "checks");
    if (unknown.length > 0) {
        console.error(`There is no suite ${unknown.join(", ")}; there are checks, ${Object.keys(suites).join(", ")}.`);
        return 2;
    }
    const asked = (name: string) => wanted.length === 0 || wanted.includes(name);
    const total = { passed: 0, failed: 0, skipped: 0 };
    const failures: string[] = [];
    const timed = async (name: string, run: () => Counts | Promise<Counts>) => {
        const start = Date.now();
        console.log(`\n== ${name}`);
        const counts = await run();
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
        failures.push(...(counts.failures ?? []));
        console.log(`== ${name}: ${((Date.now() - start) / 1000).toFixed(0)} s`);
    };
    if (asked("checks")) {
        for (const [name, command] of Object.entries(checks)) await timed(name, () => runCheck(name, command));
    }
    let machine = false;
    for (const [name, files] of Object.entries(suites).filter(([name]) => asked(name))) {
        if (needMachine.includes(name) && !machine) await timed("prepare", prepareMachine);
        machine ||= needMachine.includes(name);
        await timed(name, () => runSuite(name, files));
    }
    failures.forEach((failure) => console.log(`\nFAILED: ${failure}`));
    console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    return total.failed > 0 || total.passed === 0 ? 1 : 0;
}
