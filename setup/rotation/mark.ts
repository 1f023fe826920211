import * as fs from "node:fs";
import * as path from "node:path";
import type { Course } from "../../operations/rotation/course";
import { dataFolder } from "../paths";

export const rotated = ["certificates", "serviceAccounts"] as const;

/** What is rotated, by its part of `slipway:cluster`. */
export type Rotated = (typeof rotated)[number];

/**
 * That the last phase of a rotation has begun, until it has been seen to be done: its configuration is that of a cluster at
 * rest, so that nothing else tells one that was cut off from one that hasn't begun.
 */
const markOf = (stack: string, key: Rotated) => path.join(dataFolder(), `rotation-${stack}-${key}`);

export function setMark(stack: string, key: Rotated, { from, to }: Course): void {
    const mark = markOf(stack, key);
    fs.mkdirSync(path.dirname(mark), { recursive: true, mode: 0o700 });
    fs.writeFileSync(mark, `${from} ${to}\n`);
}

export function clearMark(stack: string, key: Rotated): void {
    fs.rmSync(markOf(stack, key), { force: true });
}

/** The rest of a rotation to the generation that the configuration has. */
export function unfinished(stack: string, key: Rotated, generation: number): Course | undefined {
    const mark = markOf(stack, key);
    if (!fs.existsSync(mark)) return undefined;
    const [from, to] = fs.readFileSync(mark, "utf8").split(" ").map(Number);
    return to === generation ? { from, to, at: "drop" } : undefined;
}
