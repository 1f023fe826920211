import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import type { Settings } from "../components/config/schema";
import type { Architecture } from "../components/inventory/node";
import { unbuildable } from "../mirror/catalogue";
import type { WantedPackages } from "../mirror/packages/job";
import type { OwnImage } from "../mirror/ownImages";
import { obtainDocker, type DockerEngine } from "./docker";
import { explain, Failure } from "./failure";
import { cacheFolder, dataFolder, preload } from "./paths";
import { refuseForgotten } from "./nodeInState";
import { refuseOwned } from "./owners";
import { describePlan, hostArchitecture, makePlan, operatorsMirror, type Needs, type Plan } from "./plan";
import { downloadPlugins } from "./plugins";
import { preflight } from "./preflight";
import { Progress } from "./progress";
import { obtainPulumi } from "./pulumi";
import { checkSettings } from "./settings";
import { backendEnvironment, configFileFor, ensureStack, findStack, stateFile, type Stack } from "./stack";
import { keep, readRecord, type ArtifactSource } from "./stackRecord";
import { startStandIns, type StandIns } from "./standIns";

/**
 * What a run is for, which decides what is made ready:
 * - "up": everything, also the engine, the mirror, the lab's node image and the stack
 * - "mirror": the mirror only
 * - "preview": Pulumi and its plugins; a stack that isn't there yet is a temporary one, so that nothing is left behind
 * - "operate": Pulumi and its plugins, for a stack that is there (destroy, refresh, import …)
 * - "inspect": Pulumi alone, to read a stack
 * - "adopt": Pulumi alone, for a stack that may not be there yet
 */
export type Purpose = "up" | "mirror" | "preview" | "operate" | "inspect" | "adopt";

export interface PrepareOptions {
    /** Name of the stack; its configuration is Pulumi.NAME.yaml unless `configFile` says otherwise. */
    readonly stack: string;
    readonly configFile?: string;
    readonly source?: ArtifactSource;
    /** Default: "up". */
    readonly purpose?: Purpose;
    /** Default: the checkout that this file is in. */
    readonly root?: string;
    readonly progress?: Progress;
    /** Packages that the mirror carries are fetched anew, though they are there. */
    readonly freshPackages?: boolean;
    /** An engine is needed whatever the configuration says: the state knows of containers. */
    readonly dockerNeeded?: boolean;
}

/** Everything that it takes to run Pulumi on a stack. */
export interface Prepared {
    readonly stack: Stack;
    /** The executable. */
    readonly pulumi: string;
    /** The environment to run it in: PATH, backend, passphrase, plugins. */
    readonly env: NodeJS.ProcessEnv;
    /** For --config-file; undefined: Pulumi's default. */
    readonly configFile?: string;
    /** Absent for "mirror" and where the configuration wasn't needed. */
    readonly settings?: Settings;
    readonly docker?: DockerEngine;
    /** Ends the stand-in plugins. */
    close(): Promise<void>;
}

const needsOf: Record<Purpose, (lab: boolean) => Needs> = {
    up: (lab) => ({ plugins: true, docker: lab ? "yes" : "no", mirror: true }),
    mirror: () => ({ plugins: false, docker: "no", mirror: true }),
    preview: (lab) => ({ plugins: true, docker: lab ? "if found" : "no", mirror: false }),
    operate: () => ({ plugins: true, docker: "if found", mirror: false }),
    inspect: () => ({ plugins: false, docker: "no", mirror: false }),
    adopt: () => ({ plugins: false, docker: "no", mirror: false }),
};

/** Loaded when it is wanted: a second `up` shall begin at once. */
const later = createRequire(__filename);

export const checkout = path.resolve(__dirname, "..");

/** Finds, makes or starts what a run needs, with progress shown; what is there already is taken as it is. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
    const { purpose = "up", root = checkout, progress = new Progress() } = options;
    const configured = purpose === "up" || purpose === "mirror" || purpose === "preview";
    const stack = findStack(root, { name: options.stack, configFile: options.configFile, needed: configured });
    if (purpose === "inspect" && stack.ownBackend && !fs.existsSync(stateFile(stack))) {
        throw new Failure(`There is no stack ${stack.name} yet: \`npm run up\` makes it.`);
    }
    const settings = configured ? checkSettings(stack) : undefined;
    if (settings && purpose !== "mirror") {
        refuseForgotten(stack, settings);
        await refuseOwned(options, stack, settings.cluster.name);
    }
    const needs = needsOf[purpose](settings?.lab !== undefined);
    if (options.dockerNeeded) Object.assign(needs, { docker: "yes" });

    const plan = await makePlan(stack, { source: options.source, needs });
    const inTheWay = purpose === "up" && settings ? await preflight(plan, settings) : [];
    const problems = [
        ...plan.problems,
        ...(options.freshPackages && settings?.cluster.packages !== "mirror"
            ? [
                  "--packages fetches what the mirror carries for nodes: set packages: mirror under slipway:cluster first.",
              ]
            : []),
        ...inTheWay,
        ...(settings && plan.source === "build" ? unbuildable(settings.cluster.versions) : []),
        ...(needs.mirror ? await archiveProblems(stack, settings) : []),
    ];
    if (problems.length > 0) {
        throw new Failure([...problems, "Nothing was touched."].join("\n"));
    }
    if (plan.reachable) describePlan(plan).forEach((line) => progress.say(line));
    return new Preparation(purpose, plan, settings, progress, needs, options.freshPackages).run();
}

/** One run over a plan. Steps that don't wait for each other go side by side. */
class Preparation {
    private readonly stack: Stack;
    /** Where state, passphrase and configuration are; of a preview without a stack, a folder that goes again. */
    private readonly home: string;
    private readonly temporary: boolean;
    private standIns?: StandIns;
    private docker?: DockerEngine;

    constructor(
        private readonly purpose: Purpose,
        private readonly plan: Plan,
        private readonly settings: Settings | undefined,
        private readonly progress: Progress,
        private readonly needs: Needs,
        private readonly freshPackages = false,
    ) {
        this.stack = plan.stack;
        this.temporary = purpose === "preview" && this.stack.ownBackend && !fs.existsSync(stateFile(this.stack));
        this.home = this.temporary ? fs.mkdtempSync(path.join(os.tmpdir(), "slipway-preview-")) : dataFolder();
    }

    async run(): Promise<Prepared> {
        const { stack, home, purpose } = this;
        try {
            const [, pulumi] = await all(this.engine(), this.pulumiAndMirror());
            const env = purpose === "mirror" ? {} : this.environment(pulumi);
            if (purpose === "up" || this.temporary) {
                const outcome = await ensureStack(stack, pulumi, env, home);
                if (outcome === "made" && !this.temporary) this.progress.say(`Made stack ${stack.name}.`);
            }
            return {
                stack,
                pulumi,
                env,
                configFile: configFileFor(stack, home),
                settings: this.settings,
                docker: this.docker,
                close: () => this.close(),
            };
        } catch (error) {
            await this.close();
            throw error;
        }
    }

    /** The engine, and on it what only a lab needs. */
    private async engine(): Promise<void> {
        const { docker } = this.plan;
        if (!docker || (docker.how !== "found" && this.needs.docker !== "yes")) return;
        if (docker.how === "found") this.docker = docker.engine;
        else this.docker = await this.progress.phase("Docker engine", (report) => obtainDocker(docker, report));
        if (this.purpose !== "up" || this.settings?.lab === undefined) return;
        const lab = this.settings.lab;
        const engine = this.docker;
        await this.progress.phase("Lab node image", async (report) => {
            const { prepareLab } = later("../lab/prepare") as typeof import("../lab/prepare");
            Object.assign(process.env, dockerHost(engine));
            await prepareLab({ dataFolder: dataFolder(), cacheFolder: cacheFolder(), lab, progress: report });
        });
    }

    /** Pulumi first: it and the mirror are built with every core. */
    private async pulumiAndMirror(): Promise<string> {
        const pulumi = this.purpose === "mirror" ? "" : await this.pulumi();
        await all(
            this.needs.plugins ? this.plugins(pulumi) : Promise.resolve(),
            this.needs.mirror ? this.mirror() : Promise.resolve(),
        );
        return pulumi;
    }

    private async pulumi(): Promise<string> {
        const { plan, progress } = this;
        if ("path" in plan.pulumi) return plan.pulumi.path;
        return progress.phase("Pulumi", (report) => obtainPulumi(plan.pulumi, plan.sdkVersion, report));
    }

    private async plugins(pulumi: string): Promise<void> {
        const { plan, progress, stack } = this;
        const names = Object.keys(plan.plugins);
        const standIns = names.filter((name) => plan.plugins[name] === "stand-in");
        await progress.phase("Plugins", async (report) => {
            await downloadPlugins(plan.required, plan.plugins, pulumi, report);
            const log = path.join(this.home, "stacks", `${stack.name}-plugins.log`);
            if (standIns.length > 0) this.standIns = await startStandIns(stack.root, standIns, log);
            const genuine = names.filter((name) => !standIns.includes(name));
            report([describe("genuine", genuine), describe("stand-ins", standIns)].filter(Boolean).join("; "));
        });
    }

    private async mirror(): Promise<void> {
        const { plan, progress, stack, settings } = this;
        const { fillMirror } = later("../mirror/fill") as typeof import("../mirror/fill");
        const folder = await progress.phase("Mirror", (report) =>
            fillMirror({
                source: plan.source === "build" ? "build" : "upstream",
                upstream: plan.source === "mirror" ? operatorsMirror(stack) : undefined,
                versions: settings?.cluster.versions,
                architectures: architecturesOf(settings),
                images: ownImages(stack, settings),
                packages: wantedPackages(settings),
                freshPackages: this.freshPackages,
                progress: report,
            }),
        );
        keep(stack.name, { source: plan.source, mirror: folder });
    }

    private environment(pulumi: string): NodeJS.ProcessEnv {
        const { plan, stack, purpose } = this;
        if (purpose === "up" || purpose === "operate") keep(stack.name, { plugins: plan.plugins });
        return {
            ...process.env,
            PATH: [path.dirname(pulumi), process.env.PATH, path.dirname(process.execPath)].join(path.delimiter),
            ...backendEnvironment(stack, this.home),
            // Before the program, which Pulumi's language host starts.
            NODE_OPTIONS: [process.env.NODE_OPTIONS, `--require=${JSON.stringify(preload)}`].filter(Boolean).join(" "),
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_CONTINUE_ON_ERROR: "true",
            // What can be had is there; the engine shall not wait for a site that doesn't answer.
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            ...(this.standIns ? { PULUMI_DEBUG_PROVIDERS: this.standIns.debugProviders } : {}),
            ...dockerHost(this.docker),
        };
    }

    private async close(): Promise<void> {
        await this.standIns?.stop();
        if (this.temporary) fs.rmSync(this.home, { recursive: true, force: true });
    }
}

/** Those of the machines; the lab's nodes are this machine. */
function architecturesOf(settings: Settings | undefined): readonly Architecture[] {
    return settings && settings.lab === undefined ? settings.cluster.architectures : [hostArchitecture()];
}

/** What any of the machines is to have, where the mirror carries packages. A lab's are not known yet. */
function wantedPackages(settings: Settings | undefined): WantedPackages | undefined {
    if (settings?.cluster.packages !== "mirror") return undefined;
    const { nodesOf } = later("../components/inventory") as typeof import("../components/inventory");
    const { packageNames } = later("../components/render/packages") as typeof import("../components/render/packages");
    const { nodeSchema } = later("../components/config/schema") as typeof import("../components/config/schema");
    // Beside the machines that there are, each kind that may come: control planes more than one, and a worker.
    const any = [["control-plane"], ["control-plane"], ["worker"]].map((roles, index) =>
        nodeSchema.parse({ name: `any-${index}`, address: `192.0.2.${index}`, roles }),
    );
    const { cluster, nodes } = settings;
    return { systems: cluster.systems, names: packageNames(nodesOf(cluster, [...nodes, ...any]), cluster) };
}

/** The operator's own images; their paths start from where the program does. */
function ownImages({ root }: Stack, settings: Settings | undefined): readonly OwnImage[] {
    return (settings?.cluster.images ?? []).map((image) => ({
        ...image,
        archive: path.resolve(root, image.archive.replace(/^~(?=\/)/, os.homedir())),
    }));
}

async function archiveProblems(stack: Stack, settings: Settings | undefined): Promise<string[]> {
    if (!settings || settings.cluster.images.length === 0) return [];
    const { ownImageProblems } = later("../mirror/ownImages") as typeof import("../mirror/ownImages");
    const { readManifest } = later("../mirror/digests") as typeof import("../mirror/digests");
    const { mirror } = readRecord(stack.name);
    const own = {
        images: settings.cluster.images,
        architectures: architecturesOf(settings),
        folder: stack.root,
    };
    return ownImageProblems(own, mirror === undefined ? undefined : readManifest(mirror));
}

/** Docker's clients find the usual socket by themselves. */
function dockerHost(engine: DockerEngine | undefined): Record<string, string> {
    return engine && engine.host !== "unix:///var/run/docker.sock" ? { DOCKER_HOST: engine.host } : {};
}

const describe = (what: string, names: readonly string[]) => (names.length > 0 ? `${what}: ${names.join(", ")}` : "");

/** Waits for both, also when one fails: what it began shall not go on behind an error message. */
async function all<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
    const [a, b] = await Promise.allSettled([first, second]);
    if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value];
    const reasons = [a, b].flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    throw reasons.length === 1 ? reasons[0] : new Failure(reasons.map(explain).join("\n"));
}
