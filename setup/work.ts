import * as path from "node:path";
import { interruptedStatus, pulumiRuns } from "./engine";
import { Failure } from "./failure";
import { dockerObjects, removeObjects } from "./leftovers";
import { acquire, isStale, pulumiLocks, type Lock } from "./lock";
import { dataFolder } from "./paths";
import type { Prepared } from "./prepare";
import { endProcesses, processesWith } from "./processes";
import type { Progress } from "./progress";
import { run } from "./run";
import { exportState, lockFolder, readState, stateFile, type Stack } from "./stack";
import { importState } from "./stateImport";
import { pointsToNothing, repairState } from "./stateRepair";

/**
 * Takes a stack for a command that changes it, and ends what a killed one before left running.
 *
 * @throws Failure when somebody else works on it: another of our commands, or Pulumi itself.
 */
export async function takeStack(stack: Stack, command: string, progress: Progress): Promise<Lock> {
    const lock = acquire(path.join(dataFolder(), "stacks", `${stack.name}.lock`), command);
    try {
        if (lock.dead) {
            const left = processesWith("SLIPWAY_RUN", lock.dead.run);
            const many = left.length > 0 ? `; ending its ${left.length} processes that still run` : "";
            progress.say(`An earlier \`slipway ${lock.dead.command}\` was killed${many}.`);
            await endProcesses(left, "SIGINT", 20_000);
        }
        const working = stack.ownBackend && pulumiLocks(lockFolder(stack)).find((found) => !isStale(found));
        if (working) {
            throw new Failure(
                `Pulumi is working on stack ${stack.name} already (process ${working.pid} of ${working.username}@` +
                    `${working.hostname}, since ${working.timestamp}): wait until it ends, then try again.`,
            );
        }
        const mended = stack.ownBackend && repairState(stateFile(stack));
        if (mended) progress.say(mended);
    } catch (error) {
        lock.release();
        throw error;
    }
    // By this, whatever we start is found again, should we be killed.
    process.env.SLIPWAY_RUN = lock.holder.run;
    const stop = () => void stopEarly(lock);
    process.on("SIGINT", stop).on("SIGTERM", stop);
    return {
        ...lock,
        release: () => {
            process.off("SIGINT", stop).off("SIGTERM", stop);
            lock.release();
        },
    };
}

/** Ctrl-C before or after Pulumi runs: what we started ends, the stack is given back. */
async function stopEarly(lock: Lock): Promise<void> {
    if (pulumiRuns()) return;
    process.stderr.write("\nInterrupted: what is finished is kept, and the next run goes on from there.\n");
    await endProcesses(processesWith("SLIPWAY_RUN", lock.holder.run), "SIGTERM", 5000);
    lock.release();
    process.exit(interruptedStatus);
}

/**
 * Mends what a killed or failed run left in the state, so that the next one converges: a lock, references to what is gone,
 * and operations that never ended.
 */
export async function mend(prepared: Prepared, progress: Progress): Promise<void> {
    const { stack, pulumi, env } = prepared;
    const options = { cwd: stack.root, env };
    if (stack.ownBackend && pulumiLocks(lockFolder(stack)).length > 0) {
        progress.say("Removing the lock of a Pulumi that was killed.");
        const args = ["cancel", "--yes", "--stack", stack.name, "--non-interactive"];
        await run(pulumi, args, { ...options, purpose: "Removing a dead lock" });
    }
    await dropReferences(prepared, progress);
    const pending = readState(stack)?.pending ?? [];
    if (pending.length === 0) return;
    progress.say(`${pending.length} operations of a killed run never ended; they are done again.`);
    await removePending(prepared, progress);
    // Importing what was exported drops the operations that are pending; nothing else changes.
    await importState(prepared, await exportState(prepared), "Mending the state");
}

/** After a run that failed, too: neither a preview nor plain Pulumi would take the state with them. */
export async function dropReferences({ stack, pulumi, env }: Prepared, progress: Progress): Promise<void> {
    if (!pointsToNothing(readState(stack)?.resources ?? [])) return;
    progress.say("Removing references to what is gone from the state.");
    const args = ["state", "repair", "--yes", "--stack", stack.name, "--non-interactive"];
    await run(pulumi, args, { cwd: stack.root, env, purpose: "Repairing the state" });
}

/** A container that was being made has its name already, and the state doesn't know: it would stand in the way. */
async function removePending(prepared: Prepared, progress: Progress): Promise<void> {
    const state = readState(prepared.stack);
    if (!state || !prepared.docker) return;
    const known = new Set(state.resources.map(({ urn }) => urn));
    const objects = dockerObjects(state.pending.filter(({ urn }) => !known.has(urn)));
    for (const name of await removeObjects(objects, prepared.docker.host)) {
        progress.say(`Removed ${name}, which was only half made.`);
    }
}
