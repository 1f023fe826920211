import { condition, type Awaiter, type Situation, type Verdict } from "./awaiter";
import { problemsOfPods } from "./pods";

/** A Job is ready when it is complete. One that has failed for good ends the wait. */
function judge({ object }: Situation): Verdict {
    const { active = 0, succeeded = 0, failed = 0, startTime } = object.status ?? {};
    const failure = condition(object, "Failed");
    if (failure?.status === "True") return { ready: false, failed: `${failure.reason}: ${failure.message}` };
    if (condition(object, "Complete")?.status === "True") return { ready: true };
    const counts = `${active} active, ${succeeded} succeeded, ${failed} failed`;
    return { ready: false, waiting: startTime ? `its pods: ${counts}` : "its start" };
}

export const job: Awaiter = { judge, problems: problemsOfPods };
