import type { Circumstances } from "./leftOut";
import type { Outcome } from "./report";

/** What is known of a cluster's conformance: kept between runs, so that the next one can go on. */
export interface Results {
    /** "v1.36.3" */
    readonly version: string;
    /** Slipway's own commit, short; "" outside a checkout. */
    readonly commit: string;
    /** ISO time of the last run's end. */
    readonly date: string;
    /** "3 nodes, docker 20.10.24 …" */
    readonly cluster: string;
    /** Where the tests came from: "built from source", "upstream's release". */
    readonly origin: string;
    readonly circumstances: Circumstances;
    /** How long Ginkgo ran, in seconds, all runs together. */
    readonly seconds: number;
    readonly short: boolean;
    /** Every conformance test that was asked for. */
    readonly wanted: readonly string[];
    readonly outcomes: Readonly<Record<string, Outcome>>;
    readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

export interface Counts {
    readonly passed: readonly string[];
    readonly failed: readonly string[];
    readonly leftOut: readonly string[];
    /** Wanted, and not run to their end. */
    readonly open: readonly string[];
}

/** Each wanted test in one of four heaps. */
export function countResults({ wanted, outcomes, leftOut }: Pick<Results, "wanted" | "outcomes" | "leftOut">): Counts {
    const out = new Set(leftOut.map(({ name }) => name));
    const rest = wanted.filter((name) => !out.has(name));
    return {
        passed: rest.filter((name) => outcomes[name]?.state === "passed"),
        failed: rest.filter((name) => outcomes[name]?.state === "failed"),
        leftOut: wanted.filter((name) => out.has(name)),
        open: rest.filter((name) => outcomes[name] === undefined),
    };
}

/** Conformant in all that can be run here. */
export const isClean = (counts: Counts) => counts.failed.length === 0 && counts.open.length === 0;

/** The outcome in lines, for the screen: what failed and why, what was left out and why, and one line that counts. */
export function describeResults(results: Results): string {
    const counts = countResults(results);
    const reasons = new Map(results.leftOut.map(({ name, reason }) => [name, reason]));
    return [
        ...counts.failed.map((name) => `✘ ${name}\n    ${firstLine(results.outcomes[name]?.message)}`),
        ...counts.open.map((name) => `? ${name}: not run to its end`),
        ...counts.leftOut.map((name) => `- ${name}\n    left out: ${reasons.get(name)}`),
        `Kubernetes ${results.version}: ${counts.passed.length} of ${results.wanted.length} conformance tests passed, ` +
            `${counts.failed.length} failed, ${counts.leftOut.length} left out, ${counts.open.length} not run.`,
    ].join("\n");
}

const firstLine = (text = "") => text.split("\n")[0];
