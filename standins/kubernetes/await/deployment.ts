import type { KubeObject } from "../objects";
import { condition, isObserved, selectorText, type Awaiter, type Situation, type Verdict } from "./awaiter";
import { problemsOfPods } from "./pods";

const revisionOf = (object: KubeObject) => object.metadata.annotations?.["deployment.kubernetes.io/revision"];

/** The ReplicaSet of the deployment's current revision. */
function currentReplicaSet({ object, related: [replicaSets = []] }: Situation): KubeObject | undefined {
    const isOwned = (set: KubeObject) =>
        set.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) ?? false;
    return replicaSets.find((set) => isOwned(set) && revisionOf(set) === revisionOf(object));
}

/**
 * A Deployment is ready when its controller has seen the change, it is Available, the rollout is complete (for any but
 * the first revision) and every pod of the current ReplicaSet is ready.
 */
function judge(situation: Situation): Verdict {
    const { object } = situation;
    const revision = revisionOf(object);
    if (!isObserved(object) || !revision) return { ready: false, waiting: "the Deployment controller" };
    const replicaSet = currentReplicaSet(situation);
    if (!replicaSet) return { ready: false, waiting: `the ReplicaSet of revision ${revision}` };
    const wanted: number = replicaSet.spec?.replicas ?? 1;
    const ready: number = replicaSet.status?.readyReplicas ?? 0;
    if (ready < wanted) return { ready: false, waiting: `pods: ${ready} of ${wanted} are ready` };
    const progressing = condition(object, "Progressing");
    const rolledOut = progressing?.status === "True" && progressing.reason === "NewReplicaSetAvailable";
    if (revision !== "1" && !rolledOut) {
        return { ready: false, waiting: `the rollout: ${progressing?.message ?? "it has not begun"}` };
    }
    const available = condition(object, "Available");
    if (available?.status === "True") return { ready: true };
    return { ready: false, waiting: `availability: ${available?.message ?? "not reported yet"}` };
}

export const deployment: Awaiter = {
    related: ({ metadata, spec }) => [
        {
            apiVersion: "apps/v1",
            kind: "ReplicaSet",
            namespace: metadata.namespace,
            labels: selectorText(spec?.selector ?? {}),
        },
    ],
    judge,
    problems: problemsOfPods,
};
