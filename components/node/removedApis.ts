import { ClusterSettings } from "../config/schema";
import { controlPlanes, NodeSpec } from "../inventory";
import { askRemovedApis, NodeReport, RemovedApi } from "../remote";
import { stepTo } from "./skew";
import { canBeAsked } from "./steps";

/**
 * Before Kubernetes goes to another minor version: what is in use and won't be there any more, as one problem. Where nothing
 * goes up nobody is asked.
 */
export async function removedApiProblems(
    { kubernetes }: Pick<ClusterSettings, "kubernetes">,
    nodes: readonly NodeSpec[],
    reports: Readonly<Record<string, NodeReport>>,
): Promise<string[]> {
    const rising = controlPlanes(nodes).filter(({ name }) => {
        const report = reports[name];
        return report && canBeAsked(report) && stepTo(kubernetes.version, report.versions.kubernetes) > 0;
    });
    if (kubernetes.acceptRemovedApis || rising.length === 0) return [];
    return describeRemoved(kubernetes.version, await askRemovedApis(rising));
}

/** Pure. */
export function describeRemoved(version: string, asked: readonly RemovedApi[]): string[] {
    const gone = asked.filter(({ release }) => stepTo(version, release) >= 0);
    if (gone.length === 0) return [];
    const list = gone.map(({ name, release }) => `${name} (until ${release})`).join(", ");
    return [
        `Kubernetes ${version} doesn't have ${list}, and somebody has asked the API for ${gone.length === 1 ? "it" : "them"} ` +
            "since it started: move what does to a newer version of it (https://kubernetes.io/docs/reference/using-api/" +
            "deprecation-guide/). Where it is nothing that counts, set cluster.kubernetes.acceptRemovedApis.",
    ];
}
