import * as fs from "node:fs";
import * as path from "node:path";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { table } from "../outputs";
import { dataFolder } from "../paths";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { listSnapshots, referenceOf, takenAt, takeSnapshot } from "../snapshots";
import { findStack } from "../stack";
import { commandFor, mebibytes } from "../texts";

/** `slipway backup`: takes a snapshot of etcd on a control plane, and brings it here; or lists those that there are. */
export async function backup(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
    const machines = await machinesOf(prepared);
    if (args.switches.includes("--list")) return list(await listSnapshots(machines, cluster));
    const snapshot = await progress.phase("Snapshot", () => takeSnapshot(machines, cluster));
    const file = args.values?.["--to"] ?? path.join(dataFolder(), "backups", name, snapshot.name);
    writeWhole(file, snapshot.content);
    process.stdout.write(`${file}\n`);
    progress.say(
        `Snapshot of etcd by ${snapshot.node}, ${mebibytes(snapshot.content.length)}. ${commandFor("restore", args)} with ` +
            "this file puts it back. Its secrets can be read with the stack's state and passphrase only: keep those as well " +
            "(docs/backup.md).",
    );
    return 0;
}

function list({ snapshots, problems }: Awaited<ReturnType<typeof listSnapshots>>): number {
    const rows = snapshots.map((one) => [referenceOf(one), takenAt(one.name), mebibytes(one.size)]);
    process.stdout.write(`${table([["SNAPSHOT", "TAKEN", "SIZE"], ...rows])}\n`);
    problems.forEach((problem) => process.stderr.write(`⚠ ${problem}\n`));
    return problems.length > 0 ? 1 : 0;
}

/** For its owner alone, under its name only when it is whole; never over another file. */
function writeWhole(file: string, content: Buffer): void {
    if (fs.existsSync(file)) throw new Failure(`${file} is there already, and stays: name another one with --to.`);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, content, { mode: 0o600 });
    fs.renameSync(draft, file);
}
