/** Numbers and how they are shown. */
import { execFileSync } from "node:child_process";
import * as os from "node:os";

/** Runs a piece of work and returns how long it took, in seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
    const started = process.hrtime.bigint();
    await work();
    return Number(process.hrtime.bigint() - started) / 1e9;
}

export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median, least and most, in seconds. */
export function spread(values: readonly number[]): string[] {
    return [median(values), Math.min(...values), Math.max(...values)].map(seconds);
}

export const seconds = (value: number) => `${value.toFixed(1)} s`;
export const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
export const kibi = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

/** A table in Markdown; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const [head, ...body] = rows;
    return [line(head!), line(head!.map(() => "---")), ...body.map(line)].join("\n");
}

/** When, what and on which machine. */
export function circumstances(root: string): string {
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
    const load = os.loadavg()[0]!.toFixed(1);
    return (
        `${new Date().toISOString()}, commit ${commit}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ` +
        `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, Node.js ${process.version}, load at the start ${load}`
    );
}
