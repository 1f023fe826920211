// The `slipway` command. bin/slipway.mjs starts it, after it saw to the npm packages.
import * as path from "node:path";
import { help, parseArguments, type Arguments, type CommandName } from "../setup/arguments";
import { check, kubeconfig, mirror, pulumi } from "../setup/commands/others";
import { explain } from "../setup/failure";
import { Progress } from "../setup/progress";

type Command = (args: Arguments, root: string, progress: Progress) => Promise<number>;

const commands: Record<CommandName, () => Promise<Command>> = {
    up: async () => (await import("../setup/commands/up")).up,
    preview: async () => (await import("../setup/commands/preview")).preview,
    down: async () => (await import("../setup/commands/down")).down,
    // Kubernetes' client takes a while to load.
    info: async () => (await import("../setup/commands/info")).info,
    kubeconfig: async () => kubeconfig,
    mirror: async () => mirror,
    check: async () => check,
    pulumi: async () => pulumi,
};

/** Runs one command and returns its exit status. @param packages how long npm took, in milliseconds, if it ran. */
export async function main(words: readonly string[], packages?: number): Promise<number> {
    if (words.some((word) => word === "--help" || word === "-h") && words[0] !== "pulumi") {
        process.stdout.write(`${help()}\n`);
        return 0;
    }
    const progress = new Progress();
    if (packages !== undefined) progress.note("npm packages", packages);
    try {
        const args = parseArguments(words);
        const command = await commands[args.command]();
        return await command(args, path.resolve(__dirname, ".."), progress);
    } catch (error) {
        process.stderr.write(`\n${explain(error)}\n`);
        return 1;
    }
}
