import { countResults, type Counts, type Results } from "./results";

/** docs/conformance.md: what stands in `intro`, and a recorded run. */
export function conformanceDocument(intro: string, results: Results): string {
    const counts = countResults(results);
    return [
        intro.trim(),
        "",
        "## Recorded",
        "",
        `${results.date.slice(0, 10)}, commit ${results.commit}, Kubernetes ${results.version}; ${results.cluster}. ` +
            `The tests: ${results.origin}. They ran for ${duration(results.seconds)}.`,
        "",
        table([
            ["group", "passed", "failed", "left out", "not run"],
            ...groups(results.wanted).map((group) => [group, ...numbers(counts, group)]),
            ["all", ...numbers(counts)],
        ]),
        ...failed(results, counts),
        ...leftOut(results),
        "",
    ].join("\n");
}

/** "sig-node", from "[sig-node] Pods should …". */
const groupOf = (name: string) => /^\[([^\]]+)\]/.exec(name)?.[1] ?? "others";
const groups = (names: readonly string[]) => [...new Set(names.map(groupOf))].sort();

function numbers({ passed, failed, leftOut, open }: Counts, group?: string): string[] {
    return [passed, failed, leftOut, open].map((names) =>
        String(names.filter((name) => group === undefined || groupOf(name) === group).length),
    );
}

function failed({ outcomes }: Results, counts: Counts): string[] {
    if (counts.failed.length === 0) return [];
    const rows = counts.failed.map((name) => [name, (outcomes[name]?.message ?? "").split("\n")[0]]);
    return ["", "### Failed", "", table([["test", "what it says"], ...rows])];
}

function leftOut(results: Results): string[] {
    if (results.leftOut.length === 0) return [];
    const rows = results.leftOut.map(({ name, reason }) => [name, reason]);
    return ["", "### Left out", "", table([["test", "why"], ...rows])];
}

function table(rows: readonly (readonly string[])[]): string {
    const [head, ...body] = rows.map((cells) => `| ${cells.map(escaped).join(" | ")} |`);
    return [head, `| ${rows[0].map(() => "---").join(" | ")} |`, ...body].join("\n");
}

const escaped = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/[*_]/g, "\\$&");

function duration(seconds: number): string {
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
