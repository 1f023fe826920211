import type { z } from "zod";

import { defaultVersions, supportedKubernetes, Versions } from "../../mirror/catalogue";
import type { clusterSchema } from "./schema";

/** The Kubernetes versions a cluster may have, newest first, for messages. */
export const supportedVersions: readonly string[] = [...supportedKubernetes].reverse();

export function isSupported(version: string): boolean {
    return supportedKubernetes.includes(version);
}

/** The catalogue's versions with what the configuration says instead. */
export function versionsOf(cluster: z.output<typeof clusterSchema>): Versions {
    const kubernetes = cluster.kubernetes.version ?? defaultVersions.kubernetes;
    return { ...defaultVersions, ...cluster.versions, kubernetes };
}
