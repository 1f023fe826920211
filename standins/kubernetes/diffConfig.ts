/** What a changed configuration of a provider resource means: the same cluster, or another. */
import { KubeConfig } from "@kubernetes/client-node";
import { changes, equal } from "../diff";
import type { DiffArgs, DiffResult } from "../provider";
import { UNKNOWN, type Values } from "../values";
import { kubeconfigText } from "./settings";

/** The properties that say which cluster is meant. */
const identity = ["kubeconfig", "context", "cluster"];

/** The entry of the kubeconfig that is used, or undefined. */
function activeCluster(config: Values): Values | undefined {
    if (!config.kubeconfig) return undefined;
    try {
        const kubeConfig = new KubeConfig();
        kubeConfig.loadFromString(kubeconfigText(config.kubeconfig));
        const context = kubeConfig.getContextObject(config.context ?? kubeConfig.getCurrentContext());
        const cluster = context && kubeConfig.getCluster(config.cluster ?? context.cluster);
        return cluster ? { ...cluster } : undefined;
    } catch {
        return undefined;
    }
}

/**
 * Everything that lives in a cluster is replaced when the cluster is another one: by its `clusterIdentifier` when
 * there is one before and after, else by the address and CA in the kubeconfig, or when these aren't known yet.
 */
export function diffConfig({ oldInputs, inputs }: DiffArgs): DiffResult {
    const found = changes(oldInputs, inputs);
    const before = oldInputs.clusterIdentifier;
    const after = inputs.clusterIdentifier;
    if (before && after) {
        return { changes: found, replace: before === after ? [] : ["clusterIdentifier"] };
    }
    const changed = identity.filter((key) => key in found);
    const unknown = changed.filter((key) => inputs[key] === UNKNOWN);
    if (unknown.length > 0) return { changes: found, replace: unknown };
    const [oldCluster, newCluster] = [activeCluster(oldInputs), activeCluster(inputs)];
    const moved = oldCluster && newCluster && !equal(oldCluster, newCluster);
    return { changes: found, replace: moved ? changed : [] };
}
