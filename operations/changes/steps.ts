import type { Resource } from "./events";
import { textOf } from "./values";

/** What a machine goes through, in this order: what an earlier one changes, a later one finds changed. */
export const nodeSteps = [
    "contact",
    "base",
    "stage",
    "join",
    "credentials",
    "control-plane",
    "activate",
    "member",
] as const;
export type NodeStep = (typeof nodeSteps)[number];

const stepName = new RegExp(`^(.+)-(${nodeSteps.join("|")})$`);

/** Which node's which step a resource is. */
export function stepOf({ type, name }: Resource): { node: string; step: NodeStep } | undefined {
    const [, node, step] = type.startsWith("command:remote:") ? (stepName.exec(name) ?? []) : [];
    return node === undefined ? undefined : { node, step: step as NodeStep };
}

/** A step's command line: the kit that it calls, and its words `key=value`. Undefined: not known yet. */
export interface StepCommand {
    readonly kit: string;
    readonly words: ReadonlyMap<string, string>;
}

/** Reads what components/remote/nodeStep.ts and member.ts write: words of the removal count, too. */
export function commandOf({
    create,
    update,
    delete: removal,
}: Readonly<Record<string, unknown>>): StepCommand | undefined {
    const text = textOf(update ?? create);
    if (text === undefined) return undefined;
    const words = wordsOf(text);
    const kit = /([^/]+)\/(?:kit\/)?step$/.exec(words[1] ?? "")?.[1] ?? "";
    return { kit, words: new Map([...wordsOf(textOf(removal) ?? ""), ...words.slice(2)].flatMap(pairOf)) };
}

function wordsOf(text: string): string[] {
    return [...text.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
        word.replace(/'([^']*)'|\\'/g, (_, inner) => inner ?? "'"),
    );
}

function pairOf(word: string): [string, string][] {
    const at = word.indexOf("=");
    return at > 0 ? [[word.slice(0, at), word.slice(at + 1)]] : [];
}
