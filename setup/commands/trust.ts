import { createHash } from "node:crypto";
import { isSeq } from "yaml";
import type { NodeSpec, SshTarget } from "../../components/inventory/node";
import { askHostKey } from "../../components/remote/ssh";
import { suggest, type Arguments } from "../arguments";
import { editConfiguration } from "../configurationFile";
import { Failure } from "../failure";
import { hasSecrets, machinesOf } from "../machines";
import { table } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { findStack } from "../stack";
import { commandFor } from "../texts";

/** A machine that is dialled, and where the configuration file has its key. */
interface Door {
    readonly name: string;
    readonly ssh: SshTarget;
    /** Of the map that `hostKey` belongs to. */
    readonly path: readonly (string | number)[];
}

interface Found {
    readonly door: Door;
    readonly key?: string;
    readonly problem?: string;
}

/**
 * `slipway trust`: asks every machine, and every bastion, for its host key, shows the fingerprints, and writes those that
 * the configuration lacks into its file. A key that is pinned already is never replaced, unless --accept names the node.
 *
 * @returns 1 when a machine shows another key than the pinned one, or none
 */
export async function trust(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    if (checkSettings(stack).lab !== undefined) {
        throw new Failure("The lab makes its machines' host keys itself, and knows them: there is nothing to trust.");
    }
    // Pulumi is needed only to decrypt.
    const at = hasSecrets(stack.config)
        ? await prepare({ stack: name, configFile, root, progress, purpose: "inspect" })
        : { stack };
    const doors = doorsOf(await machinesOf(at), stack.config["slipway:nodes"] as ConfiguredNode[]);
    const accepted = args.values?.["--accept"];
    if (accepted !== undefined && !doors.some((door) => door.name === accepted)) {
        const known = doors.map((door) => door.name);
        throw new Failure(`There is no machine ${accepted}${suggest(accepted, known)}. Nothing was changed.`);
    }
    // Bastions first: what stands behind one is reached through it.
    const found: Found[] = [];
    for (const kind of [doors.filter(isBastion), doors.filter((door) => !isBastion(door))]) {
        found.push(...(await Promise.all(kind.map(ask))));
    }
    const fresh = found.filter(
        ({ door, key }) => key && (door.ssh.hostKey === undefined || (accepted === door.name && !isPinned(door, key))),
    );
    if (fresh.length > 0) write(stack.configFile, fresh);
    const rows = found.map((one) => [one.door.name, place(one.door), ...describe(one, fresh.includes(one))]);
    const failing = found.filter((one) => !fresh.includes(one) && (one.problem || !isPinned(one.door, one.key!)));
    process.stdout.write(`${table([["MACHINE", "ADDRESS", "FINGERPRINT", ""], ...rows])}\n`);
    const advice = [
        ...(fresh.length > 0
            ? [
                  `Pinned in ${stack.configFile}. Compare each fingerprint with what the machine itself says, at its own ` +
                      "screen: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or the key of the kind shown).",
              ]
            : []),
        ...(failing.some(({ key }) => key)
            ? [
                  "A changed key means another machine, a machine that was set up anew, or somebody in between. Find out " +
                      `which; then ${commandFor("trust", args)} with --accept MACHINE takes the new one.`,
              ]
            : []),
    ];
    advice.forEach((line) => progress.say(line));
    return failing.length > 0 ? 1 : 0;
}

type ConfiguredNode = { readonly ssh?: { readonly proxy?: object } };

/** Every machine, and each bastion once. */
function doorsOf(machines: readonly NodeSpec[], configured: readonly ConfiguredNode[]): Door[] {
    const nodes = machines.map(({ name, ssh }, index): Door => ({ name, ssh, path: ["slipway:nodes", index, "ssh"] }));
    const bastions = machines.flatMap(({ ssh: { proxy } }, index): Door[] => {
        if (!proxy) return [];
        const own = configured[index]?.ssh?.proxy !== undefined;
        const path = own ? ["slipway:nodes", index, "ssh", "proxy"] : ["slipway:cluster", "ssh", "proxy"];
        return [{ name: proxy.host, ssh: proxy, path }];
    });
    const once = new Map(bastions.map((door) => [door.path.join(), door]));
    return [...once.values(), ...nodes];
}

const isBastion = ({ path }: Door) => path.at(-1) === "proxy";

async function ask(door: Door): Promise<Found> {
    try {
        return { door, key: await askHostKey(door.ssh) };
    } catch (error) {
        return { door, problem: (error as Error).message };
    }
}

/** A key may have a comment behind it, and a machine more than one kind of key. */
function isPinned({ ssh }: Door, key: string): boolean {
    const [kind, text] = ssh.hostKey?.trim().split(/\s+/) ?? [];
    return `${kind} ${text}` === key;
}

/** The fingerprint, and what is to be said of it. */
function describe({ door, key, problem }: Found, isFresh: boolean): string[] {
    if (key === undefined) return ["-", problem ?? ""];
    const changed = door.ssh.hostKey !== undefined && !isPinned(door, key);
    if (isFresh)
        return [fingerprint(key), changed ? `pinned now, instead of ${fingerprint(door.ssh.hostKey!)}` : "pinned now"];
    return [fingerprint(key), changed ? `CHANGED: ${fingerprint(door.ssh.hostKey!)} is pinned` : "as pinned"];
}

/** As ssh-keygen shows it: "SHA256:…" and the key's kind. */
export function fingerprint(key: string): string {
    const [kind, text = ""] = key.trim().split(/\s+/);
    const digest = createHash("sha256").update(Buffer.from(text, "base64")).digest("base64").replace(/=+$/, "");
    return `SHA256:${digest} (${kind.replace(/^ssh-|^ecdsa-sha2-/, "").toUpperCase()})`;
}

const place = ({ ssh }: Door) => `${ssh.host}:${ssh.port}`;

function write(file: string, fresh: readonly Found[]): void {
    editConfiguration(file, (document) => {
        if (!isSeq(document.getIn(["config", "slipway:nodes"]))) {
            throw new Failure(
                `${file} has slipway:nodes as text: write them as YAML, or pin each machine's hostKey by hand.`,
            );
        }
        for (const { door, key } of fresh) document.setIn(["config", ...door.path, "hostKey"], key);
    });
}
