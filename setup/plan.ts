import * as fs from "node:fs";
import * as os from "node:os";
import type { Architecture } from "../components/inventory/node";
import { chooseDocker, describeDocker, dockerProbes, type DockerChoice } from "./docker";
import { atLeast, goVersion, minimumGo, missingGo } from "./goBuild";
import {
    choosePlugins,
    describePlugins,
    isInstalled,
    requiredPlugins,
    type Plugin,
    type PluginChoice,
} from "./plugins";
import { choosePulumi, describePulumi, pulumiProbes, type PulumiChoice } from "./pulumi";
import { describe, probeSites, type Reachability } from "./reachability";
import { setting, type Stack } from "./stack";
import { readRecord, type ArtifactSource } from "./stackRecord";

/** What a command needs of the machine. */
export interface Needs {
    readonly plugins: boolean;
    /** An engine: found, or also made. */
    readonly docker: "no" | "if found" | "yes";
    readonly mirror: boolean;
}

/** What is there, and what will be done. Making one changes nothing. */
export interface Plan {
    readonly stack: Stack;
    readonly pulumi: PulumiChoice;
    readonly required: readonly Plugin[];
    readonly plugins: PluginChoice;
    readonly docker?: DockerChoice;
    readonly source: ArtifactSource;
    /** The stack has a mirror already. */
    readonly filled: boolean;
    readonly sourceReason: string;
    /** The release of the SDK, which a downloaded Pulumi has too. */
    readonly sdkVersion: string;
    /** Asked only when something isn't there yet. */
    readonly reachable?: Reachability;
    /** Sentences; with one of them nothing is begun. */
    readonly problems: readonly string[];
}

export interface PlanOptions {
    readonly source?: ArtifactSource;
    readonly needs: Needs;
}

/** Looks at the machine and at what was decided before. The network is asked once at most, and only when it matters. */
export async function makePlan(stack: Stack, options: PlanOptions): Promise<Plan> {
    let asked: Promise<Reachability> | undefined;
    const reach = () => (asked ??= probeSites());
    const site = async () => (await reach()).pulumi;
    const { needs } = options;
    const record = readRecord(stack.name);
    // --source decides anew: what the stack stood on doesn't count.
    const kept = options.source ? {} : record;

    const required = requiredPlugins(stack.root);
    const [pulumi, plugins, docker] = await Promise.all([
        choosePulumi(pulumiProbes(site)),
        needs.plugins ? choosePlugins({ required, installed: isInstalled, kept: kept.plugins, reachable: site }) : {},
        needs.docker === "no" ? undefined : chooseDocker(dockerProbes()),
    ]);
    const { source, why } = needs.mirror
        ? await chooseSource({ asked: options.source, kept: kept.source, prefix: operatorsMirror(stack), reach })
        : { source: record.source ?? "upstream", why: "" };

    const problems: string[] = [];
    if (docker?.how === "missing" && needs.docker === "yes") problems.push(docker.problem);
    if (source === "mirror" && needs.mirror && !operatorsMirror(stack)) {
        problems.push(
            `--source mirror needs to know your mirror: set source under slipway:cluster in ${stack.configFile}, ` +
                "for example https://mirror.example.com/.",
        );
    }
    const filled = !options.source && record.mirror !== undefined && fs.existsSync(record.mirror);
    const toBuild = [
        ...(pulumi.how === "build" ? ["Pulumi"] : []),
        ...(needs.mirror && source === "build" && !filled ? ["Kubernetes"] : []),
    ];
    if (toBuild.length > 0) {
        const found = await goVersion();
        if (!found || !atLeast(found, minimumGo)) problems.push(missingGo(toBuild.join(" and "), found));
    }
    const sdkVersion = required.length > 0 ? sdk(stack.root) : "";
    const reachable = await asked;
    const chosen = { pulumi, required, plugins, docker, source, sourceReason: why };
    return { stack, ...chosen, filled, sdkVersion, reachable, problems };
}

/** The plan in lines, as `slipway check` and the beginning of `up` show it. */
export function describePlan(plan: Plan): string[] {
    const { reachable, docker, plugins } = plan;
    return [
        ...(reachable ? [`Network: ${describe(reachable)}.`] : []),
        `Pulumi: ${describePulumi(plan.pulumi)}.`,
        ...(Object.keys(plugins).length > 0 ? [`Plugins: ${describePlugins(plugins)}.`] : []),
        ...(docker ? [`Docker: ${describeDocker(docker)}.`] : []),
        ...(plan.sourceReason ? [`Kubernetes and friends: ${plan.sourceReason}.`] : []),
    ];
}

interface SourceQuestion {
    readonly asked?: ArtifactSource;
    readonly kept?: ArtifactSource;
    /** The operator's own mirror, from the configuration. */
    readonly prefix?: string;
    reach(): Promise<Reachability>;
}

/** Where artifacts come from: as asked; as before; the operator's mirror; upstream if it answers; built from source. */
export async function chooseSource(question: SourceQuestion): Promise<{ source: ArtifactSource; why: string }> {
    const { asked, kept, prefix } = question;
    const words: Record<ArtifactSource, string> = {
        upstream: "from upstream's releases",
        mirror: `from your mirror ${prefix ?? ""}`.trim(),
        build: "built from source",
    };
    if (asked) return { source: asked, why: `${words[asked]}, as --source says` };
    if (prefix) return { source: "mirror", why: words.mirror };
    // A mirror that is no longer configured can't be kept.
    if (kept && kept !== "mirror") return { source: kept, why: `${words[kept]}, as before` };
    const reachable = await question.reach();
    if (reachable.kubernetes && reachable.releases && reachable.images) {
        return { source: "upstream", why: words.upstream };
    }
    return { source: "build", why: `${words.build}, since upstream can't be reached` };
}

/** `cluster.source` where it names something else than upstream. */
export function operatorsMirror(stack: Stack): string | undefined {
    const { source } = (setting(stack, "cluster") ?? {}) as { source?: unknown };
    return typeof source === "string" && source !== "https://" ? source : undefined;
}

/** This machine's architecture, in Kubernetes' words. */
export function hostArchitecture(): Architecture {
    return os.arch() === "arm64" ? "arm64" : "amd64";
}

function sdk(root: string): string {
    const file = `${root}/node_modules/@pulumi/pulumi/package.json`;
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}
