import * as fs from "node:fs";
import * as path from "node:path";
import type { Arguments } from "../arguments";
import { stopOwnDaemon } from "../docker";
import { interruptedStatus } from "../engine";
import { runFollowed, type Followed } from "../followed";
import { dockerObjects, labelsOfAll, removeLabelled, type DockerObject } from "../leftovers";
import { kubeconfigFile } from "../outputs";
import { Failure } from "../failure";
import { dataFolder } from "../paths";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { clearMark, rotated } from "../rotation/mark";
import { run } from "../run";
import { findStack, nodeCount, readState, type Stack, type StateResource } from "../stack";
import { forget } from "../stackRecord";
import { commandFor, failed } from "../texts";
import { deleteVolumes } from "../volumes";
import { mend, takeStack } from "../work";
import { parallelism } from "./up";

/** The type of a node's steps, which run when they are destroyed. */
const nodeStepType = "command:remote:Command";

/** `slipway down`: destroys everything that `up` made, however far it came, and stops what we started. */
export async function down(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, {
        name,
        configFile: configFile && fs.existsSync(configFile) ? configFile : undefined,
        needed: false,
    });
    const lock = await takeStack(stack, "down", progress);
    try {
        if (stack.ownBackend && !readState(stack)) progress.say(`There is no stack ${name}: nothing to destroy.`);
        else await destroy(args, stack, progress);
        clear(name);
        if ((await stopOwnDaemon()) === "in use") {
            progress.say(
                "The Docker engine that Slipway started goes on running: containers that aren't Slipway's use it.",
            );
        }
        progress.say(`Stack ${name} is gone.`);
        return 0;
    } finally {
        lock.release();
    }
}

async function destroy(args: Arguments, stack: Stack, progress: Progress): Promise<void> {
    const state = readState(stack);
    const inDocker = dockerObjects([...(state?.resources ?? []), ...(state?.pending ?? [])]);
    const refusal = keepsData(args, state?.resources ?? [], inDocker);
    if (refusal) throw new Failure(refusal);
    const prepared = await prepare({
        stack: stack.name,
        configFile: fs.existsSync(stack.configFile) ? args.configFile : undefined,
        root: stack.root,
        progress,
        purpose: "operate",
        dockerNeeded: inDocker.length > 0,
    });
    try {
        await mend(prepared, progress);
        const { status, course } = await progress.phase("Destroying", () =>
            progress.aside(() => {
                const config = prepared.configFile ? ["--config-file", prepared.configFile] : [];
                const parallel = ["--parallel", String(parallelism(nodeCount(stack)))];
                const words = ["destroy", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack.name];
                return runFollowed(prepared.pulumi, [...words, ...config, ...parallel, ...args.rest], {
                    cwd: stack.root,
                    env: prepared.env,
                });
            }),
        );
        if (status !== 0) considerForce(args, prepared, inDocker, { status, course });
        if (args.switches.includes("--delete-data")) await deleteVolumes(prepared, progress);
        await sweep(prepared, inDocker, progress);
        const force = status === 0 ? [] : ["--force"];
        await run(
            prepared.pulumi,
            ["stack", "rm", "--yes", "--preserve-config", "--remove-backups", ...force, "--stack", stack.name],
            { cwd: stack.root, env: prepared.env, purpose: `Removing stack ${stack.name}` },
        );
    } finally {
        await prepared.close();
    }
}

/**
 * Why a cluster isn't destroyed without an explicit word: on machines that stay, its data would go. Undefined where
 * there is none, and for a lab, whose nodes go with everything in them.
 */
export function keepsData(
    args: Arguments,
    resources: readonly StateResource[],
    inDocker: readonly DockerObject[],
): string | undefined {
    const stores = resources.filter(({ urn, type }) => type === nodeStepType && urn.endsWith("-control-plane"));
    const isLab = labelsOfAll(inDocker).length > 0;
    if (isLab || stores.length === 0 || args.switches.includes("--delete-data")) return undefined;
    return (
        `With the cluster goes etcd's data (every object of its API) and what volumes of the add-on local-path hold, on ` +
        `machines that stay; nobody can bring that back. Nothing was touched. If it is meant: ` +
        `${commandFor("down", args, ["--delete-data"])}.`
    );
}

/**
 * A lab is gone when its containers are: whatever else couldn't be destroyed was inside them. Machines are another
 * matter: there, what is left must stay known.
 */
function considerForce(
    args: Arguments,
    prepared: Prepared,
    inDocker: readonly DockerObject[],
    { status, course }: Followed,
): void {
    const labelled = labelsOfAll(inDocker).length > 0;
    if (!labelled || !prepared.docker || status === interruptedStatus)
        throw failed("pulumi destroy", status, args, course.causes);
}

/** Removes what carries the lab's labels and is still there: left by a killed run, or by a destroy that failed. */
async function sweep(prepared: Prepared, inDocker: readonly DockerObject[], progress: Progress): Promise<void> {
    if (!prepared.docker) return;
    for (const name of await removeLabelled(labelsOfAll(inDocker), prepared.docker.host)) {
        progress.say(`Removed ${name}, which was left.`);
    }
}

/** Files that belong to this stack alone. The passphrase stays: other stacks' secrets hang on it. */
function clear(name: string): void {
    forget(name);
    fs.rmSync(kubeconfigFile(name), { force: true });
    rotated.forEach((key) => clearMark(name, key));
    for (const file of [`${name}.yaml`, `${name}-plugins.log`]) {
        fs.rmSync(path.join(dataFolder(), "stacks", file), { force: true });
    }
}
