import type { Change } from "../operations/changes/compare";
import type { ClusterChange } from "../operations/changes/objects";
import { isEmpty, type NodeChange, type PreviewReport } from "../operations/changes/report";
import { table } from "./outputs";

/** How a change begins its line. */
export const marks: Readonly<Record<Change["how"] | ClusterChange["op"], string>> = {
    added: "+",
    create: "+",
    changed: "~",
    update: "~",
    replace: "±",
    removed: "-",
    delete: "-",
    drifted: "!",
};

/** What is said of a node as a whole; nothing where it stays. */
const wholes: Partial<Record<NodeChange["op"], string>> = {
    create: "new node",
    delete: "goes",
    replace: "another machine",
};

/** How many names of nodes with the same changes stand in one place. */
const namesShown = 3;

/**
 * A preview for people: node × what changes, restarts in red. Nodes to which the same happens stand together.
 *
 * @param color whether to use a terminal's colours
 */
export function changesTable(report: PreviewReport, color: boolean): string {
    if (isEmpty(report)) return `Nothing would change: all ${report.same} resources are as the configuration says.`;
    const nodes = together(report.nodes).flatMap(({ names, change }) => rowsOf(names, change, color));
    const cluster = report.cluster.flatMap(({ what, op, details, drifted }, index) => [
        [index === 0 ? "cluster" : "", "", `${marks[drifted ? "drifted" : op]} ${what}`],
        ...(drifted && op === "create" ? indented("is gone") : []),
        ...details.flatMap(indented),
    ]);
    const restarting = Object.values(report.nodes).filter(({ restarts }) => restarts.length > 0).length;
    return [
        table([["NODE", "STEP", "CHANGE"], ...nodes, ...cluster]),
        "",
        `${count(Object.keys(report.nodes).length, "node changes", "nodes change")}, units restart on ${restarting}; ` +
            `${count(report.same, "resource stays as it is", "resources stay as they are")}.`,
    ].join("\n");
}

function rowsOf(names: readonly string[], { op, changes, restarts }: NodeChange, color: boolean): string[][] {
    const rest = names.length - namesShown;
    const listed = [...names.slice(0, namesShown), ...(rest > 0 ? [`and ${rest} more`] : [])];
    const whole = wholes[op];
    const rows = [
        ...(whole ? [["", "", `${marks[op]} ${whole}`]] : []),
        ...changes.flatMap((change, index) => {
            const [first, ...more] = linesOf(change);
            return [
                ["", changes[index - 1]?.step === change.step ? "" : change.step, first],
                ...more.flatMap(indented),
            ];
        }),
        ...(restarts.length > 0 ? [["", "", red(`restarts ${restarts.join(", ")}`, color)]] : []),
    ];
    // Names stand one below the other, beside what happens.
    const length = Math.max(rows.length, listed.length);
    return Array.from({ length }, (_, index) => {
        const [, step = "", what = ""] = rows[index] ?? [];
        return [listed[index] ?? "", step, what];
    });
}

/** What drifted is said by the kit's sentence, which names it. */
function linesOf({ what, how, detail }: Change): string[] {
    const lines = detail?.split("\n") ?? [];
    return how === "drifted" && detail ? [`${marks[how]} ${lines[0]}`] : [`${marks[how]} ${what}`, ...lines];
}

const indented = (line: string) => [["", "", `    ${line}`]];

const red = (text: string, color: boolean) => (color ? `\x1b[31m${text}\x1b[0m` : text);

const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;

function together(nodes: PreviewReport["nodes"]): { names: string[]; change: NodeChange }[] {
    const groups = new Map<string, { names: string[]; change: NodeChange }>();
    for (const [name, change] of Object.entries(nodes)) {
        const key = JSON.stringify(change);
        const group = groups.get(key) ?? { names: [], change };
        group.names.push(name);
        groups.set(key, group);
    }
    return [...groups.values()];
}
