/**
 * Pulumi's SDK notes for each promise it makes where it did so, for whoever looks for leaks with
 * PULUMI_DEBUG_PROMISE_LEAKS. A resource has a dozen of them, and a stack trace with its source maps costs more than
 * the rest of the promise: a fifth of the program's time. Where nobody will read them they are left out.
 */
export function leaveOutPromiseTraces(): void {
    const prepare = Error.prepareStackTrace;
    if (!prepare || process.env.PULUMI_DEBUG_PROMISE_LEAKS) return;
    Error.prepareStackTrace = (error, frames) =>
        frames[0]?.getFunctionName() === "debuggablePromise" ? "" : prepare(error, frames);
}
