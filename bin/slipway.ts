// The `slipway` command. bin/slipway.mjs starts it, after it saw to the npm packages.
import { createRequire } from "node:module";
import * as path from "node:path";
import { help, parseArguments, type Arguments, type CommandName } from "../setup/arguments";
import { adopt } from "../setup/commands/adopt";
import { backup } from "../setup/commands/backup";
import { down } from "../setup/commands/down";
import { forget } from "../setup/commands/forget";
import { kubectl } from "../setup/commands/kubectl";
import { mirror } from "../setup/commands/mirror";
import { check, kubeconfig, pulumi } from "../setup/commands/others";
import { restore } from "../setup/commands/restore";
import { sbom } from "../setup/commands/sbom";
import { trust } from "../setup/commands/trust";
import { preview } from "../setup/commands/preview";
import { up } from "../setup/commands/up";
import { explain, Failure } from "../setup/failure";
import { Progress } from "../setup/progress";

type Command = (args: Arguments, root: string, progress: Progress) => Promise<number>;

/** Loaded when it is wanted: Kubernetes' and Docker's clients take a while, and most commands use neither. */
const later = createRequire(__filename);
const auditModule = () => later("../setup/commands/audit") as typeof import("../setup/commands/audit");
const conformanceModule = () =>
    later("../setup/commands/conformance") as typeof import("../setup/commands/conformance");
const dashboardModule = () => later("../setup/commands/dashboard") as typeof import("../setup/commands/dashboard");
const driftModule = () => later("../setup/commands/drift") as typeof import("../setup/commands/drift");
const infoModule = () => later("../setup/commands/info") as typeof import("../setup/commands/info");
const logsModule = () => later("../setup/commands/logs") as typeof import("../setup/commands/logs");

const supportModule = () =>
    later("../setup/commands/supportBundle") as typeof import("../setup/commands/supportBundle");

const commands: Record<CommandName, Command> = {
    up,
    preview,
    down,
    adopt,
    forget,
    backup,
    restore,
    audit: (...args) => auditModule().audit(...args),
    conformance: (...args) => conformanceModule().conformance(...args),
    drift: (...args) => driftModule().drift(...args),
    info: (...args) => infoModule().info(...args),
    dashboard: (...args) => dashboardModule().dashboard(...args),
    logs: (...args) => logsModule().logs(...args),
    trust,
    sbom,
    "support-bundle": (...args) => supportModule().supportBundle(...args),
    kubeconfig,
    kubectl,
    mirror,
    check,
    pulumi,
};

/** Runs one command and returns its exit status. @param packages how long npm took, in milliseconds, if it ran. */
export async function main(words: readonly string[], packages?: number): Promise<number> {
    if (words.some((word) => word === "--help" || word === "-h") && !["pulumi", "kubectl"].includes(words[0])) {
        process.stdout.write(`${help()}\n`);
        return 0;
    }
    const progress = new Progress();
    if (packages !== undefined) progress.note("npm packages", packages);
    try {
        const args = parseArguments(words);
        return await commands[args.command](args, path.resolve(__dirname, ".."), progress);
    } catch (error) {
        process.stderr.write(`\n${explain(error)}\n`);
        return error instanceof Failure ? error.exitCode : 1;
    }
}
