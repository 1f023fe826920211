import { Course, type PhaseTime } from "../operations/changes/course";
import { runPulumi, type EngineOptions } from "./engine";
import { openEventLog } from "./eventLog";
import { duration, type Progress } from "./progress";

/** What a followed run came to. */
export interface Followed {
    readonly status: number;
    readonly course: Course;
}

/**
 * Runs Pulumi with its output as it comes, and follows it by its event log: who failed and why, how long each part
 * took. Where somebody else wants the log, nothing is known of that.
 */
export async function runFollowed(pulumi: string, args: readonly string[], options: EngineOptions): Promise<Followed> {
    const course = new Course();
    if (args.some((word) => /^--event-log(=|$)/.test(word))) {
        return { status: await runPulumi(pulumi, args, options), course };
    }
    const pipe = openEventLog((line) => course.take(line));
    // Pulumi knows --event-log only where its commands for debugging are switched on.
    const env = { ...options.env, PULUMI_DEBUG_COMMANDS: "true" };
    const status = await runPulumi(pulumi, [...args, "--event-log", pipe.path], { ...options, env }).finally(() =>
        pipe.close(),
    );
    return { status, course };
}

/** Puts the parts of a run below its own time. */
export function noteTimes(progress: Progress, times: readonly PhaseTime[]): void {
    for (const { phase, milliseconds, slowest } of times) {
        const more = slowest && `longest on ${slowest.node}: ${duration(slowest.milliseconds)}`;
        progress.note(`  ${phase}`, milliseconds, more);
    }
}
