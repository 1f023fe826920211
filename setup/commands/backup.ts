import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import type { Settings } from "../../components/config/schema";
import type { NodeSpec } from "../../components/inventory";
import { kitPath } from "../../components/remote/kit";
import { run } from "../../components/remote/ssh";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { dataFolder } from "../paths";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { findStack } from "../stack";
import { livingControlPlanes } from "../stateCopies";
import { commandFor } from "../texts";

/** How long a control plane may take for a snapshot and its way here, in milliseconds. */
const patience = 600_000;

interface Snapshot {
    /** "etcd-20261121T201500Z.db" */
    readonly name: string;
    readonly content: Buffer;
    /** The control plane that it was taken on. */
    readonly node: string;
}

/** `slipway backup`: takes a snapshot of etcd on a control plane, and brings it here. */
export async function backup(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
    const machines = await machinesOf(prepared);
    const snapshot = await progress.phase("Snapshot", () => takeSnapshot(machines, cluster.snapshots));
    const file = args.values?.["--to"] ?? path.join(dataFolder(), "backups", name, snapshot.name);
    writeWhole(file, snapshot.content);
    process.stdout.write(`${file}\n`);
    const size = (snapshot.content.length / 2 ** 20).toFixed(1);
    progress.say(
        `Snapshot of etcd by ${snapshot.node}, ${size} MiB. ${commandFor("restore", args)} with this file puts it back. Its ` +
            "secrets can be read with the stack's state and passphrase only: keep those as well (docs/backup.md).",
    );
    return 0;
}

/**
 * From the first control plane that gives one.
 *
 * @throws Failure with what each of them said.
 */
async function takeSnapshot(
    machines: readonly NodeSpec[],
    { folder, keep }: Settings["cluster"]["snapshots"],
): Promise<Snapshot> {
    const problems: string[] = [];
    for (const { name: node, ssh } of livingControlPlanes(machines)) {
        try {
            const command = `sh ${kitPath()}/step give-snapshot folder=${folder} keep=${keep}`;
            const { code, stdout, stderr } = await run(ssh, command, { timeout: patience });
            if (code !== 0) throw new Error(stderr.trim());
            const [name, digest, text = ""] = stdout.split("\n");
            const content = gunzipSync(Buffer.from(text, "base64"));
            if (createHash("sha256").update(content).digest("hex") !== digest) throw new Error("it came incomplete");
            return { name, content, node };
        } catch (error) {
            problems.push(`  - ${node}: ${(error as Error).message}`);
        }
    }
    throw new Failure(["No control plane gave a snapshot of etcd:", ...problems].join("\n"));
}

/** For its owner alone, under its name only when it is whole; never over another file. */
function writeWhole(file: string, content: Buffer): void {
    if (fs.existsSync(file)) throw new Failure(`${file} is there already, and stays: name another one with --to.`);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, content, { mode: 0o600 });
    fs.renameSync(draft, file);
}
