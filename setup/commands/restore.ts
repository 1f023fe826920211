import * as path from "node:path";
import { gzipSync } from "node:zlib";
import type { ClusterSettings } from "../../components/config/schema";
import type { NodeSpec } from "../../components/inventory";
import { kitPath, kitStep, seedFile } from "../../components/remote/kit";
import { findRoot } from "../../components/remote/root";
import { run } from "../../components/remote/ssh";
import { etcdPorts } from "../../components/render/etcd";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { notBack, onAll } from "../onAll";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { fetchSnapshot, readReference, readSnapshot, takenAt } from "../snapshots";
import { findStack } from "../stack";
import { livingControlPlanes } from "../stateCopies";
import { commandFor, mebibytes } from "../texts";
import { takeStack } from "../work";

const failure = "The snapshot was not put back:";

/**
 * `slipway restore SNAPSHOT`: puts a snapshot of etcd in the place of what the control planes hold.
 *
 * All of them together: the file first, which changes nothing; then all stop, change their data, and start. Where one
 * doesn't come up, or can't read the snapshot's secrets, all go back to what they held. Where no etcd has ever run, on
 * machines set up anew, the file is left for the `up` that builds the cluster, whose etcd then begins with it.
 */
export async function restore(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, file = "" } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const read = readReference(file) ? undefined : readSnapshot(file);
    const lock = await takeStack(stack, "restore", progress);
    try {
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        const machines = await machinesOf(prepared);
        const planes = livingControlPlanes(machines);
        const fresh = await areFresh(planes, file);
        const content = read ?? (await progress.phase("Snapshot", () => fetched(file, machines, cluster)));
        if (!args.switches.includes("--yes")) {
            process.stdout.write(`${question(args, planes, content.length, fresh)}\n`);
            return 1;
        }
        const stdin = gzipSync(content, { level: 1 }).toString("base64");
        if (fresh) {
            await progress.phase("Snapshot to the control planes", () =>
                onAll(planes, { command: () => leaving, stdin, failure }),
            );
            progress.say(
                `The snapshot lies on ${namesOf(planes)}. Now ${commandFor("up", args)} builds the cluster, whose etcd ` +
                    `begins with it.`,
            );
            return 0;
        }
        const token = `${cluster.name}-${Date.now()}`;
        const peers = planes.map((plane) => `${plane.name}=https://${plane.address}:${etcdPorts.peer}`).join(",");
        await progress.phase("Snapshot to the control planes", () =>
            verbs(
                planes,
                ({ name, address }) => `take node=${name} address=${address} peers=${peers} token=${token}`,
                stdin,
            ),
        );
        await exchange(planes, progress);
        progress.say(
            `Cluster ${cluster.name} is as it was when ${path.basename(file)} was taken. ` +
                `What the configuration wants since then, ${commandFor("preview", args)} shows.`,
        );
        return 0;
    } finally {
        lock.release();
    }
}

async function fetched(file: string, machines: readonly NodeSpec[], cluster: ClusterSettings): Promise<Buffer> {
    return (await fetchSnapshot(readReference(file)!, machines, cluster)).content;
}

/** Pods go on running meanwhile; the API is away. */
async function exchange(planes: readonly NodeSpec[], progress: Progress): Promise<void> {
    try {
        await progress.phase("Control planes stop", () => verbs(planes, () => "stop"));
        await progress.phase("Data", () => verbs(planes, () => "put"));
        await progress.phase("Control planes start", () => verbs(planes, () => "start"));
    } catch (error) {
        const why = (error as Error).message;
        // Each by itself: one that doesn't answer any more must not keep the others.
        const back = ["stop", "back", "start"].map(step).join(" && ");
        await progress.phase("Back to what was there", () =>
            onAll(planes, { command: () => back, failure: notBack(why) }),
        );
        throw new Failure(`${why}\nThe cluster is as it was before.`);
    }
    await verbs(planes, () => "done");
}

const step = (words: string) => kitStep(`restore ${words}`);

const verbs = (planes: readonly NodeSpec[], words: (plane: NodeSpec) => string, stdin?: string) =>
    onAll(planes, { command: (plane) => step(words(plane)), stdin, failure });

const look = `test ! -e ${kitPath()}/step && echo bare || ${step("look")}`;

/**
 * Whether no etcd has ever run on these machines.
 *
 * @throws Failure where it has on some and not on others: which of them would be right? And where a copy is wanted that
 * none of them can fetch yet.
 */
async function areFresh(planes: readonly NodeSpec[], file: string): Promise<boolean> {
    const answers = await Promise.all(
        planes.map(async ({ name, ssh }) => {
            const { stdout } = await run(ssh, look, { timeout: 20_000 }).catch((error: Error) => {
                throw new Failure(`${name}: ${error.message}. Nothing was changed.`);
            });
            return stdout.trim();
        }),
    );
    // A kit of an earlier release doesn't know the word: there has been an `up`.
    const fresh = planes.filter((_, index) => ["no", "bare"].includes(answers[index]));
    if (fresh.length > 0 && fresh.length < planes.length) {
        throw new Failure(
            `${namesOf(fresh)} has no etcd yet, and the other control planes have: build it first, by \`up\`. Nothing was changed.`,
        );
    }
    if (readReference(file) && answers.includes("bare")) {
        throw new Failure(
            `${namesOf(planes)} can't fetch ${file}: nothing of Slipway is there yet. Fetch it to this machine ` +
                `(docs/backup.md tells how), and name the file. Nothing was changed.`,
        );
    }
    return fresh.length > 0;
}

/** There is no kit yet that could take it. The text comes as base64 of gzip, as the kit takes it. */
const leaving = [
    findRoot,
    `$root sh -c 'umask 077; mkdir -p -m 755 ${path.dirname(seedFile)} && base64 -d | gunzip >${seedFile}.new && ` +
        `mv ${seedFile}.new ${seedFile}'`,
].join("; ");

const namesOf = (planes: readonly NodeSpec[]) => planes.map(({ name }) => name).join(", ");

function question(args: Arguments, planes: readonly NodeSpec[], size: number, fresh: boolean): string {
    const { file = "" } = args;
    const base = path.basename(file);
    const when = takenAt(base) === base ? "" : `, of ${takenAt(base)}`;
    const what = `${file}${when}, ${mebibytes(size)},`;
    const how = `Nothing was changed. To do it: ${commandFor("restore", args, [file, "--yes"])}`;
    return fresh
        ? [
              `${what} would be left on ${namesOf(planes)}, where no etcd has run yet:`,
              `the next ${commandFor("up", args)} builds the cluster out of it.`,
              how,
          ].join("\n")
        : [
              `${what} would take the place of what etcd holds on`,
              `${namesOf(planes)}: everything that changed in the cluster since then is lost. Pods go on`,
              `running; the API is away for some seconds. ${how}`,
          ].join("\n");
}
