/**
 * Node.js 20 never ends colouring a trace that names a package with a scope (util.inspect of an error, which is how
 * Pulumi's SDK prints one), and takes all memory for it. A path with "/./" in it is the same path, and is no such name.
 */
export function tameStackTraces(): void {
    const prepare = Error.prepareStackTrace;
    if (!prepare) return;
    Error.prepareStackTrace = (error, frames) =>
        String(prepare(error, frames)).replaceAll("/node_modules/@", "/node_modules/./@");
}
