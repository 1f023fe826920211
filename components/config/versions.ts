import type { z } from "zod";

import { defaultVersions, needs, optionalVersions, supportedKubernetes, Versions } from "../../mirror/catalogue";
import type { clusterSchema } from "./schema";

/** The Kubernetes versions a cluster may have, newest first, for messages. */
export const supportedVersions: readonly string[] = [...supportedKubernetes].reverse();

export function isSupported(version: string): boolean {
    return supportedKubernetes.includes(version);
}

/**
 * The catalogue's versions with what the configuration says instead; of what is optional only what `on`, the add-ons,
 * workloads and runtimes that are on, need.
 */
export function versionsOf(cluster: z.output<typeof clusterSchema>, on: readonly string[] = []): Versions {
    const kubernetes = cluster.kubernetes.version ?? defaultVersions.kubernetes;
    const wanted = new Set<string>(on.flatMap((name) => needs[name] ?? []));
    const all = { ...defaultVersions, ...optionalVersions, ...cluster.versions, kubernetes };
    const isUnused = (name: string) => name in optionalVersions && !wanted.has(name);
    const used = Object.entries(all).filter(([name]) => !isUnused(name));
    // What every cluster has is among the used ones.
    const versions = Object.fromEntries(used) as unknown as Versions;
    return cluster.conformance === "none" ? versions : { ...versions, conformance: cluster.conformance };
}
