import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { suggestion } from "./problems";
import { NodeSettings, Settings, settingsSchema, SshSettings } from "./schema";
import { validate } from "./validate";

export interface LoadOptions {
    /** Keys under `slipway:` that somebody else reads. */
    readonly otherKeys?: readonly string[];
}

/**
 * The settings of this stack, checked and complete, with the private keys that they name read in.
 *
 * @throws pulumi.RunError that lists every problem, before anything is touched
 */
export function loadSettings(options: LoadOptions = {}): Settings {
    const config = new pulumi.Config("slipway");
    const problems = strangers(options.otherKeys ?? []);
    const raw: Record<string, unknown> = {};
    for (const key of Object.keys(settingsSchema.shape)) {
        try {
            const value = config.getObject(key);
            if (value !== undefined) {
                raw[key] = value;
            }
        } catch {
            problems.push(`${key} is not an object: write it as YAML under slipway:${key}.`);
        }
    }
    const checked = validate(raw);
    if ("problems" in checked) {
        throw refusal([...problems, ...checked.problems]);
    }
    const settings = withKeys(checked.settings, problems);
    if (problems.length > 0) {
        throw refusal(problems);
    }
    return settings;
}

function refusal(problems: readonly string[]): Error {
    const lines = problems.map((problem) => `  - ${problem}`).join("\n");
    return new pulumi.RunError(
        `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}; ` +
            `nothing was touched. Mend Pulumi.${pulumi.getStack()}.yaml under slipway: and try again.\n${lines}`,
    );
}

/** Keys under `slipway:` that nobody reads, which are spelling mistakes as a rule. */
function strangers(otherKeys: readonly string[]): string[] {
    const known = [...Object.keys(settingsSchema.shape), ...otherKeys];
    return Object.keys(pulumi.runtime.allConfig())
        .filter((key) => key.startsWith("slipway:"))
        .map((key) => key.slice("slipway:".length))
        .filter((key) => !known.includes(key))
        .map((key) => `${key} is not a setting${suggestion(key, known)}`);
}

/** Replaces privateKeyFile by the file's text. */
function withKeys(settings: Settings, problems: string[]): Settings {
    const complete = (ssh: SshSettings, at: string): SshSettings => ({
        ...readKey(ssh, at, problems),
        ...(ssh.proxy && { proxy: readKey(ssh.proxy, `${at}.proxy`, problems) }),
    });
    const node = (one: NodeSettings, index: number) => ({ ...one, ssh: complete(one.ssh, `nodes[${index}].ssh`) });
    return {
        ...settings,
        cluster: { ...settings.cluster, ssh: complete(settings.cluster.ssh, "cluster.ssh") },
        nodes: settings.nodes.map(node),
    };
}

function readKey<Target extends { privateKey?: string; privateKeyFile?: string }>(
    target: Target,
    at: string,
    problems: string[],
): Target {
    if (!target.privateKeyFile || target.privateKey) {
        return target;
    }
    const file = target.privateKeyFile.replace(/^~(?=\/)/, os.homedir());
    try {
        return { ...target, privateKey: fs.readFileSync(path.resolve(file), "utf8") };
    } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? "unknown reason";
        problems.push(`${at}.privateKeyFile ${target.privateKeyFile} can't be read (${reason}).`);
        return target;
    }
}
