import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Failure } from "./failure";
import { atLeast, contentKey, goBuild, type GoProgram } from "./goBuild";
import { cacheFolder } from "./paths";
import type { Report } from "./progress";
import { attempt, isExecutable, run, which } from "./run";

/** The first release with everything that `up` asks of it (`--continue-on-error`, attached providers' handshake). */
export const minimumPulumi = "3.200.0";

/** Pulumi's own installer on npm, pinned; it fetches the release named by PULUMI_VERSION from get.pulumi.com. */
const installer = "pulumi@3.265.0";

/** The newest engine and Node.js language host whose modules are served complete by Go's module proxy. */
const programs: readonly GoProgram[] = [
    {
        name: "pulumi",
        module: path.join(__dirname, "modules", "pulumi"),
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.216.0",
    },
    {
        name: "language-host",
        module: path.join(__dirname, "modules", "language-host"),
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        ldflags: "",
    },
];

/**
 * This engine gives the runtime's options of Pulumi.yaml with each request; that host knows them only from its command
 * line, and would check the types of the whole program at each run. So they stand here, too.
 */
const scripts = {
    "pulumi-language-nodejs": `#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/language-host" -typescript=false '-nodeargs=--require tsx/cjs' "$@"
`,
};

export type PulumiChoice =
    { readonly how: "path" | "installed" | "cache"; readonly path: string } | { readonly how: "download" | "build" };

/** What the choice depends on; faked by tests. */
export interface PulumiProbes {
    /** `pulumi` on PATH, when it is new enough and has its Node.js language host. */
    onPath(): Promise<string | undefined>;
    /** One that Pulumi's installers left in Pulumi's own folder. */
    installed(): Promise<string | undefined>;
    /** One that was built here before. */
    cached(): string | undefined;
    /** Whether get.pulumi.com answers. Asked last, and only when nothing is there. */
    reachable(): Promise<boolean>;
}

/** The chain of sources, in order: the user's own, a genuine installation, our cache, a download, a build. */
export async function choosePulumi(probes: PulumiProbes): Promise<PulumiChoice> {
    const onPath = await probes.onPath();
    if (onPath) return { how: "path", path: onPath };
    const installed = await probes.installed();
    if (installed) return { how: "installed", path: installed };
    const cached = probes.cached();
    if (cached) return { how: "cache", path: cached };
    return { how: (await probes.reachable()) ? "download" : "build" };
}

export function pulumiProbes(reachable: () => Promise<boolean>): PulumiProbes {
    return {
        reachable,
        onPath: () => newEnough(which("pulumi")),
        installed: async () => {
            for (const candidate of installations()) {
                const found = await newEnough(candidate);
                if (found) return found;
            }
            return undefined;
        },
        cached: () => {
            const found = path.join(builtFolder(), "bin", "pulumi");
            return isExecutable(found) ? found : undefined;
        },
    };
}

/** In words, for the screen. */
export function describePulumi(choice: PulumiChoice): string {
    switch (choice.how) {
        case "path":
            return `${choice.path}, on PATH`;
        case "installed":
            return choice.path;
        case "cache":
            return "built from source earlier";
        case "download":
            return "to be downloaded from get.pulumi.com";
        case "build":
            return "to be built from source (get.pulumi.com can't be reached)";
    }
}

/** Carries a choice out and returns the executable's path. */
export async function obtainPulumi(choice: PulumiChoice, sdkVersion: string, report: Report): Promise<string> {
    switch (choice.how) {
        case "path":
        case "installed":
        case "cache":
            return choice.path;
        case "download":
            return download(sdkVersion, report);
        case "build": {
            const folder = builtFolder();
            await goBuild(programs, scripts, folder, report);
            report("built from source");
            return path.join(folder, "bin", "pulumi");
        }
    }
}

/** Pulumi's own folder, where its plugins and installations are. */
export function pulumiHome(): string {
    return process.env.PULUMI_HOME || path.join(os.homedir(), ".pulumi");
}

async function download(version: string, report: Report): Promise<string> {
    report(`downloading Pulumi ${version}`);
    await run("npm", ["exec", "--yes", "--package", installer, "--", "pulumi", "version"], {
        // Away from the checkout: there a project's .npmrc and PATH would have a say.
        cwd: os.tmpdir(),
        env: { ...process.env, PULUMI_VERSION: version, PULUMI_SKIP_UPDATE_CHECK: "true" },
        onLine: report,
        purpose: `Downloading Pulumi ${version} from get.pulumi.com`,
    });
    const found = path.join(pulumiHome(), "versions", version, "bin", "pulumi");
    if (!isExecutable(found)) {
        throw new Failure(
            `Pulumi's installer ended well but left no ${found}: install Pulumi yourself, then try again.`,
        );
    }
    report(`downloaded Pulumi ${version}`);
    return found;
}

function builtFolder(): string {
    return path.join(cacheFolder(), "pulumi", contentKey(programs, scripts));
}

/** What Pulumi's installers leave behind: ~/.pulumi/bin, then ~/.pulumi/versions/X/bin, the newest first. */
function installations(): string[] {
    const versions = path.join(pulumiHome(), "versions");
    const names = fs.existsSync(versions) ? fs.readdirSync(versions) : [];
    names.sort((a, b) => (atLeast(a, b) ? -1 : 1));
    const folders = [path.join(pulumiHome(), "bin"), ...names.map((name) => path.join(versions, name, "bin"))];
    return folders.map((folder) => path.join(folder, "pulumi")).filter(isExecutable);
}

async function newEnough(candidate: string | undefined): Promise<string | undefined> {
    if (!candidate) return undefined;
    const beside = path.join(path.dirname(fs.realpathSync(candidate)), "pulumi-language-nodejs");
    if (!isExecutable(beside) && !which("pulumi-language-nodejs")) return undefined;
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { status, stdout } = await attempt(candidate, ["version"], { env, timeout: 10_000 });
    return status === 0 && atLeast(stdout.trim().replace(/^v/, ""), minimumPulumi) ? candidate : undefined;
}
