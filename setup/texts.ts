import type { Cause } from "../operations/changes/course";
import type { Arguments, CommandName } from "./arguments";
import { interruptedStatus } from "./engine";
import { Failure } from "./failure";

/** The options that name this stack. */
export function optionsFor(args: Pick<Arguments, "stack" | "configFile">): string[] {
    return [
        ...(args.stack === "dev" ? [] : ["--stack", args.stack]),
        ...(args.configFile ? ["--config-file", args.configFile] : []),
    ];
}

/** How to call another command on the same stack, as the user would type it: "`npm run info -- --stack hex`". */
export function commandFor(
    command: CommandName,
    args: Pick<Arguments, "stack" | "configFile">,
    more: readonly string[] = [],
): string {
    const options = [...optionsFor(args), ...more];
    return `\`npm run ${command}${options.length > 0 ? ` -- ${options.join(" ")}` : ""}\``;
}

/** "12.3 MiB" */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * What to say when Pulumi ended with something else than 0: who failed and why, a line for each cause, as the last thing
 * on the screen.
 */
export function failed(
    what: "pulumi up" | "pulumi refresh" | "pulumi destroy",
    status: number,
    args: Arguments,
    causes: readonly Cause[] = [],
): Failure {
    const again = commandFor(args.command, args);
    if (status === interruptedStatus) {
        return new Failure(`Interrupted: what is done is kept, and ${again} goes on from there.`, interruptedStatus);
    }
    const kept = what === "pulumi destroy" ? "What is gone is gone" : "What was made is kept";
    const why =
        causes.length === 0
            ? "the lines above say what failed and where."
            : ["these failed; the lines above say more.", ...causes.map(causeText), ""].join("\n");
    return new Failure(
        `\`${what}\` ended with status ${status}: ${why}${causes.length === 0 ? " " : "\n"}${kept}; ${again} goes on from there.`,
    );
}

/** "  hex-n3, hex-n4 (stage): sentence". */
function causeText({ nodes, what, why }: Cause): string {
    const whose = nodes.length === 0 ? what : `${nodes.join(", ")} (${what})`;
    return `  ${whose}: ${why}`;
}
