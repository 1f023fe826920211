import * as fs from "node:fs";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { run } from "../run";
import { checkSettings } from "../settings";
import { ensureStack, exportState, findStack, hasResources, passphraseFile, stateFile, type Stack } from "../stack";
import { keep, readRecord } from "../stackRecord";
import { fetchCopies, type FoundCopy } from "../stateCopies";
import { isSealed, passphraseIn, type StateCopy } from "../stateCopy";
import { importState } from "../stateImport";
import { commandFor } from "../texts";
import { takeStack } from "../work";

/** `slipway adopt`: brings back the state of a stack that was lost here, from the copy on its control planes. */
export async function adopt(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const lock = await takeStack(stack, "adopt", progress);
    try {
        const file = passphraseFile(stack);
        if (file && !fs.existsSync(file)) throw wrongPassphrase(stack, "there is no passphrase on this machine");
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "adopt" });
        const configuration = fs.readFileSync(stack.configFile);
        const made = await fitting(stack, () => ensureStack(stack, prepared.pulumi, prepared.env));
        try {
            refuseLiving(stack, (await exportState(prepared)).deployment.resources ?? []);
            const machines = await machinesOf(prepared);
            const found = await progress.phase("Copies of the state", () => fetchCopies(machines));
            const passphrase = passphraseIn(prepared.env);
            const fits = (copy: StateCopy) => passphrase === undefined || isSealed(copy, passphrase);
            const chosen = chooseCopy(found, { stack, cluster: cluster.name, fits });
            for (const { node, problem } of found) {
                if (problem) progress.say(`${node} gave no copy, so a newer one may be there: ${problem}`);
            }
            await importState(prepared, chosen.copy, "Taking in the copy of the state");
            if (chosen.copy.source) keep(name, { source: chosen.copy.source });
            progress.say(farewell(args, chosen));
            return 0;
        } catch (error) {
            if (made === "made") await remove(prepared, configuration);
            throw error;
        }
    } finally {
        lock.release();
    }
}

function refuseLiving(stack: Stack, resources: Parameters<typeof hasResources>[0]): void {
    if (!hasResources(resources)) return;
    const file = stateFile(stack);
    const way = stack.ownBackend ? `move ${file} and ${file}.bak away` : `\`pulumi stack rm ${stack.name} --force\``;
    throw new Failure(
        `Stack ${stack.name} has a state here, of ${resources.length} resources, so there is nothing to adopt. Only where ` +
            `it comes from an \`up\` that the nodes refused, ${way}; then adopt.`,
    );
}

const misfit = "the passphrase here is not the one its copy is sealed with (or somebody has changed the copy)";

/**
 * The newest copy that is this stack's and this cluster's.
 *
 * @throws Failure that says of each control plane why there is none.
 */
export function chooseCopy(
    found: readonly FoundCopy[],
    { stack, cluster, fits }: { stack: Stack; cluster: string; fits(copy: StateCopy): boolean },
): Required<Pick<FoundCopy, "node" | "copy">> {
    const judged = found.map(({ node, owner = "", copy, problem = "" }) => {
        const theirs = owner.split(":")[0];
        if (!copy) return { node, reason: problem };
        if (theirs !== cluster) return { node, reason: `it belongs to the cluster ${theirs}, not to ${cluster}` };
        if (copy.stack !== stack.name || copy.project !== stack.project) {
            const other = copy.project === stack.project ? "" : ` of the project ${copy.project}`;
            return { node, reason: `its copy is of the stack ${copy.stack}${other}: adopt it under that name` };
        }
        return fits(copy) ? { node, copy } : { node, reason: misfit };
    });
    const newest = judged
        .flatMap(({ node, copy }) => (copy ? [{ node, copy }] : []))
        .sort((a, b) => (a.copy.time < b.copy.time ? 1 : -1))[0];
    if (newest) return newest;
    if (judged.some(({ reason }) => reason === misfit)) throw wrongPassphrase(stack, misfit);
    throw new Failure(
        [
            `There is no copy of the state of stack ${stack.name} to adopt. Nothing was changed.`,
            ...judged.map(({ node, reason }) => `  - ${node}: ${reason}`),
            "Restore your backup of the state (docs/backup.md), or reset the nodes and build the cluster anew:",
            "  sudo sh /var/lib/slipway/kit/current/step base remove",
        ].join("\n"),
    );
}

/** The salt that a configuration may hold is of one passphrase, and Pulumi finds out whether it is this one. */
async function fitting<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        const mismatch = error instanceof Failure && /incorrect passphrase/.test(error.message);
        throw mismatch ? wrongPassphrase(stack, "the passphrase of this machine is another one") : error;
    }
}

function wrongPassphrase(stack: Stack, what: string): Failure {
    const file = passphraseFile(stack);
    const given = process.env.PULUMI_CONFIG_PASSPHRASE_FILE
        ? `the file ${process.env.PULUMI_CONFIG_PASSPHRASE_FILE}, which PULUMI_CONFIG_PASSPHRASE_FILE names`
        : "the variable PULUMI_CONFIG_PASSPHRASE";
    return new Failure(
        `The state of stack ${stack.name} is encrypted, and ${what}: restore ${file ? `the file ${file}` : given} from ` +
            "your backup (docs/backup.md), then adopt again. Nothing was changed.",
    );
}

/** The stack that was made for a state that then didn't come, with the salt that Pulumi may have written for it. */
async function remove({ stack, pulumi, env }: Prepared, configuration: Buffer): Promise<void> {
    const all = ["stack", "rm", "--yes", "--force", "--preserve-config", "--remove-backups"];
    const args = [...all, "--stack", stack.name, "--non-interactive"];
    await run(pulumi, args, { cwd: stack.root, env, purpose: `Removing the empty stack ${stack.name}` });
    if (!fs.readFileSync(stack.configFile).equals(configuration)) fs.writeFileSync(stack.configFile, configuration);
}

function farewell(args: Arguments, { node, copy }: Pick<FoundCopy, "node"> & { copy: StateCopy }): string {
    const resources = copy.deployment.resources?.length ?? 0;
    const mirror = readRecord(args.stack).mirror ? "" : `${commandFor("mirror", args)}, then `;
    return [
        `Stack ${args.stack} is here again: ${resources} resources as of ${copy.time}, from ${node}.`,
        `What has changed since is what ${mirror}${commandFor("preview", args)} shows.`,
    ].join("\n");
}
