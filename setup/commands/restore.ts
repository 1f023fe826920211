import * as fs from "node:fs";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import type { NodeSpec } from "../../components/inventory";
import { kitPath } from "../../components/remote/kit";
import { run } from "../../components/remote/ssh";
import { etcdPorts } from "../../components/render/etcd";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { findStack } from "../stack";
import { livingControlPlanes } from "../stateCopies";
import { commandFor } from "../texts";
import { takeStack } from "../work";

/** How long one verb may take on a control plane, in milliseconds: a snapshot's way there, or all units' start. */
const patience = 600_000;

/**
 * `slipway restore FILE`: puts a snapshot of etcd in the place of what the control planes hold.
 *
 * All of them together: the file first, which changes nothing; then all stop, change their data, and start. Where one
 * doesn't come up, or can't read the snapshot's secrets, all go back to what they held.
 */
export async function restore(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, file = "" } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const content = readSnapshot(file);
    const lock = await takeStack(stack, "restore", progress);
    try {
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        const planes = livingControlPlanes(await machinesOf(prepared));
        if (!args.switches.includes("--yes")) {
            process.stdout.write(`${question(args, file, planes)}\n`);
            return 1;
        }
        const stdin = gzipSync(content, { level: 1 }).toString("base64");
        const token = `${cluster.name}-${Date.now()}`;
        const peers = planes.map((plane) => `${plane.name}=https://${plane.address}:${etcdPorts.peer}`).join(",");
        await progress.phase("Snapshot to the control planes", () =>
            all(
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

/** Pods go on running meanwhile; the API is away. */
async function exchange(planes: readonly NodeSpec[], progress: Progress): Promise<void> {
    await progress.phase("Control planes stop", () => all(planes, () => "stop"));
    try {
        await progress.phase("Data", () => all(planes, () => "put"));
        await progress.phase("Control planes start", () => all(planes, () => "start"));
    } catch (error) {
        await progress.phase("Back to what was there", async () => {
            await all(planes, () => "stop");
            await all(planes, () => "back");
            await all(planes, () => "start");
        });
        throw new Failure(`${(error as Error).message}\nThe cluster is as it was before.`);
    }
    await all(planes, () => "done");
}

/** The same on all at once; waits for each before it fails, so that none is left in the middle of something. */
async function all(planes: readonly NodeSpec[], words: (plane: NodeSpec) => string, stdin?: string): Promise<void> {
    const problems = await Promise.all(
        planes.map(async (plane) => {
            try {
                const command = `sh ${kitPath()}/step restore ${words(plane)}`;
                const { code, stderr } = await run(plane.ssh, command, { stdin, timeout: patience });
                return code === 0 ? [] : [`  - ${plane.name}: ${stderr.trim()}`];
            } catch (error) {
                return [`  - ${plane.name}: ${(error as Error).message}`];
            }
        }),
    );
    if (problems.flat().length > 0)
        throw new Failure(["The snapshot was not put back:", ...problems.flat()].join("\n"));
}

function readSnapshot(file: string): Buffer {
    try {
        return fs.readFileSync(file);
    } catch (error) {
        throw new Failure(`The snapshot ${file} can't be read: ${(error as Error).message}. Nothing was changed.`);
    }
}

function question(args: Arguments, file: string, planes: readonly NodeSpec[]): string {
    const { mtime, size } = fs.statSync(file);
    return [
        `${file}, of ${mtime.toISOString()}, ${(size / 2 ** 20).toFixed(1)} MiB, would take the place of what etcd holds on`,
        `${planes.map(({ name }) => name).join(", ")}: everything that changed in the cluster since then is lost. Pods go on`,
        `running; the API is away for some seconds. Nothing was changed. To do it: ${commandFor("restore", args, [file, "--yes"])}`,
    ].join("\n");
}
