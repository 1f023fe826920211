import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";

/** What the SDK's types don't tell of, or call read-only. */
interface Sdk {
    readonly log: { debug: typeof pulumi.log.debug };
    readonly resource: { callsites(): readonly unknown[] };
    readonly promises: { debuggablePromise<T>(promise: Promise<T>, context?: unknown): Promise<T> };
}

export const sdk: Sdk = {
    log: pulumi.log as Sdk["log"],
    resource: pulumi.Resource as unknown as Sdk["resource"],
    // As it is required: what is imported is a copy.
    promises: createRequire(__filename)("@pulumi/pulumi/runtime/debuggable") as Sdk["promises"],
};

/**
 * Leaves out what Pulumi's SDK does for whoever develops it, a fifth of the program's time with hundreds of resources:
 *
 * - It tells the engine of each resource four times in words for `--debug`, one call after the other; the last of them
 *   holds all that the resource is.
 * - It takes the whole way to where each resource was made, for the engine to keep. Here it is the same for all.
 * - It takes a stack trace for each of a resource's dozen promises. That one of them never ends is still found.
 *
 * PULUMI_DEBUG_PROMISE_LEAKS, which is the SDK's own and prints those traces, brings all of it back.
 */
export function quietSdk(): void {
    if (process.env.PULUMI_DEBUG_PROMISE_LEAKS) return;
    const { log, resource, promises } = sdk;
    const { debuggablePromise } = promises;
    log.debug = () => Promise.resolve();
    resource.callsites = () => [];
    promises.debuggablePromise = (...args) => {
        const { stackTraceLimit } = Error;
        Error.stackTraceLimit = 0;
        try {
            return debuggablePromise(...args);
        } finally {
            Error.stackTraceLimit = stackTraceLimit;
        }
    };
}
