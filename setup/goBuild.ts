import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Failure } from "./failure";
import type { Report } from "./progress";
import { attempt, run, which } from "./run";

/** The oldest Go that everything built from source compiles with. */
export const minimumGo = "1.26";

/** A program that is built from a public Go module. */
export interface GoProgram {
    /** Name of the executable. */
    readonly name: string;
    /** The folder with the go.mod and go.sum that pin it: every module's digest is checked against them. */
    readonly module: string;
    readonly package: string;
    readonly ldflags: string;
}

/** Digest of everything that decides what comes out. @param scripts text by name, put beside the programs. */
export function contentKey(programs: readonly GoProgram[], scripts: Readonly<Record<string, string>>): string {
    const hash = crypto.createHash("sha256").update(`${process.platform}/${process.arch}\n${JSON.stringify(scripts)}`);
    for (const { name, module, package: source, ldflags } of programs) {
        hash.update(JSON.stringify([name, source, ldflags]));
        for (const file of ["go.mod", "go.sum"]) hash.update(fs.readFileSync(path.join(module, file)));
    }
    return hash.digest("hex").slice(0, 16);
}

/** Builds programs into `<folder>/bin`. A build that is broken off leaves nothing there. */
export async function goBuild(
    programs: readonly GoProgram[],
    scripts: Readonly<Record<string, string>>,
    folder: string,
    report: Report,
): Promise<void> {
    const go = which("go");
    if (!go) throw new Failure(missingGo("the programs"));
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    const work = fs.mkdtempSync(`${folder}.`);
    try {
        for (const program of programs) {
            const source = path.join(work, "source", program.name);
            fs.mkdirSync(source, { recursive: true });
            for (const file of ["go.mod", "go.sum"]) {
                fs.copyFileSync(path.join(program.module, file), path.join(source, file));
            }
            const output = path.join(work, "bin", program.name);
            report(`compiling ${program.name} from source`);
            const flags = ["-trimpath", "-ldflags", `-s -w ${program.ldflags}`.trim(), "-o", output];
            await run(go, ["build", ...flags, program.package], {
                cwd: source,
                env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
                onLine: (line) => report(`${program.name}: ${line.replace(/^go: /, "")}`),
                purpose: `Building ${program.name} from source`,
            });
        }
        for (const [name, text] of Object.entries(scripts)) {
            fs.writeFileSync(path.join(work, "bin", name), text, { mode: 0o755 });
        }
        fs.rmSync(path.join(work, "source"), { recursive: true });
        fs.rmSync(folder, { recursive: true, force: true });
        fs.renameSync(work, folder);
    } finally {
        fs.rmSync(work, { recursive: true, force: true });
    }
}

/** "1.26.8", or undefined when there is no Go. */
export async function goVersion(): Promise<string | undefined> {
    const { status, stdout } = await attempt("go", ["env", "GOVERSION"], { cwd: os.tmpdir(), timeout: 10_000 });
    return status === 0 ? stdout.trim().replace(/^go/, "") : undefined;
}

/** The sentence for a machine without (a new enough) Go. */
export function missingGo(what: string, found?: string): string {
    const state = found ? `Go ${found} is too old` : "There is no Go on this machine";
    return (
        `${state}, and ${what} must be built from source: install Go ${minimumGo} or newer ` +
        "(https://go.dev/doc/install) and put it on PATH."
    );
}

/** Whether version `found` is `wanted` or newer; compares "1.26.8" and "1.26". */
export function atLeast(found: string, wanted: string): boolean {
    const numbers = (text: string) => text.split(/[.+-]/).map((part) => parseInt(part, 10) || 0);
    const [a, b] = [numbers(found), numbers(wanted)];
    for (let i = 0; i < b.length; i++) {
        if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) > b[i];
    }
    return true;
}
