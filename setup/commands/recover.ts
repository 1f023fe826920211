import type { NodeSpec } from "../../components/inventory";
import { kitStep } from "../../components/remote/kit";
import { run } from "../../components/remote/ssh";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { notBack, onAll } from "../onAll";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { answered, type QuorumReport, type QuorumReports, refusal } from "../recovery";
import { checkSettings } from "../settings";
import { findStack } from "../stack";
import { livingControlPlanes } from "../stateCopies";
import { commandFor } from "../texts";
import { takeStack } from "../work";

/**
 * `slipway recover NODE`: when more than half of etcd's members are gone for good, makes a cluster of one member of what
 * one of the others holds.
 *
 * Refused while there is a quorum. What was there is kept until the API answers; a run that was cut off is said again.
 */
export async function recover(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, node = "" } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const lock = await takeStack(stack, "recover", progress);
    try {
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        const planes = livingControlPlanes(await machinesOf(prepared));
        const reports = await progress.phase("Control planes are asked", () => ask(planes));
        const why = refusal(node, reports, args.switches.includes("--force"));
        if (why) throw new Failure(`${why} Nothing was changed.`);
        if (!args.switches.includes("--yes")) {
            process.stdout.write(`${question(args, reports)}\n`);
            return 1;
        }
        const chosen = planes.find((plane) => plane.name === node)!;
        const names = answered(reports).map(([name]) => name);
        const others = planes.filter(({ name }) => name !== node && names.includes(name));
        await withdraw(others, progress);
        await rebuild(chosen, others, `${cluster.name}-${Date.now()}`, progress);
        progress.say(farewell(args, planes));
        return 0;
    } finally {
        lock.release();
    }
}

async function ask(planes: readonly NodeSpec[]): Promise<QuorumReports> {
    const reports = await Promise.all(
        planes.map(async ({ name, ssh }) => {
            try {
                const { code, stdout, stderr } = await run(ssh, kitStep("recover look"), { timeout: 30_000 });
                return [name, code === 0 ? (JSON.parse(stdout) as QuorumReport) : stderr.trim()] as const;
            } catch (error) {
                return [name, (error as Error).message] as const;
            }
        }),
    );
    return Object.fromEntries(reports);
}

/** Other control planes that answer serve what is old from now on, and would serve it to whoever asks them. */
async function withdraw(others: readonly NodeSpec[], progress: Progress): Promise<void> {
    if (others.length === 0) return;
    const failure = "These control planes could not be stopped, so no data was changed:";
    await progress.phase("Other control planes stop", () =>
        onAll(others, { command: () => kitStep("restore stop"), failure }),
    );
}

async function rebuild(
    chosen: NodeSpec,
    others: readonly NodeSpec[],
    token: string,
    progress: Progress,
): Promise<void> {
    const { name, address } = chosen;
    const failure = `etcd was not recovered on ${name}:`;
    const verb = (words: string) => onAll([chosen], { command: () => kitStep(words), failure });
    try {
        await progress.phase("A cluster of one member", () =>
            verb(`recover take node=${name} address=${address} token=${token}`),
        );
        await progress.phase("Control plane starts", async () => {
            await verb("restore put");
            await verb("restore start");
        });
    } catch (error) {
        const why = (error as Error).message;
        await progress.phase("Back to what was there", () =>
            onAll([chosen, ...others], { command: () => kitStep("recover leave"), failure: notBack(why) }),
        );
        throw new Failure(`${why}\nWhat ${name} held is there as it was before.`);
    }
    await verb("restore done");
}

function question(args: Arguments, reports: QuorumReports): string {
    const { node = "" } = args;
    const own = reports[node] as QuorumReport;
    const others = Object.entries(reports).filter(([name]) => name !== node);
    const lines = others.map(([name, report]) =>
        typeof report === "string"
            ? `  - ${name} doesn't answer: ${report}`
            : `  - ${name}: etcd is ${report.etcd}, ${report.data ? `its data goes to revision ${report.revision}` : "without data"}`,
    );
    return [
        `${node} would be the only member of etcd, with what it holds (up to revision ${own.revision}). ` +
            (others.length > 0 ? "Given up are the others:" : "There is no other control plane."),
        ...lines,
        ...(others.length > 0
            ? ["What they knew beyond that is lost, and they must not come back with their data: reset them."]
            : []),
        `Pods go on running. Nothing was changed. To do it: ${commandFor("recover", args, [node, ...args.switches, "--yes"])}`,
    ].join("\n");
}

function farewell(args: Arguments, planes: readonly NodeSpec[]): string {
    const { node = "" } = args;
    const others = planes.flatMap(({ name }) => (name === node ? [] : [name]));
    return [
        `${node} is the only member of etcd now, and its API answers.`,
        ...(others.length > 0
            ? [
                  `Take ${others.join(", ")} out, or put fresh machines in their place (docs/recovering.md); until then a ` +
                      `failure of ${node} ends the cluster. Take a snapshot now: ${commandFor("backup", args)}.`,
              ]
            : []),
    ].join("\n");
}
