import type { NodeControl } from "./control";
import type { Document, FileFact, NodeFacts } from "./facts";

// The questions that most controls are made of. Each gives sentences on what doesn't fit.

type Problems = NodeControl["problems"];

/** Of a running process: what its flags have to say. A text is the value, `true` any value, undefined none at all. */
export function flags(unit: string, wanted: Readonly<Record<string, string | RegExp | true | undefined>>): Problems {
    return ({ processes }) => {
        const process = processes[unit];
        if (!process) return [`${unit} doesn't run`];
        return Object.entries(wanted).flatMap(([name, value]) => misfit(`--${name}`, process.flags[name], value));
    };
}

/** The same for etcd, which is told by variables. */
export function variables(wanted: Readonly<Record<string, string | RegExp | true | undefined>>): Problems {
    return ({ processes: { etcd } }) =>
        etcd
            ? Object.entries(wanted).flatMap(([name, value]) => misfit(name, etcd.variables[name], value))
            : ["etcd doesn't run"];
}

function misfit(name: string, is: string | undefined, wanted: string | RegExp | true | undefined): string[] {
    if (wanted === undefined) return is === undefined ? [] : [`${name} is set`];
    if (is === undefined) return [`${name} is not set`];
    if (wanted === true || (wanted instanceof RegExp ? wanted.test(is) : is === wanted)) return [];
    return [`${name} is ${is}`];
}

/** A list in a flag: all of these are in it, and none of those. */
export function listed(unit: string, flag: string, has: readonly string[], lacks: readonly string[] = []): Problems {
    return ({ processes }) => {
        const words = processes[unit]?.flags[flag]?.split(",") ?? [];
        return [
            ...has.filter((word) => !words.includes(word)).map((word) => `--${flag} lacks ${word}`),
            ...lacks.filter((word) => words.includes(word)).map((word) => `--${flag} has ${word}`),
        ];
    };
}

/** Of files and folders that a text or an expression names: no permission beyond `mode`. One that is named by a text must be there. */
export function modes(mode: number, ...wanted: readonly (string | RegExp)[]): Problems {
    return about(wanted, ({ path, mode: is }) =>
        (is & ~mode) === 0 ? [] : [`${path} has mode ${octal(is)}, more than ${octal(mode)}`],
    );
}

/** Of the same: whose they are, USER:GROUP. */
export function owners(owner: string, ...wanted: readonly (string | RegExp)[]): Problems {
    return about(wanted, ({ path, owner: is }) => (is === owner ? [] : [`${path} belongs to ${is}, not ${owner}`]));
}

function about(wanted: readonly (string | RegExp)[], judge: (file: FileFact) => readonly string[]): Problems {
    return ({ files }) =>
        wanted.flatMap((one) => {
            const found = files.filter(({ path }) => (typeof one === "string" ? path === one : one.test(path)));
            return found.length === 0 && typeof one === "string" ? [`${one} is missing`] : found.flatMap(judge);
        });
}

const octal = (mode: number) => mode.toString(8).padStart(3, "0");

/** Several questions as one. */
export const all =
    (...questions: readonly Problems[]): Problems =>
    (node) =>
        questions.flatMap((question) => question(node));

type DocumentName = "kubelet" | "kubeProxy" | "admission" | "auditPolicy" | "authentication";

/** Of a configuration file: what a sentence says must be so. */
export function document(
    name: DocumentName,
    sentence: string,
    fits: (text: Document, node: NodeFacts) => boolean,
): Problems {
    return (node) => {
        const text = node[name];
        if (!text) return [`the configuration ${name} is missing`];
        return fits(text, node) ? [] : [sentence];
    };
}
