import type { Control } from "./control";
import type { ApiFacts, NodeFacts } from "./facts";

export type Outcome = "passes" | "fails" | "exception";

/** What a control came to. */
export interface Verdict {
    readonly id: string;
    readonly title: string;
    readonly outcome: Outcome;
    /** What doesn't fit, by who said so: a node's name, or "API". */
    readonly problems: readonly { readonly where: string; readonly what: string }[];
    /** Of an exception. */
    readonly reason?: string;
}

/**
 * Holds what machines and the API said against the controls.
 *
 * @param nodes those that answered
 */
export function judge(controls: readonly Control[], nodes: readonly NodeFacts[], api: ApiFacts | undefined): Verdict[] {
    return controls.flatMap((control): Verdict[] => {
        const { id, title, exception: reason } = control;
        if (control.asked === "nobody") return [{ id, title, outcome: "exception", problems: [], reason }];
        const problems = problemsOf(control, nodes, api);
        // Not asked is not passed.
        if (problems === undefined) return [];
        const outcome = problems.length > 0 ? "fails" : reason ? "exception" : "passes";
        return [{ id, title, outcome, problems, ...(reason && { reason }) }];
    });
}

function problemsOf(
    control: Exclude<Control, { asked: "nobody" }>,
    nodes: readonly NodeFacts[],
    api: ApiFacts | undefined,
): Verdict["problems"] | undefined {
    if (control.asked === "API") return api && control.problems(api).map((what) => ({ where: "API", what }));
    const asked = nodes.filter(({ controlPlane }) => control.asked === "nodes" || controlPlane);
    if (asked.length === 0) return undefined;
    return asked.flatMap((node) => control.problems(node).map((what) => ({ where: node.name, what })));
}

/** How many of each outcome. */
export function count(verdicts: readonly Verdict[]): Record<Outcome, number> {
    const of = (wanted: Outcome) => verdicts.filter(({ outcome }) => outcome === wanted).length;
    return { passes: of("passes"), fails: of("fails"), exception: of("exception") };
}
