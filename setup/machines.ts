import * as path from "node:path";
import { readKeys } from "../components/config/keys";
import { nodesOf, type NodeSpec } from "../components/inventory";
import { loadLab } from "../lab/load";
import { Failure } from "./failure";
import { cacheFolder, dataFolder } from "./paths";
import type { Prepared } from "./prepare";
import { run } from "./run";
import { checkSettings } from "./settings";
import { readRecord } from "./stackRecord";

/** Without Pulumi only what isn't encrypted can be read. */
type Reading = Pick<Prepared, "stack"> & Partial<Pick<Prepared, "pulumi" | "env" | "configFile">>;

/**
 * A stack's machines as its configuration has them now, lab or not, and how to log in to them: private keys are read
 * from their files, and decrypted where the configuration holds them. For looking at machines without a program's run.
 *
 * @throws Failure when the configuration has mistakes, or a key can't be read or decrypted.
 */
export async function machinesOf(at: Reading): Promise<NodeSpec[]> {
    const { stack } = at;
    const settings = checkSettings({ ...stack, config: await inClear(at) });
    if (settings.lab !== undefined) {
        const mirror = readRecord(stack.name).mirror ?? path.join(cacheFolder(), "mirror");
        return [...loadLab(settings.lab, { dataFolder: dataFolder(), mirror }).nodes];
    }
    const complete = readKeys(settings, stack.root);
    if (complete.problems.length > 0) throw new Failure(complete.problems.join("\n"));
    return nodesOf(complete.settings.cluster, complete.settings.nodes);
}

/** The configuration with its secrets decrypted. Pulumi is asked only where there are any: it takes a moment. */
async function inClear({ stack, pulumi, env, configFile }: Reading): Promise<Record<string, unknown>> {
    if (!hasSecrets(stack.config)) return stack.config;
    if (pulumi === undefined) throw new Failure(`${stack.configFile} holds secrets, which Pulumi must decrypt.`);
    const words = ["config", "--json", "--show-secrets", "--stack", stack.name, "--non-interactive"];
    const file = configFile ? ["--config-file", configFile] : [];
    const purpose = "Reading the configuration";
    const text = await run(pulumi, [...words, ...file], { cwd: stack.root, env, purpose });
    const entries = Object.entries(JSON.parse(text) as Record<string, { value?: string; objectValue?: unknown }>);
    return Object.fromEntries(entries.map(([key, { value, objectValue }]) => [key, objectValue ?? value]));
}

/** Whether something in there is encrypted: Pulumi writes `secure: CIPHERTEXT`. */
export function hasSecrets(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(value).some(([key, inner]) => key === "secure" || hasSecrets(inner));
}
