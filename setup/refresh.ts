import type { ApiLook } from "./apiDrift";
import type { EngineRun } from "./fleet";
import type { Progress } from "./progress";

/** Whether a run looks at the API for itself: not where the user says what Pulumi refreshes, or which resources count. */
export function looksAtApi(rest: readonly string[]): boolean {
    return !rest.some((word) => /^(-r|--refresh|-t|--target|--target-replace|--replace)(=|$)/.test(word));
}

/** Says what was changed by hand in the API, or why that can't be seen now. */
export function sayLook({ drift, problem }: ApiLook, progress: Progress): void {
    if (problem !== undefined) {
        progress.say(
            `Not looked for: what was changed by hand in the Kubernetes API, for it doesn't answer. ${problem}`,
        );
    }
    if (drift.length > 0) {
        progress.say(`Changed by hand in the Kubernetes API: ${drift.map(({ what }) => what).join(", ")}.`);
    }
}

/**
 * The run of `pulumi refresh` that takes over into the state what somebody changed by hand in the API, so that the
 * update mends it. Of these objects only: a refresh of everything takes longer, and finds differences that are none.
 *
 * @param env as the update's
 */
export function refreshRun({ drift }: ApiLook, env: EngineRun["env"]): EngineRun {
    return { phase: "Kubernetes objects", folder: "", words: drift.flatMap(({ urn }) => ["--target", urn]), env };
}
