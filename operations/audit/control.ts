import type { ApiFacts, NodeFacts } from "./facts";

interface Named {
    /** Number in the CIS Kubernetes Benchmark, v1.12. */
    readonly id: string;
    /** What it is about, in our words. */
    readonly title: string;
}

interface Checked extends Named {
    /** When it passes, for people. */
    readonly passes: string;
    /** Why less than the benchmark asks is enough: what is checked then counts as a reasoned exception. */
    readonly exception?: string;
}

/** Asked of every node, or of every control plane. */
export interface NodeControl extends Checked {
    readonly asked: "control planes" | "nodes";
    /** Sentences on what doesn't fit, none when it passes. */
    readonly problems: (node: NodeFacts) => readonly string[];
}

/** Asked of the API. */
export interface ApiControl extends Checked {
    readonly asked: "API";
    readonly problems: (api: ApiFacts) => readonly string[];
}

/** Nothing can be asked: it is said why. */
export interface Exception extends Named {
    readonly asked: "nobody";
    readonly exception: string;
}

export type Control = NodeControl | ApiControl | Exception;
