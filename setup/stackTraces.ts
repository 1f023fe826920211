/** Functions of the SDK that take a trace which nobody reads. */
const unread = ["debuggablePromise", "callsites"];

/**
 * What the program changes about stack traces:
 *
 * - Pulumi's SDK notes for each promise it makes where it did so, for whoever looks for leaks with
 *   PULUMI_DEBUG_PROMISE_LEAKS. A resource has a dozen of them, and a stack trace with its source maps costs more than
 *   the rest of the promise: a fifth of the program's time. Where nobody will read them they are left out.
 * - For each resource it takes the whole way to where it was made, without a limit, for the engine to keep. Nobody reads
 *   that in a program whose resources all come from here: half a second of a thousand resources.
 * - Node.js 20 never ends colouring a trace that names a package with a scope (util.inspect of an error, which is how
 *   the SDK prints one), and takes all memory for it. A path with "/./" in it is the same path, and is no such name.
 */
export function tameStackTraces(): void {
    const prepare = Error.prepareStackTrace;
    if (!prepare) return;
    const leaks = process.env.PULUMI_DEBUG_PROMISE_LEAKS;
    Error.prepareStackTrace = (error, frames) =>
        !leaks && unread.includes(frames[0]?.getFunctionName() ?? "")
            ? ""
            : String(prepare(error, frames)).replaceAll("/node_modules/@", "/node_modules/./@");
}
