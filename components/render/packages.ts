import { forArchitecture } from "../../mirror/catalogue";
import { indexTemplate } from "../../mirror/packages/systems";
import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { Digests, digestsOf } from "./artifacts";
import { base } from "./base";
import { Fragment } from "./entries";

/** The distribution's packages that any of these nodes is to have, sorted. */
export function packageNames(nodes: readonly NodeSpec[], cluster: ClusterSettings): string[] {
    const entries = nodes.flatMap((node) => base(node, cluster, { files: {} }, nodes).flat());
    return [...new Set(entries.flatMap((entry) => (entry.kind === "package" ? [entry.name] : [])))].sort();
}

/** Where a node takes packages from, if that is the mirror. */
export function archives(cluster: ClusterSettings, digests: Digests): Fragment {
    return systemsOf(cluster).map((name) => {
        const template = indexTemplate(name);
        const path = (arch: Parameters<typeof forArchitecture>[1]) => forArchitecture(template, arch);
        return { kind: "archive", name, path: template, digests: digestsOf({ path }, digests) } as const;
    });
}

/** A sentence's words for each system whose packages a mirror was to carry and doesn't. */
export function missingArchives(cluster: ClusterSettings, files: Digests["files"]): string[] {
    return systemsOf(cluster)
        .filter((name) => {
            const template = indexTemplate(name);
            return !files[forArchitecture(template, "amd64")] && !files[forArchitecture(template, "arm64")];
        })
        .map((name) => `packages of ${name}`);
}

const systemsOf = ({ packages, systems }: ClusterSettings) => (packages === "mirror" ? systems : []);
