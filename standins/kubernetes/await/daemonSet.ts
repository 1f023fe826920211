import { isObserved, type Awaiter, type Situation, type Verdict } from "./awaiter";
import { problemsOfPods } from "./pods";

/** A DaemonSet is ready when every node that wants a pod has one of the current revision, ready and available. */
function judge({ object }: Situation): Verdict {
    const status = object.status ?? {};
    if (!isObserved(object) || status.desiredNumberScheduled === undefined) {
        return { ready: false, waiting: "the DaemonSet controller" };
    }
    const wanted: number = status.desiredNumberScheduled;
    const steps: [word: string, count: number][] = [
        ["scheduled", status.currentNumberScheduled ?? 0],
        ["of the current revision", status.updatedNumberScheduled ?? 0],
        ["ready", status.numberReady ?? 0],
        ["available", status.numberAvailable ?? 0],
    ];
    const missing = steps.find(([, count]) => count < wanted);
    if (!missing) return { ready: true };
    return { ready: false, waiting: `pods: ${missing[1]} of ${wanted} are ${missing[0]}` };
}

export const daemonSet: Awaiter = { judge, problems: problemsOfPods };
