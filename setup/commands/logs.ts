import { accessOf, apiClient, operatorKubeconfig } from "../apiAccess";
import { suggest, type Arguments } from "../arguments";
import { Failure } from "../failure";
import { untilInterrupted } from "../interrupt";
import { seconds } from "../logs/line";
import { followPods, readPods } from "../logs/pods";
import { Printer } from "../logs/printer";
import { isUnitName, readUnits } from "../logs/units";
import { machinesOf } from "../machines";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { findStack } from "../stack";

/**
 * `slipway logs`: the logs of all matching pods in one place, or of units on the nodes, each line with whose it is and
 * from which node, in the order of their times. Follows them until Ctrl-C, which is no failure.
 */
export async function logs(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { values = {}, switches } = args;
    refuseMixed(args);
    const since = readSince(values["--since"]);
    const follow = !switches.includes("--no-follow") && !switches.includes("--previous");
    const printer = new Printer({
        out: process.stdout,
        notes: process.stderr,
        patience: follow ? 500 : Infinity,
    });
    // Whoever reads us has read enough: `slipway logs … | head`.
    process.stdout.on("error", () => process.exit(0));
    const ending = new AbortController();
    void untilInterrupted().then(() => ending.abort());
    try {
        return values["--unit"] === undefined
            ? await ofPods(args, root, progress, { since, follow, printer, signal: ending.signal })
            : await ofUnits(args, root, progress, { since, follow, printer, signal: ending.signal });
    } finally {
        ending.abort();
        printer.flush();
    }
}

interface Reading {
    readonly since?: number;
    readonly follow: boolean;
    readonly printer: Printer;
    readonly signal: AbortSignal;
}

async function ofPods(args: Arguments, root: string, progress: Progress, reading: Reading): Promise<number> {
    const { stack: name, configFile, values = {}, switches, selector = "" } = args;
    const { since, follow, printer, signal } = reading;
    const kubeconfig = await operatorKubeconfig(name, () =>
        prepare({ stack: name, configFile, root, progress, purpose: "inspect" }),
    );
    const client = apiClient(accessOf(kubeconfig), { connections: Infinity });
    const question = {
        selector,
        namespace: values["--namespace"],
        container: values["--container"],
        previous: switches.includes("--previous"),
        since,
    };
    try {
        if (follow) await followPods(client, question, printer, signal);
        else if ((await readPods(client, question, printer)) === 0) {
            const where = question.namespace === undefined ? "" : ` in the namespace ${question.namespace}`;
            throw new Failure(`No container that has run matches "${selector}"${where}.`);
        }
        return 0;
    } catch (error) {
        throw error instanceof Failure ? error : new Failure((error as Error).message);
    } finally {
        client.close();
    }
}

async function ofUnits(args: Arguments, root: string, progress: Progress, reading: Reading): Promise<number> {
    const { stack: name, configFile, values = {} } = args;
    const { since, follow, printer, signal } = reading;
    const units = values["--unit"].split(",");
    const wrong = units.find((unit) => !isUnitName(unit));
    if (wrong !== undefined) throw new Failure(`"${wrong}" can't be a unit's name: it is one such as kubelet.`);
    // Keys that the configuration encrypts need Pulumi; others don't.
    const stack = findStack(root, { name, configFile, needed: true });
    const machines = await machinesOf({ stack }).catch(async () =>
        machinesOf(await prepare({ stack: name, configFile, root, progress, purpose: "inspect" })),
    );
    const nodes = machines.filter((node) => !node.lost && node.name === (values["--node"] ?? node.name));
    if (nodes.length === 0) {
        const names = machines.map((machine) => machine.name);
        const wanted = values["--node"] ?? "";
        throw new Failure(`There is no node "${wanted}"${suggest(wanted, names)}; there are ${names.join(", ")}.`);
    }
    const read = await readUnits(nodes, { units, since, follow }, printer, signal);
    return read > 0 || signal.aborted ? 0 : 1;
}

/** @throws Failure for options of the one kind that are given with the other. */
function refuseMixed({ values = {}, switches }: Arguments): void {
    const ofUnits = values["--unit"] !== undefined;
    const given = [...Object.keys(values), ...switches];
    const wrong = ofUnits
        ? given.find((option) => ["--namespace", "--container", "--previous"].includes(option))
        : given.find((option) => option === "--node");
    if (wrong) throw new Failure(`${wrong} is for the logs of ${ofUnits ? "pods" : "units"}.`);
}

/** @throws Failure for what is no stretch of time. */
function readSince(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const found = seconds(text);
    if (found !== undefined) return found;
    throw new Failure(`--since can't be "${text}": it is a number and s, m, h or d, such as 10m.`);
}
