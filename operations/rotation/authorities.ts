import type { Course, Phase } from "./course";

/** What `step authorities` of the node kit prints. Generations; 0: that can't be told. */
export interface AuthoritiesReport {
    /** By authority: whose certificates the machine trusts. A worker knows the cluster's only. */
    readonly trusts: Readonly<Partial<Record<string, readonly number[]>>>;
    /** On a control plane: whose callers servers behind the API are told to believe. */
    readonly published?: readonly number[];
    /** On a control plane: who signs what kubelets ask for. */
    readonly signer?: number;
    /** By file, or "HOST:PORT (who listens there)": who signed the certificate that is shown. */
    readonly shows: Readonly<Record<string, number>>;
    /** On a control plane: the nodes that the API knows. */
    readonly nodes?: readonly string[];
    /** On a control plane: Secrets with a token of a service account that never ends, "NAMESPACE/NAME TIME". */
    readonly lasting?: readonly string[];
}

/** What one machine said, or why it said nothing. */
export interface AuthoritiesAnswer {
    readonly name: string;
    readonly controlPlane: boolean;
    readonly report?: AuthoritiesReport;
    /** How many of what was applied there differ now; what runs may have been started with something else. */
    readonly differences?: number;
    readonly problem?: string;
}

const authorities = (controlPlane: boolean) => (controlPlane ? ["cluster", "etcd", "front-proxy"] : ["cluster"]);

/**
 * What keeps a rotation of the authorities from leaving a phase: a sentence for each, machine by machine. Pure.
 *
 * A machine that doesn't answer may be at work all the same, and would be parted from the others.
 */
export function authorityProblems(
    phase: Phase,
    { from, to }: Pick<Course, "from" | "to">,
    answers: readonly AuthoritiesAnswer[],
): string[] {
    const each = answers.flatMap((answer) => {
        const { name, report, problem, differences = 0 } = answer;
        if (report === undefined) return [`${name} gave no answer: ${problem ?? "nothing is known of it"}`];
        return [
            ...trustProblems(answer, report, phase === "drop" ? [to] : [from, to]),
            ...(phase === "trust" ? [] : useProblems(name, report, to)),
            ...(phase === "drop" ? publishedProblems(name, report, to) : []),
            ...(differences > 0 ? [`${name} isn't as it was applied last (${differences} differences)`] : []),
        ];
    });
    return [...each, ...strangers(answers)];
}

function trustProblems(
    { name, controlPlane }: AuthoritiesAnswer,
    { trusts }: AuthoritiesReport,
    wanted: readonly number[],
): string[] {
    return authorities(controlPlane).flatMap((authority) => {
        const known = trusts[authority] ?? [];
        const missing = wanted.filter((generation) => !known.includes(generation));
        const superfluous = known.filter((generation) => !wanted.includes(generation));
        return [
            ...missing.map(
                (generation) => `${name} doesn't trust generation ${generation} of the ${authority} authority`,
            ),
            ...superfluous.map(
                (generation) => `${name} still trusts generation ${generation} of the ${authority} authority`,
            ),
        ];
    });
}

function useProblems(name: string, { shows, signer }: AuthoritiesReport, to: number): string[] {
    const others = Object.entries(shows).filter(([, generation]) => generation !== to);
    return [
        ...others.map(([where, generation]) => `${name}: ${where} shows ${certificateOf(generation)}`),
        ...(signer === undefined || signer === to ? [] : [`${name}: generation ${signer} signs what kubelets ask for`]),
    ];
}

function publishedProblems(name: string, { published = [] }: AuthoritiesReport, to: number): string[] {
    return published
        .filter((generation) => generation !== to)
        .map(
            (generation) =>
                `${name}: the ConfigMap kube-system/extension-apiserver-authentication has generation ${generation} still, so ` +
                "that servers behind the API believe it",
        );
}

const certificateOf = (generation: number) =>
    generation === 0 ? "no certificate of the cluster's" : `a certificate of generation ${generation}`;

/** Nodes that the API knows and the configuration doesn't are brought to nothing new by `up`. */
function strangers(answers: readonly AuthoritiesAnswer[]): string[] {
    const known = answers.map(({ name }) => name);
    const nodes = new Set(answers.flatMap(({ report }) => report?.nodes ?? []));
    return [...nodes]
        .filter((name) => !known.includes(name))
        .map(
            (name) =>
                `the API knows the node ${name}, which the configuration doesn't: \`kubectl delete node ${name}\``,
        );
}
