import type { NodeSpec } from "../inventory/node";
import { preflightScript } from "./kit";
import { run, Unreachable } from "./ssh";

/** What answered when a machine dialled another one: the words of `ask` in kit/fitness.sh. */
export type Echo = "open" | "refused" | "silent" | "dropped" | "unreachable" | "unknown";

/** What a machine says of itself before it is a node: see kit/fitness.sh. */
export interface Fitness {
    /** Why it can't be a node, as the base step would refuse it. */
    readonly findings: readonly { readonly code: string; readonly text: string; readonly remedy: string }[];
    /** `CLUSTER:FINGERPRINT`; absent on a machine that is no node. */
    readonly owner?: string;
    readonly hostname: string;
    readonly machineId: string;
    readonly macs: readonly string[];
    /** IPv4 addresses of its own. */
    readonly addresses: readonly string[];
    readonly system: string;
    readonly kernel: string;
    readonly architecture: string;
    readonly cpus: number;
    /** Bytes. */
    readonly memory: number;
    /** Free bytes below /var/lib. */
    readonly disk: number;
    /** The drive below /var/lib, "mmcblk0"; absent in a container, and on btrfs. */
    readonly drive?: string;
    readonly rotational?: boolean;
    /** Until 4 KiB are on the disk. */
    readonly writeMilliseconds: number;
    readonly cgroup: 1 | 2;
    /** Modules that the kernel can't load; ["all"] where its folder of modules is gone. */
    readonly missingModules: readonly string[];
    readonly swap: boolean;
    /** Packages that `up` removes. */
    readonly conflicts: readonly string[];
    /** Packages of another way to install Kubernetes. */
    readonly otherPackages: readonly string[];
    readonly firewalls: readonly string[];
    readonly nameservers: readonly string[];
    /** Whether the folder that was asked for is there. */
    readonly folder?: boolean;
    /** TCP ports that something outside of pods listens on, and its process, "" where that isn't known. */
    readonly listening: readonly (readonly [port: number, process: string])[];
    /** By "HOST:PORT/PROTOCOL". */
    readonly reach: Readonly<Record<string, Echo>>;
    /** The machine's clock when it began and when it ended, in seconds since 1970. */
    readonly began: number;
    readonly ended: number;
}

/** What came of asking a machine. */
export type Answer =
    | {
          readonly fitness: Fitness;
          /** How far its clock is ahead of this machine's, in seconds: between these two. */
          readonly ahead: readonly [least: number, most: number];
      }
    | { readonly problem: string; readonly why: "unreachable" | "sudo" | "refused" };

/** Standard input is the script, so sudo may not read it. The status says that sudo wants a password. */
const wantsPassword = 77;
const command = [
    `if [ "$(id -u)" = 0 ]; then exec sh -s; fi`,
    `sudo -n true </dev/null >/dev/null 2>&1 || exit ${wantsPassword}`,
    "exec sudo -n sh -s",
].join("\n");

/** Milliseconds: for a machine that doesn't answer, and for one that does (slow disks, and 3 s for a port). */
const limits = { dialTimeout: 5_000, timeout: 25_000 };

/**
 * Asks a machine whether it can be a node, before anything of Slipway is on it. Never throws.
 *
 * @param words what `step preflight` takes
 */
export async function askFitness(node: Pick<NodeSpec, "ssh">, words: readonly string[]): Promise<Answer> {
    const asked = Date.now() / 1000;
    try {
        const { code, stdout, stderr } = await run(node.ssh, command, { stdin: preflightScript(words), ...limits });
        const answered = Date.now() / 1000;
        if (code === wantsPassword) {
            return { why: "sudo", problem: `${node.ssh.user} may not use sudo without a password` };
        }
        if (code !== 0) {
            const said = stderr.trim().split("\n").pop() || `exit status ${code}`;
            return { why: "refused", problem: `the preflight failed: ${said}` };
        }
        const fitness = JSON.parse(stdout) as Fitness;
        // It began after it was asked, and ended before the answer was here.
        return { fitness, ahead: [fitness.ended - answered, fitness.began - asked] };
    } catch (error) {
        const why = error instanceof Unreachable ? "unreachable" : "refused";
        return { why, problem: (error as Error).message };
    }
}
