// Apart from lab.ts, which takes a while to load: who only wants to reach the nodes needs no Docker plugin.
import * as path from "node:path";

import type { Settings } from "../components/config/schema";
import type { RuntimeName } from "../components/inventory/node";
import { cacheFolder } from "../setup/paths";
import { parseLab } from "./config";
import { labFolder, loadFacts } from "./facts";
import type { LabArgs } from "./lab";
import { labNodes, misfits } from "./nodes";

export interface LabPlaces {
    /** Where `prepareLab` left keys and facts. */
    readonly dataFolder: string;
    /** The stack's mirror, on this machine. */
    readonly mirror: string;
    /** The API's port on its node, which is published. Default 6443. */
    readonly clusterPort?: number;
    /** The cluster's. Default: docker. */
    readonly runtime?: RuntimeName;
}

/** Reads `slipway:lab` and what was prepared for it. Nothing is made here. */
export function loadLab(raw: unknown, { dataFolder, mirror, clusterPort = 6443, runtime }: LabPlaces): LabArgs {
    const config = parseLab(raw);
    const { facts, keys } = loadFacts(labFolder(dataFolder, config.name));
    const { mirrorRoot, mirrorPath } = mounted(mirror);
    const nodes = labNodes(config, { engine: facts.engine, keys, mirrorPath, runtime });
    return { config, facts, keys, nodes, mirrorRoot, clusterPort };
}

/**
 * Nodes see the folder that all mirrors are in: another version of Kubernetes means another mirror, and a living
 * container gets no other mount.
 */
export function mounted(mirror: string): { mirrorRoot: string; mirrorPath: string } {
    const all = path.join(cacheFolder(), "mirror");
    return path.dirname(mirror) === all
        ? { mirrorRoot: all, mirrorPath: `${path.basename(mirror)}/` }
        : { mirrorRoot: mirror, mirrorPath: "" };
}

/** @throws when the lab doesn't fit the cluster that is built on it, with every problem */
export function refuseMisfits(settings: Pick<Settings, "cluster" | "workloads" | "addons">, { config }: LabArgs): void {
    const problems = misfits(settings, config);
    if (problems.length > 0) throw new Error(problems.join("\n"));
}
