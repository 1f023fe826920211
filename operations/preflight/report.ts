import type { NodeFinding } from "./finding";

/** A line for each finding, refusals first; machines of which the same is said share one. */
export function describeFindings(findings: readonly NodeFinding[]): string[] {
    const groups = new Map<string, { mark: string; nodes: string[]; said: string }>();
    for (const { node, severity, text, remedy } of findings) {
        const mark = severity === "refuse" ? "✘" : "⚠";
        const said = `${text}: ${remedy}.`;
        const group = groups.get(`${mark} ${said}`) ?? { mark, nodes: [], said };
        groups.set(`${mark} ${said}`, { ...group, nodes: [...new Set([...group.nodes, node])] });
    }
    const order = (mark: string) => (mark === "✘" ? 0 : 1);
    return [...groups.values()]
        .sort((a, b) => order(a.mark) - order(b.mark))
        .map(({ mark, nodes, said }) => `${mark} ${nodes.join(", ")}: ${said}`);
}
