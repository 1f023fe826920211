import * as fs from "node:fs";
import * as path from "node:path";
import type { Report } from "./progress";
import { pulumiHome } from "./pulumi";
import { run, which } from "./run";

/** A provider plugin that the program's packages ask for, at the packages' version. */
export interface Plugin {
    readonly name: string;
    readonly version: string;
}

/** Where a plugin comes from. Genuine: installed, or an executable on PATH. */
export type PluginSource = "genuine" | "download" | "stand-in";
export type PluginChoice = Readonly<Record<string, PluginSource>>;

/** Reads which plugins the npm packages under @pulumi want. */
export function requiredPlugins(root: string): Plugin[] {
    const folder = path.join(root, "node_modules", "@pulumi");
    return fs
        .readdirSync(folder)
        .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name, "package.json"), "utf8")))
        .filter((manifest) => manifest.pulumi?.resource === true)
        .map(({ name, version, pulumi }) => ({ name: pulumi.name ?? name.slice("@pulumi/".length), version }));
}

/** Whether Pulumi will find a genuine plugin: on PATH, or in its plugin folder at exactly this version. */
export function isInstalled({ name, version }: Plugin): boolean {
    const file = `pulumi-resource-${name}`;
    if (which(file)) return true;
    const folder = path.join(pulumiHome(), "plugins", `resource-${name}-v${version}`);
    // While Pulumi is still unpacking one, a file of this name lies beside the folder.
    return fs.existsSync(path.join(folder, file)) && !fs.existsSync(`${folder}.partial`);
}

export interface PluginProbes {
    readonly required: readonly Plugin[];
    installed(plugin: Plugin): boolean;
    /** What was decided for this stack before. */
    readonly kept?: PluginChoice;
    reachable(): Promise<boolean>;
}

/** Genuine ones win; what a stack stood on before stays; otherwise downloads where the site answers, or stand-ins. */
export async function choosePlugins(probes: PluginProbes): Promise<PluginChoice> {
    const choice: Record<string, PluginSource> = {};
    for (const plugin of probes.required) {
        if (probes.installed(plugin)) choice[plugin.name] = "genuine";
        else if (probes.kept?.[plugin.name] === "stand-in") choice[plugin.name] = "stand-in";
        else choice[plugin.name] = (await probes.reachable()) ? "download" : "stand-in";
    }
    return choice;
}

/** In words, for the screen. */
export function describePlugins(choice: PluginChoice): string {
    const of = (source: PluginSource) => Object.keys(choice).filter((name) => choice[name] === source);
    const words = { genuine: "installed", download: "to be downloaded", "stand-in": "stand-ins" } as const;
    return (Object.keys(words) as PluginSource[])
        .filter((source) => of(source).length > 0)
        .map((source) => `${of(source).join(", ")}: ${words[source]}`)
        .join("; ");
}

/** Downloads what the choice says, with Pulumi's own command, into Pulumi's own plugin folder. */
export async function downloadPlugins(
    required: readonly Plugin[],
    choice: PluginChoice,
    pulumi: string,
    report: Report,
): Promise<void> {
    for (const { name, version } of required.filter((plugin) => choice[plugin.name] === "download")) {
        report(`downloading ${name} ${version}`);
        await run(pulumi, ["plugin", "install", "resource", name, version], {
            env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
            onLine: (line) => report(`${name}: ${line}`),
            purpose: `Downloading Pulumi's ${name} plugin ${version}`,
        });
    }
}
