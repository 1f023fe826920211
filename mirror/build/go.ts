import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { JobContext } from "../job";
import { run } from "../run";

/** Commands built from published Go modules, in a small module of our own that requires them. */
export interface GoBuild {
    /** Modules by path, with their versions ("v1.2.3"). The first one's `go` and `godebug` lines are taken over. */
    readonly require: Readonly<Record<string, string>>;
    /** Replacements by module path: "path version". */
    readonly replace?: Readonly<Record<string, string>>;
    /** A replace block that counts only in a main module: copied from the first module's go.mod. */
    readonly copyReplaces?: boolean;
    /** Kubernetes' staging modules, which its go.mod requires as v0.0.0: the version they are published under. */
    readonly staging?: string;
    readonly packages: readonly string[];
    /** Sources of our own in the module, as text by path; their packages are below `slipway.build/recipe`. */
    readonly sources?: Readonly<Record<string, string>>;
    /** Build tags. */
    readonly tags?: readonly string[];
    /** Variables to set at link time, by their full name. */
    readonly variables?: Readonly<Record<string, string>>;
}

/** Part of every job's key that is built with Go: raise it when the flags below change. */
export const goRecipe = "CGO_ENABLED=0 -trimpath -buildvcs=false -s -w, 1";

interface ModuleFile {
    Go?: string;
    Require?: { Path: string; Version: string }[];
    Replace?: { Old: { Path: string; Version?: string }; New: { Path: string; Version?: string } }[];
    GoDebug?: { Key: string; Value: string }[];
}

/**
 * Writes the module and downloads everything its packages import. Go checks it against the checksum database.
 *
 * @param kind words of `go list`'s: "-test" for what their tests import, too
 */
export async function goPrepare(build: GoBuild, context: JobContext, kind: readonly string[] = []): Promise<number> {
    const folder = moduleFolder(context);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "go.mod"), await moduleText(build, context));
    for (const [file, text] of Object.entries(build.sources ?? {})) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), text);
    }
    let modules = 0;
    const packages = await go(
        ["list", "-deps", ...kind, ...tagged(build), ...build.packages],
        folder,
        undefined,
        (line) => {
            if (line.startsWith("go: downloading")) {
                context.say(`${++modules} modules fetched`, true);
            }
        },
    );
    return packages.split("\n").length;
}

/** Compiles the packages into a folder, one executable each, named after the package's last path element. */
export async function goBuild(build: GoBuild, arch: Architecture, into: string, context: JobContext): Promise<void> {
    const folder = moduleFolder(context);
    const total = await goPrepare(build, context);
    fs.mkdirSync(into, { recursive: true });
    // With a trailing slash -o is a folder, for one package as well.
    await go(["build", ...flags(build), "-o", `${into}/`, ...build.packages], folder, arch, counted(context, total));
}

/**
 * Compiles the tests of one package into an executable, as `go test -c` does.
 *
 * @param name what the executable is called
 */
export async function goTestBuild(
    build: GoBuild,
    arch: Architecture,
    into: string,
    name: string,
    context: JobContext,
): Promise<void> {
    const folder = moduleFolder(context);
    const total = await goPrepare(build, context, ["-test"]);
    fs.mkdirSync(into, { recursive: true });
    const output = ["-o", path.join(into, name), ...build.packages];
    await go(["test", "-c", ...flags(build), ...output], folder, arch, counted(context, total));
}

function flags(build: GoBuild): string[] {
    const variables = Object.entries(build.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    return ["-v", "-trimpath", ...tagged(build), "-ldflags", ["-s -w", ...variables].join(" ")];
}

/** Counts the packages that the go command names as it compiles them. */
function counted(context: JobContext, total: number): (line: string) => void {
    let compiled = 0;
    return (line) => {
        if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line) && ++compiled % 20 === 0) {
            context.say(`${compiled} of up to ${total} packages compiled`, true);
        }
    };
}

function tagged({ tags = [] }: GoBuild): string[] {
    return tags.length > 0 ? ["-tags", tags.join(",")] : [];
}

/** The module cache's folder of one module version; downloads it where needed. */
export async function moduleInfo(module: string, version: string): Promise<{ Dir: string; GoMod: string }> {
    return JSON.parse(await go(["mod", "download", "-json", `${module}@${version}`], path.sep));
}

/** Go's own version, "go1.26.8". */
export async function goVersion(): Promise<string> {
    return (await go(["env", "GOVERSION"], path.sep)).trim();
}

/** Runs the go command with a fixed environment, so that a user's GOFLAGS or workspace can't change what is built. */
export function go(
    args: string[],
    cwd: string,
    arch?: Architecture,
    onError?: (line: string) => void,
): Promise<string> {
    const env = {
        CGO_ENABLED: "0",
        GOFLAGS: "-mod=mod -buildvcs=false",
        GOWORK: "off",
        GOOS: "linux",
        GOAMD64: "v1",
        GOARM64: "v8.0",
        ...(arch && { GOARCH: arch }),
    };
    return run("go", args, { cwd, env, onError });
}

function moduleFolder(context: JobContext): string {
    return path.join(context.work, "module");
}

async function moduleText(build: GoBuild, context: JobContext): Promise<string> {
    const [[first, version]] = Object.entries(build.require);
    const info = await moduleInfo(first, version);
    const its: ModuleFile = JSON.parse(await go(["mod", "edit", "-json", info.GoMod], context.work));
    const replaces = new Map<string, string>();
    if (build.copyReplaces) {
        // Replacements by a folder can't be had: the published modules take their place.
        for (const { Old, New } of (its.Replace ?? []).filter((entry) => entry.New.Version)) {
            replaces.set([Old.Path, Old.Version].filter(Boolean).join(" "), `${New.Path} ${New.Version}`);
        }
    }
    if (build.staging) {
        for (const { Path } of (its.Require ?? []).filter((entry) => entry.Version === "v0.0.0")) {
            replaces.set(Path, `${Path} ${build.staging}`);
        }
    }
    Object.entries(build.replace ?? {}).forEach(([from, to]) => replaces.set(from, to));
    return [
        "module slipway.build/recipe",
        `go ${languageVersion(its.Go)}`,
        ...(its.GoDebug ?? []).map(({ Key, Value }) => `godebug ${Key}=${Value}`),
        ...Object.entries(build.require).map(([module, wanted]) => `require ${module} ${wanted}`),
        ...[...replaces].map(([from, to]) => `replace ${from} => ${to}`),
        "",
    ].join("\n");
}

/** The module's own `go` line; a modern one where its would bring back the behaviour of Go releases long gone. */
function languageVersion(its = "1.16"): string {
    return Number(its.split(".")[1]) >= 21 ? its : "1.24";
}
