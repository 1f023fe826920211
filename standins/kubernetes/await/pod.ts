import { condition, type Awaiter, type Situation, type Verdict } from "./awaiter";
import { podProblems, warningsOf } from "./pods";

/** A Pod is ready when it is scheduled, initialized and Ready, or has succeeded. */
function judge({ object }: Situation): Verdict {
    const phase = object.status?.phase;
    if (phase === "Succeeded") return { ready: true };
    const steps = [
        ["PodScheduled", "a node"],
        ["Initialized", "its init containers"],
        ["Ready", "its containers"],
    ];
    const missing = steps.find(([type]) => condition(object, type)?.status !== "True");
    return missing ? { ready: false, waiting: missing[1] } : { ready: true };
}

export const pod: Awaiter = {
    judge,
    problems: async (cluster, object) => [...podProblems(object), ...(await warningsOf(cluster, object))],
};
