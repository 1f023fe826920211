import * as fs from "node:fs";
import * as path from "node:path";
import type { Settings } from "../components/config/schema";
import { nodeNames, parseLab, type LabConfig } from "../lab/config";
import { describeShortage, diskUse, freeSpace, type Need } from "./disk";
import { askEngine, type DockerEngine } from "./docker";
import { cacheFolder } from "./paths";
import type { Plan } from "./plan";
import { isTaken, portProblems, published } from "./ports";
import { attempt } from "./run";
import { readState } from "./stack";

/** What of this machine stands in the way of an `up`, one sentence each. Changes nothing. */
export async function preflight(plan: Plan, settings: Settings): Promise<string[]> {
    const lab = settings.lab === undefined ? undefined : parseLab(settings.lab);
    const engine = plan.docker?.how === "found" ? plan.docker.engine : undefined;
    // Another host's ports and disks can't be seen from here.
    const local = !engine || engine.host.startsWith("unix:");
    const [ports, needs] = await Promise.all([
        lab && local ? portProblems(lab, { published: () => published(engine), isTaken }) : [],
        diskNeeds(plan, lab, { engine, local }),
    ]);
    return [...ports, ...describeShortage(needs, freeSpace)];
}

/** What this `up` will put on which disk, as far as it isn't there yet. */
async function diskNeeds(
    plan: Plan,
    lab: LabConfig | undefined,
    { engine, local }: { engine?: DockerEngine; local: boolean },
): Promise<Need[]> {
    const needs: Need[] = [];
    const mirrors = path.join(cacheFolder(), "mirror");
    if (!plan.filled) {
        needs.push({ what: "the mirror", folder: mirrors, gigabytes: diskUse.mirror });
        // Once anything was built, Go's caches hold most of what the next build needs.
        if (plan.source === "build" && !fs.existsSync(mirrors)) {
            const { stdout } = await attempt("go", ["env", "GOMODCACHE", "GOCACHE"], { timeout: 10_000 });
            const [modules, built] = stdout.trim().split("\n");
            if (modules) needs.push({ what: "Go's modules", folder: modules, gigabytes: diskUse.goModules });
            if (built) needs.push({ what: "Go's build cache", folder: built, gigabytes: diskUse.goBuild });
        }
    }
    const made = (readState(plan.stack)?.resources ?? []).some(
        ({ type }) => type === "docker:index/container:Container",
    );
    if (lab && local && !made) {
        const gigabytes = diskUse.nodeImage + diskUse.labNode * nodeNames(lab).length;
        needs.push({ what: `${nodeNames(lab).length} lab nodes`, folder: await dockerRoot(engine), gigabytes });
    }
    return needs;
}

async function dockerRoot(engine: DockerEngine | undefined): Promise<string> {
    const usual = "/var/lib/docker";
    if (!engine) return usual;
    const { status, body } = await askEngine(engine.host, "/info");
    return status === 200 ? ((JSON.parse(body) as { DockerRootDir?: string }).DockerRootDir ?? usual) : usual;
}
