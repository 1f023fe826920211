import { validate } from "../components/config/validate";
import type { Settings } from "../components/config/schema";
import { parseLab } from "../lab/config";
import { misfits } from "../lab/nodes";
import { Failure } from "./failure";
import type { Stack } from "./stack";

/**
 * The stack's settings as the program will see them, secrets left out; so that a mistake is found before anything is
 * downloaded, installed or made.
 *
 * @throws Failure that lists every problem with its path.
 */
export function checkSettings(stack: Stack): Settings {
    const prefix = "slipway:";
    const raw = Object.fromEntries(
        Object.entries(stack.config)
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, value]) => [key.slice(prefix.length), plain(value)]),
    );
    const checked = validate(raw);
    const ownProblems = ["problems" in checked ? checked.problems : [], labProblems(raw.lab)].flat();
    const together = "settings" in checked && checked.settings.lab !== undefined && ownProblems.length === 0;
    const problems = together ? misfits(checked.settings, parseLab(raw.lab)) : ownProblems;
    if ("settings" in checked && problems.length === 0) return checked.settings;
    const lines = problems.map((problem) => `  - ${problem}`).join("\n");
    throw new Failure(
        `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}; nothing was ` +
            `touched. Mend ${stack.configFile} under slipway: and try again.\n${lines}`,
    );
}

function labProblems(raw: unknown): string[] {
    if (raw === undefined) return [];
    try {
        parseLab(raw);
        return [];
    } catch (error) {
        return (error as Error).message.split("\n");
    }
}

/** As Pulumi gives it to the program: JSON text is parsed; what is encrypted stands there as some text. */
function plain(value: unknown): unknown {
    if (typeof value === "string" && /^\s*[[{]/.test(value)) {
        try {
            return JSON.parse(value);
        } catch {
            return value;
        }
    }
    return withoutSecrets(value);
}

function withoutSecrets(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutSecrets);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0][0] === "secure") return "(secret)";
    return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSecrets(inner)]));
}
