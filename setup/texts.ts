import type { Arguments, CommandName } from "./arguments";

/** How to call another command on the same stack, as the user would type it: "`npm run info -- --stack hex`". */
export function commandFor(command: CommandName, args: Pick<Arguments, "stack" | "configFile">): string {
    const options = [
        ...(args.stack === "dev" ? [] : ["--stack", args.stack]),
        ...(args.configFile ? ["--config-file", args.configFile] : []),
    ];
    return `\`npm run ${command}${options.length > 0 ? ` -- ${options.join(" ")}` : ""}\``;
}
