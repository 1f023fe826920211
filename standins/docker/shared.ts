import type { CheckArgs, CheckResult } from "../provider";
import type { Value, Values } from "../values";

/** Puts in a name where the program gave none: the resource's own and seven digits, the same in preview and update. */
export function named(args: CheckArgs, name: string): Values {
    const old = args.oldInputs.name;
    const made = `${name}-${Buffer.from(args.randomSeed).toString("hex").slice(0, 7)}`;
    return { ...args.inputs, name: args.inputs.name ?? old ?? made };
}

/** Refuses what the genuine plugin would do and this one doesn't, instead of leaving it out silently. */
export function onlyKnown(inputs: Values, known: readonly string[], type: string): CheckResult {
    const failures = Object.keys(inputs)
        .filter((property) => !known.includes(property) && !property.startsWith("__"))
        .map((property) => ({
            property,
            reason: `The stand-in for ${type} doesn't know this property; install Pulumi's docker plugin to use it.`,
        }));
    return { inputs, failures };
}

export function labelMap(labels: Value[] | undefined): Record<string, string> {
    return Object.fromEntries((labels ?? []).map(({ label, value }) => [label, value]));
}

/** Whether the engine says that there is no such thing. */
export async function missing(thing: { inspect(): Promise<unknown> }): Promise<boolean> {
    try {
        await thing.inspect();
        return false;
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) {
            return true;
        }
        throw error;
    }
}
