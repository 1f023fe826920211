import type { AccountKeys } from "../../components/remote/probe";
import { longestTokenHours } from "../../components/render/apiserver";
import type { Course, Phase } from "./course";

/** What one control plane said, or why it said nothing. */
export interface AccountsAnswer {
    readonly name: string;
    readonly accounts?: AccountKeys;
    readonly differences?: number;
    readonly problem?: string;
}

/** What keeps a rotation of the service accounts' key from leaving a phase, but for the time. Pure. */
export function accountProblems(
    phase: Phase,
    { from, to }: Pick<Course, "from" | "to">,
    answers: readonly AccountsAnswer[],
): string[] {
    const wanted = phase === "drop" ? [to] : [from, to];
    const signs = phase === "trust" ? from : to;
    return answers.flatMap(({ name, accounts, problem, differences = 0 }) => {
        if (accounts === undefined) return [`${name} gave no answer: ${problem ?? "nothing is known of it"}`];
        const missing = wanted.filter((generation) => !accounts.verifies.includes(generation));
        return [
            ...missing.map((generation) => `${name} doesn't take tokens of generation ${generation}`),
            ...(accounts.signs === signs ? [] : [`${name} signs tokens with the key of generation ${accounts.signs}`]),
            ...(differences > 0 ? [`${name} isn't as it was applied last (${differences} differences)`] : []),
        ];
    });
}

/** When the last token of the old key has ended, in milliseconds since 1970. */
export function lastTokenEnds(answers: readonly AccountsAnswer[]): number {
    return signingSince(answers) + longestTokenHours * 3_600_000;
}

/** Tokens that never end: Secrets "NAMESPACE/NAME TIME" that were made before the new key signed. */
export function lastingTokens(lasting: readonly string[], answers: readonly AccountsAnswer[]): string[] {
    const since = signingSince(answers);
    return lasting.map((line) => line.split(" ")).flatMap(([name, time]) => (Date.parse(time) <= since ? [name] : []));
}

const signingSince = (answers: readonly AccountsAnswer[]) =>
    Math.max(0, ...answers.map(({ accounts }) => (accounts?.since ?? 0) * 1000));
