import { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { findRoot } from "./root";
import { run } from "./ssh";

/** An object of the API that somebody's data hangs on. */
export interface Holding {
    /** "CustomResourceDefinition", "PersistentVolume" or "PersistentVolumeClaim". */
    readonly kind: string;
    readonly name: string;
    /** The add-on that brought it, as its label says. */
    readonly addon?: string;
    /** Of a volume or a claim. */
    readonly storageClass?: string;
    /** Of a volume: whose claim it is, "NAMESPACE/NAME". */
    readonly claim?: string;
}

/** Columns of `kubectl get`; a field that isn't there is "<none>". */
const columns = {
    KIND: ".kind",
    NAME: ".metadata.name",
    ADDON: ".metadata.labels.slipway\\.build/holds",
    CLASS: ".spec.storageClassName",
    SPACE: ".spec.claimRef.namespace",
    CLAIM: ".spec.claimRef.name",
};

const list = Object.entries(columns).map(([title, path]) => `${title}:${path}`);
// Its cache would stay in root's home when the cluster goes; the kit's folder goes with it.
const kubectl = `env KUBECACHEDIR=/run/slipway/kubectl ${paths.kubernetes}/kubectl --kubeconfig ${paths.adminKubeconfig} --request-timeout=3s`;
const question = `${kubectl} get crd,pv,pvc -A --no-headers -o 'custom-columns=${list.join(",")}'`;

/** A machine without a cluster knows nothing. */
const command = `${findRoot}; $root test -e ${paths.adminKubeconfig} && $root ${question}`;

/**
 * Asks the first control plane that answers what the cluster holds: kinds that add-ons brought, and volumes. Never throws; without an answer,
 * nothing is known and the list is empty.
 */
export async function askHoldings(controlPlanes: readonly NodeSpec[], timeout = 4000): Promise<readonly Holding[]> {
    for (const { ssh } of controlPlanes.filter(({ lost }) => !lost)) {
        const answer = await run(ssh, command, { timeout }).catch(() => undefined);
        if (answer?.code === 0) return parseHoldings(answer.stdout);
    }
    return [];
}

export function parseHoldings(text: string): Holding[] {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => {
        const [kind, name, addon, storageClass, space, claim] = line
            .trim()
            .split(/\s+/)
            .map((field) => (field === "<none>" ? undefined : field));
        return {
            kind: kind!,
            name: name!,
            ...(addon && { addon }),
            ...(storageClass && { storageClass }),
            ...(claim && { claim: `${space}/${claim}` }),
        };
    });
}
