import * as fs from "node:fs";
import { isMap } from "yaml";
import type { Generations } from "../../components/pki/generations";
import { probeNodes } from "../../components/remote/probe";
import { courseOf, generationsIn, phases, remaining, type Course, type Phase } from "../../operations/rotation/course";
import { suggest, type Arguments } from "../arguments";
import { editConfiguration } from "../configurationFile";
import { Failure } from "../failure";
import { renewCopy } from "../kubeconfigCopy";
import { machinesOf } from "../machines";
import { kubeconfigFile } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { accounts } from "../rotation/accounts";
import { authorities } from "../rotation/authorities";
import { clearMark, setMark, unfinished } from "../rotation/mark";
import type { Asked, Subject } from "../rotation/subject";
import { checkSettings } from "../settings";
import { findStack, hasResources, readState, type Stack } from "../stack";
import { commandFor } from "../texts";
import { bringUp } from "./up";

/** `slipway rotate-ca`: the next generation of the cluster's, etcd's and the front proxy's authority. */
export const rotateCa = (args: Arguments, root: string, progress: Progress) =>
    rotate(authorities, { args, root, progress });

/** `slipway rotate-service-accounts`: the next key that signs tokens of service accounts. */
export const rotateServiceAccounts = (args: Arguments, root: string, progress: Progress) =>
    rotate(accounts, { args, root, progress });

/**
 * Goes through the phases, each of which is a change of the configuration's file, an `up`, and a look at every machine.
 * Where it was interrupted, it goes on from the phase that the file is in.
 */
async function rotate(
    subject: Subject,
    { args, root, progress }: { args: Arguments; root: string; progress: Progress },
): Promise<number> {
    const { stack: name, configFile } = args;
    const until = readUntil(args.values?.["--until"]);
    const stack = findStack(root, { name, configFile, needed: true });
    const planned = courseIn(stack, subject);
    if (stack.ownBackend && !hasResources(readState(stack)?.resources ?? [])) {
        throw new Failure(
            `Stack ${name} has no cluster yet, so there is nothing to rotate: ${commandFor("up", args)}.`,
        );
    }
    const begun = planned.at === undefined ? unfinished(name, subject.key, planned.from) : planned;
    const course = begun ?? begin(subject, planned, await ask(subject, args, root));
    try {
        for (const phase of remaining(course)) {
            const wait = phase === "drop" ? await subject.notYet?.(await ask(subject, args, root)) : undefined;
            if (wait !== undefined) {
                progress.say(wait);
                return 0;
            }
            if (phase === "drop") setMark(name, subject.key, course);
            enter(stack, subject, { phase, course, progress });
            await bringUpTo(args, root, progress);
            const asked = () => ask(subject, args, root).then((found) => subject.problems(phase, course, found));
            const problems = await progress.phase("Look at every machine", asked);
            if (problems.length > 0) throw halt(subject, { args, phase, course, problems });
            if (phase === "drop") clearMark(name, subject.key);
            progress.say(subject.told(phase, course));
            if (phase === until && phase !== "drop") {
                progress.say(`Stopped there, as --until says; ${commandFor(subject.command, args)} goes on.`);
                return 0;
            }
        }
        return 0;
    } finally {
        const summary = progress.summary();
        if (summary) process.stdout.write(`\nTime\n${summary}\n`);
    }
}

function readUntil(text: string | undefined): Phase | undefined {
    if (text === undefined || (phases as readonly string[]).includes(text)) return text as Phase | undefined;
    throw new Failure(`--until can't be "${text}"${suggest(text, phases)}: it is one of ${phases.join(", ")}.`);
}

function courseIn(stack: Stack, { key }: Subject): Course {
    const course = courseOf(checkSettings(stack).cluster[key]);
    if (typeof course !== "string") return course;
    throw new Failure(`cluster.${key}.${course}: take what isn't needed any more out of ${stack.configFile} first.`);
}

/**
 * The course of a rotation that the configuration doesn't know of: a new one, or the rest of one that was cut off in its
 * last phase on another operator's machine.
 *
 * @throws Failure where a machine doesn't answer: it would only be found out after the first phase.
 */
function begin({ trusted, what }: Subject, planned: Course, asked: Asked): Course {
    const silent = asked.machines.flatMap(({ name }) => asked.reports[name].problem ?? []);
    if (silent.length > 0) {
        throw new Failure(
            [
                `Not all machines answer, and those would be parted from the others when ${what} are rotated:`,
                ...silent.map((problem) => `  - ${problem}`),
                "Nothing was changed. One that is gone for good is taken out by `npm run forget`.",
            ].join("\n"),
        );
    }
    const others = asked.machines.flatMap(({ name }) => trusted(asked.reports[name]));
    const old = others.find((generation) => generation !== planned.from);
    return old === undefined ? planned : { from: old, to: planned.from, at: "drop" };
}

/** Writes a phase's configuration into the stack's file, where it doesn't stand there yet. */
function enter(
    { configFile }: Stack,
    { key }: Subject,
    { phase, course, progress }: { phase: Phase; course: Course; progress: Progress },
): void {
    const { generation, trusted } = generationsIn(phase, course);
    if (course.at !== phase) writeGenerations(configFile, key, { generation, trusted });
    const beside = trusted.length > 0 ? `, trusted: [${trusted.join(", ")}]` : "";
    progress.say(`${configFile}: ${key} is { generation: ${generation}${beside} } now.`);
}

/** @throws Failure where the file holds the cluster as text. */
export function writeGenerations(file: string, key: Subject["key"], { generation, trusted }: Generations): void {
    editConfiguration(file, (document) => {
        const cluster = ["config", "slipway:cluster"];
        if (!isMap(document.getIn(cluster))) {
            throw new Failure(`${file} has slipway:cluster as text: write it as YAML. Nothing was changed.`);
        }
        document.setIn([...cluster, key, "generation"], generation);
        if (trusted.length === 0) document.deleteIn([...cluster, key, "trusted"]);
        else document.setIn([...cluster, key, "trusted"], document.createNode(trusted, { flow: true }));
    });
}

/** One `up`; a copy of the operator's kubeconfig in the user's own goes with it. */
async function bringUpTo(args: Arguments, root: string, progress: Progress): Promise<void> {
    const file = kubeconfigFile(args.stack);
    const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    await bringUp(args, root, progress);
    const changed = before && renewCopy(before, fs.readFileSync(file, "utf8"));
    if (changed) progress.say(`${changed} has the new kubeconfig, in the place of the copy that it had.`);
}

async function ask({ concerns }: Subject, args: Arguments, root: string): Promise<Asked> {
    const { stack, configFile } = args;
    const prepared = await prepare({ stack, configFile, root, purpose: "inspect" });
    const machines = (await machinesOf(prepared)).filter((machine) => !machine.lost && concerns(machine));
    return { args, machines, reports: await probeNodes(machines) };
}

function halt(
    { what, command }: Subject,
    at: { args: Arguments; phase: Phase; course: Course; problems: readonly string[] },
): Failure {
    const { args, phase, course, problems } = at;
    const { from, to } = course;
    return new Failure(
        [
            `The rotation of ${what} from generation ${from} to ${to} halts in the phase "${phase}":`,
            ...problems.map((problem) => `  - ${problem}`),
            "The cluster works as it is. A machine that is gone for good is taken out by `npm run forget`; mend the rest, " +
                `then ${commandFor(command, args)} goes on from there.`,
        ].join("\n"),
    );
}
