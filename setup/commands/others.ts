import { createRequire } from "node:module";
import { parse } from "yaml";
import { hostKeyProblems } from "../../components/config/hostKeys";
import type { Settings } from "../../components/config/schema";
import type { Arguments } from "../arguments";
import { lookAtMachines } from "../askMachines";
import { runPulumi } from "../engine";
import { hasSecrets, machinesOf } from "../machines";
import { readUser } from "../kubeconfigUser";
import { mergeKubeconfig, usersKubeconfig, type Merge } from "../mergeKubeconfig";
import { kubeconfigOf, readOutputs } from "../outputs";
import { describePlan, makePlan } from "../plan";
import { preflight } from "../preflight";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { findStack, hasResources, readState, type Stack } from "../stack";
import { commandFor } from "../texts";

/** Loaded when it is wanted: certificate requests take a library that takes a while. */
const later = createRequire(__filename);
const preflightModule = () => later("../../operations/preflight") as typeof import("../../operations/preflight");
const userKubeconfigModule = () => later("../userKubeconfig") as typeof import("../userKubeconfig");

/** `slipway kubeconfig`: on stdout the operator's, or one for another user, and nothing else; or merged into one's own. */
export async function kubeconfig(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile } = args;
    const user = readUser(args.values);
    const prepared = await prepare({ stack, configFile, root, progress, purpose: "inspect" });
    const operators = kubeconfigOf(await readOutputs(prepared), stack);
    const text = user ? await userKubeconfigModule().kubeconfigFor(user, operators) : operators;
    const merge = args.switches.includes("--merge");
    process.stdout.write(merge ? `${describeMerge(mergeKubeconfig(usersKubeconfig(), text), text)}\n` : text);
    return 0;
}

/** What a merge did, in one line or two. */
export function describeMerge({ file, changed, backup, before }: Merge, kubeconfig: string): string {
    const name = String((parse(kubeconfig) as Record<string, unknown>)["current-context"]);
    if (!changed) return `${file} has ${name} already, as its current context: nothing was changed.`;
    const back = before ? ` (it was ${before}: \`kubectl config use-context ${before}\` goes back)` : "";
    return [
        `Merged ${name} into ${file}: cluster, context and user ${name}, which is the current context now${back}.`,
        ...(backup ? [`As it was before: ${backup}`] : []),
    ].join("\n");
}

/** `slipway check`: the plan, and what stands in its way, here and on the machines. Changes nothing. */
export async function check(args: Arguments, root: string, progress: Progress): Promise<number> {
    const stack = findStack(root, { name: args.stack, configFile: args.configFile, needed: true });
    const settings = checkSettings(stack);
    const needs = { plugins: true, docker: settings.lab === undefined ? "no" : "yes", mirror: true } as const;
    const plan = await makePlan(stack, { source: args.source, needs });
    const node = `Node.js: ${process.versions.node}, npm packages installed.`;
    const unsafe = hostKeyProblems(settings, commandFor("trust", args));
    const problems = [...plan.problems, ...unsafe, ...(await preflight(plan, settings))];
    const lines = [node, ...describePlan(plan), ...problems.map((problem) => `✘ ${problem}`)];
    const machines =
        unsafe.length > 0
            ? { lines: ["⚠ The machines were not asked: their host keys come first."], fit: false }
            : await checkMachines({ args, root, progress, stack, settings });
    const fits = problems.length === 0 && machines.fit;
    lines.push(...machines.lines, fits ? "Nothing is missing: `npm run up` can begin." : "");
    process.stdout.write(`${lines.join("\n").trimEnd()}\n`);
    return fits ? 0 : 1;
}

/** What the machines say, in lines. A lab's are there once `up` has made them. */
async function checkMachines(on: {
    args: Arguments;
    root: string;
    progress: Progress;
    stack: Stack;
    settings: Settings;
}): Promise<{ lines: readonly string[]; fit: boolean }> {
    const { args, root, progress, stack, settings } = on;
    if (settings.lab !== undefined && !hasResources(readState(stack)?.resources ?? [])) return { lines: [], fit: true };
    // Pulumi is needed only to decrypt.
    const encrypted = hasSecrets(stack.config);
    if (encrypted && readState(stack) === undefined) {
        const why = "their keys are encrypted, and there is no stack yet to decrypt them";
        return { lines: [`⚠ The machines were not asked: ${why}. \`up\` asks them.`], fit: true };
    }
    const { stack: name, configFile } = args;
    const at = encrypted ? await prepare({ stack: name, configFile, root, progress, purpose: "inspect" }) : { stack };
    const nodes = (await machinesOf(at)).filter(({ lost }) => !lost);
    const findings = await lookAtMachines(nodes, nodes, settings);
    const { describeFindings } = preflightModule();
    const asked = `Machines: ${nodes.length} were asked, ${new Set(findings.map(({ node }) => node)).size} with findings.`;
    return {
        lines: [asked, ...describeFindings(findings)],
        fit: findings.every(({ severity }) => severity === "warn"),
    };
}

/** Commands of Pulumi's that read a stack's configuration, and so take our copy of it. */
const configured = ["up", "preview", "destroy", "refresh", "import"];

/** `slipway pulumi …`: Pulumi with backend, passphrase and plugins as `up` has them. */
export async function pulumi(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile, rest } = args;
    const prepared = await prepare({ stack, configFile, root, progress, purpose: "operate" });
    try {
        const words = [...rest];
        if (configured.includes(rest[0])) {
            if (!rest.some((word) => /^(-s|--stack)(=|$)/.test(word))) words.push("--stack", stack);
            if (prepared.configFile && !rest.some((word) => /^--config-file(=|$)/.test(word))) {
                words.push("--config-file", prepared.configFile);
            }
        }
        return await runPulumi(prepared.pulumi, words, { cwd: root, env: prepared.env });
    } finally {
        await prepared.close();
    }
}
