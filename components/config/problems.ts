import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";

/** A path as people write it: nodes[1].ssh.user */
export function pathOf(path: readonly PropertyKey[]): string {
    return path.reduce<string>(
        (text, part) =>
            typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
        "",
    );
}

/** `, did you mean "x"?` where one of the known words is near. */
export function suggestion(word: string, known: readonly string[]): string {
    const near = known.length > 0 ? closest(word, known) : "";
    const close = near !== "" && distance(word.toLowerCase(), near.toLowerCase()) <= Math.max(2, word.length / 3);
    return close ? `: did you mean "${near}"?` : `; known are ${known.join(", ")}.`;
}

/** Checks one part of the configuration and says everything that is wrong with it, each with its path. */
export function problemsOf(schema: z.ZodType, value: unknown, at: readonly PropertyKey[]): string[] {
    const result = schema.safeParse(value);
    return result.success ? [] : result.error.issues.flatMap((issue) => describe(schema, value, issue, at));
}

function describe(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue, at: readonly PropertyKey[]): string[] {
    const where = pathOf([...at, ...issue.path]);
    switch (issue.code) {
        case "unrecognized_keys":
            return issue.keys.map((key) => {
                const known = keysAt(schema, issue.path);
                return `${pathOf([...at, ...issue.path, key])} is not a setting${suggestion(key, known)}`;
            });
        case "invalid_type": {
            const found = issue.path.reduce<unknown>(
                (inner, part) => (inner as Record<PropertyKey, unknown>)[part],
                value,
            );
            return found === undefined
                ? [`${where} is missing: it must be ${article(issue.expected)}.`]
                : [`${where} must be ${article(issue.expected)}, not ${kindOf(found)}.`];
        }
        case "invalid_value":
            return [`${where} must be one of ${issue.values.map((one) => JSON.stringify(one)).join(", ")}.`];
        default:
            return [`${where} ${issue.message}.`];
    }
}

const names: Readonly<Record<string, string>> = {
    array: "a list",
    boolean: "true or false",
    int: "a whole number",
    number: "a number",
    object: "a map of settings",
    record: "a map",
    string: "text",
};

function article(expected: string): string {
    return names[expected] ?? `of the type ${expected}`;
}

function kindOf(value: unknown): string {
    const scalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (scalar) {
        return `${names[typeof value]} (${JSON.stringify(value)})`;
    }
    return value === null ? "empty" : Array.isArray(value) ? names.array : names.object;
}

/** The keys of the object that stands at a path of a schema. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
    const bare = unwrapped(schema);
    const [first, ...rest] = path;
    if (bare instanceof z.ZodObject) {
        const shape = bare.shape as Record<PropertyKey, z.ZodType>;
        return first === undefined ? Object.keys(shape) : shape[first] ? keysAt(shape[first], rest) : [];
    }
    return bare instanceof z.ZodArray && first !== undefined ? keysAt(bare.element as z.ZodType, rest) : [];
}

function unwrapped(schema: z.ZodType): z.ZodType {
    return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
        ? unwrapped(schema.unwrap() as z.ZodType)
        : schema;
}
