import * as pulumi from "@pulumi/pulumi";

import { hostKeyProblems } from "./hostKeys";
import { readKeys } from "./keys";
import { suggestion } from "./problems";
import { Settings, settingsSchema } from "./schema";
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
    const complete = readKeys(checked.settings);
    const trust = `\`npm run trust -- --stack ${pulumi.getStack()}\``;
    const all = [...problems, ...complete.problems, ...hostKeyProblems(checked.settings, trust)];
    if (all.length > 0) {
        throw refusal(all);
    }
    return complete.settings;
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
