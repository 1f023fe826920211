import { nodesOf } from "../inventory";
import type { Settings } from "./schema";

/**
 * Names of the machines and bastions whose host key isn't pinned: whoever answers there would be believed, and given
 * every secret. Those that a lab makes are known, and those that are lost aren't dialled. Pure.
 */
export function unpinned({ cluster, nodes, lab }: Pick<Settings, "cluster" | "nodes" | "lab">): string[] {
    if (lab !== undefined) return [];
    const hops = nodesOf(cluster, nodes)
        .filter(({ lost }) => !lost)
        .flatMap(({ name, ssh: { hostKey, proxy } }) => [
            ...(hostKey ? [] : [name]),
            ...(proxy && !proxy.hostKey ? [proxy.host] : []),
        ]);
    return [...new Set(hops)];
}

/** Why a configuration is refused, unless `cluster.ssh.strictHostKeyChecking` is off. @param trust the way out */
export function hostKeyProblems(settings: Pick<Settings, "cluster" | "nodes" | "lab">, trust: string): string[] {
    const names = settings.cluster.ssh.strictHostKeyChecking ? unpinned(settings) : [];
    return names.length === 0
        ? []
        : [
              `ssh.hostKey is missing for ${names.join(", ")}, so whoever answers there would be believed, and given ` +
                  `secrets: ${trust} asks for the keys, shows the fingerprints and pins them. ` +
                  `cluster.ssh.strictHostKeyChecking: false does without.`,
          ];
}
