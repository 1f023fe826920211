import { createRequire } from "node:module";
import * as path from "node:path";
import { hostKeyProblems } from "../../components/config/hostKeys";
import type { PhaseTime } from "../../operations/changes/course";
import { lookAtApi } from "../apiDrift";
import type { Arguments } from "../arguments";
import { refuseUnfit } from "../askMachines";
import { engineRuns, type EngineRun } from "../fleet";
import { leaveThroughLiving } from "../leaving";
import { dockerObjects } from "../leftovers";
import { Failure } from "../failure";
import { noteTimes, runFollowed } from "../followed";
import { kubeconfigOf, readOutputs, table, writeKubeconfig, type Outputs } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { looksAtApi, refreshRun, sayLook } from "../refresh";
import { exportState, findStack, nodeCount, readState } from "../stack";
import { checkSettings } from "../settings";
import { hasSecrets, machinesOf } from "../machines";
import { keepCopies } from "../stateCopies";
import { commandFor, failed } from "../texts";
import { dropReferences, mend, takeStack } from "../work";
import { kubectlFor } from "../kubectl";

/** For what is rarely needed and takes a moment to load. */
const later = createRequire(__filename);

/** Operations at once: a node has few steps at a time, and most of them wait for the node. */
export function parallelism(nodes: number): number {
    return Math.min(256, Math.max(16, 4 * nodes));
}

/** `slipway up`: from nothing, or from anything between, to the cluster that the configuration describes. */
export async function up(args: Arguments, root: string, progress: Progress): Promise<number> {
    try {
        const { outputs, kubeconfig } = await bringUp(args, root, progress);
        process.stdout.write(`\n${farewell(args, outputs, kubeconfig)}\n`);
        return 0;
    } finally {
        const summary = progress.summary();
        if (summary) process.stdout.write(`\nTime\n${summary}\n`);
    }
}

/** Does what `up` does, and returns the outputs and the kubeconfig's file. */
export async function bringUp(
    args: Arguments,
    root: string,
    progress: Progress,
): Promise<{ outputs: Outputs; kubeconfig: string }> {
    const { stack: name, configFile, source } = args;
    // Mistakes come before the lock, and long before anything is made.
    const stack = findStack(root, { name, configFile, needed: true });
    const settings = checkSettings(stack);
    const [refusal] = hostKeyProblems(settings, commandFor("trust", args));
    if (refusal) throw new Failure(`Nothing was touched: ${refusal}`);
    const lock = await takeStack(stack, "up", progress);
    try {
        const encrypted = hasSecrets(stack.config);
        if (!encrypted) await refuseUnfit(stack, () => machinesOf({ stack }), settings, progress);
        const dockerNeeded = dockerObjects(readState(stack)?.pending ?? []).length > 0;
        const preparing = prepare({ stack: name, configFile, source, root, progress, dockerNeeded });
        const looking = looksAtApi(args.rest) ? lookAtApi(stack, preparing) : undefined;
        const prepared = await preparing;
        try {
            await mend(prepared, progress);
            if (encrypted) await refuseUnfit(stack, () => machinesOf(prepared), settings, progress);
            await leaveThroughLiving(prepared, settings);
            const options = ["--yes", "--skip-preview", "--suppress-outputs", "--stack", name];
            const parallel = ["--parallel", String(parallelism(nodeCount(stack)))];
            const resources = async () => (await exportState(prepared)).deployment.resources ?? [];
            const { project } = stack;
            const runs = await engineRuns({ stack: name, project, settings, resources, rest: args.rest });
            const engine = async (command: "up" | "refresh", { phase, folder, words, env }: EngineRun) => {
                // Pulumi looks for the configuration beside the program.
                const file = prepared.configFile ?? (folder ? stack.configFile : undefined);
                const all = [command, ...options, ...(file ? ["--config-file", file] : []), ...parallel, ...words];
                const where = { cwd: path.join(root, folder), env: { ...prepared.env, ...env } };
                let times: readonly PhaseTime[] = [];
                const work = async () => {
                    const { status, course } = await runFollowed(prepared.pulumi, all, where);
                    times = course.times;
                    if (status === 0) return;
                    await dropReferences(prepared, progress);
                    throw failed(`pulumi ${command}`, status, args, course.causes);
                };
                await progress.phase(phase, () => progress.aside(work)).finally(() => noteTimes(progress, times));
            };
            const look = (await looking) ?? { drift: [] };
            sayLook(look, progress);
            if (look.problem !== undefined) {
                const { forgetLostObjects } = later("../lostApi") as typeof import("../lostApi");
                await forgetLostObjects(prepared, progress);
            }
            if (look.drift.length > 0) await engine("refresh", refreshRun(look, runs.at(-1)!.env));
            for (const run of runs) await engine("up", run);
            const [outputs] = await Promise.all([
                readOutputs(prepared),
                keepCopies(prepared, settings, (line) => progress.say(line)),
            ]);
            return { outputs, kubeconfig: writeKubeconfig(name, kubeconfigOf(outputs, name)) };
        } finally {
            await prepared.close();
        }
    } finally {
        lock.release();
    }
}

/** What stands at the end of a successful run: nodes, URLs, kubeconfig, what to try. */
export function farewell(args: Arguments, outputs: Outputs, kubeconfig: string): string {
    const { nodes = [], urls = {}, endpoint } = outputs;
    const rows = nodes.map(({ name, roles, address, versions }) => [
        name,
        roles.join(", "),
        address,
        versions.kubernetes ? `v${versions.kubernetes}` : "",
    ]);
    const services = Object.entries(urls).map(([name, url]) => [name, url]);
    const kubectl = kubectlFor(args, kubeconfig);
    const [firstUrl] = Object.values(urls);
    const tries = [
        `${kubectl} get nodes,pods -A -o wide`,
        firstUrl ? `curl ${firstUrl}` : `${kubectl} cluster-info`,
        `change the replicas of a workload in ${args.configFile ?? `Pulumi.${args.stack}.yaml`}, then ${commandFor("preview", args)}`,
    ];
    return [
        ...(rows.length > 0 ? ["Nodes", table([["NAME", "ROLES", "ADDRESS", "KUBERNETES"], ...rows]), ""] : []),
        ...(services.length > 0 ? ["Services", table(services), ""] : []),
        ...(endpoint ? [`API         ${endpoint}`] : []),
        `Kubeconfig  ${kubeconfig}`,
        "",
        "To try",
        ...tries.map((text) => `  ${text}`),
    ].join("\n");
}
