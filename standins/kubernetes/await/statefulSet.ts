import { isObserved, type Awaiter, type Situation, type Verdict } from "./awaiter";
import { problemsOfPods } from "./pods";

/** A StatefulSet is ready when all pods it wants are, and are of the current revision (unless they go OnDelete). */
function judge({ object }: Situation): Verdict {
    const status = object.status ?? {};
    if (!isObserved(object)) return { ready: false, waiting: "the StatefulSet controller" };
    const wanted: number = object.spec?.replicas ?? 1;
    const ready: number = status.readyReplicas ?? 0;
    const exist: number = status.replicas ?? 0;
    if (ready !== wanted || exist !== wanted) return { ready: false, waiting: `pods: ${ready} of ${wanted} are ready` };
    const onDelete = object.spec?.updateStrategy?.type === "OnDelete";
    const partition: number = object.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const rolledOut = status.currentRevision === status.updateRevision;
    const updated: number = status.updatedReplicas ?? 0;
    if (rolledOut || onDelete || (partition > 0 && updated >= wanted - partition)) return { ready: true };
    return { ready: false, waiting: `the rollout: ${updated} of ${wanted} pods are of the new revision` };
}

export const statefulSet: Awaiter = { judge, problems: problemsOfPods };
