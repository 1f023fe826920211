import type { Generations } from "../../components/pki/generations";

/**
 * The way from one generation to the next. After each phase the configuration is an ordinary one:
 * - trust: both are trusted, the old one signs
 * - sign: both are trusted, the new one signs
 * - drop: the new one alone
 */
export const phases = ["trust", "sign", "drop"] as const;
export type Phase = (typeof phases)[number];

/** Where a rotation stands. */
export interface Course {
    readonly from: number;
    readonly to: number;
    /** The phase that the configuration is in; undefined: none has begun. */
    readonly at?: Phase;
}

/** Where the configuration stands; a sentence for one that a rotation doesn't come by. */
export function courseOf({ generation, trusted }: Generations): Course | string {
    if (trusted.length === 0) return { from: generation, to: generation + 1 };
    const [other] = trusted;
    if (trusted.length > 1) return `trusted names ${trusted.join(" and ")}, and a rotation knows one beside generation`;
    return other > generation
        ? { from: generation, to: other, at: "trust" }
        : { from: other, to: generation, at: "sign" };
}

/** The configuration of a phase. */
export function generationsIn(phase: Phase, { from, to }: Pick<Course, "from" | "to">): Generations {
    switch (phase) {
        case "trust":
            return { generation: from, trusted: [to] };
        case "sign":
            return { generation: to, trusted: [from] };
        case "drop":
            return { generation: to, trusted: [] };
    }
}

/** The phases that are still to be run: the one that the configuration is in may have been interrupted. */
export function remaining({ at }: Course): readonly Phase[] {
    return phases.slice(at === undefined ? 0 : phases.indexOf(at));
}
