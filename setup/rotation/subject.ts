import type { NodeSpec } from "../../components/inventory";
import { kitPath } from "../../components/remote/kit";
import type { NodeReport } from "../../components/remote/probe";
import { run } from "../../components/remote/ssh";
import type { Course, Phase } from "../../operations/rotation/course";
import type { Arguments } from "../arguments";
import type { Rotated } from "./mark";

/** What is rotated. */
export interface Subject {
    readonly command: "rotate-ca" | "rotate-service-accounts";
    /** "the authorities" */
    readonly what: string;
    /** Its part of `slipway:cluster`. */
    readonly key: Rotated;
    /** Which machines know of it. */
    concerns(machine: NodeSpec): boolean;
    /** The generations that a machine trusts now, or what runs there still does. */
    trusted(report: NodeReport): readonly number[];
    /** What a phase has come to, in a sentence or two. */
    told(phase: Phase, course: Course): string;
    /** What keeps the cluster in this phase. */
    problems(phase: Phase, course: Course, asked: Asked): Promise<readonly string[]>;
    /** Why the old one can't be dropped yet, where only time is missing. */
    notYet?(asked: Asked): Promise<string | undefined>;
}

/** The machines of a cluster, and what each has said. */
export interface Asked {
    readonly args: Arguments;
    readonly machines: readonly NodeSpec[];
    readonly reports: Readonly<Record<string, NodeReport>>;
}

/** How long a machine may take to read its certificates, in milliseconds: it asks everything that listens there. */
const patience = 60_000;

/** What the node kit on one machine prints, or why it doesn't, in a sentence. Never throws. */
export async function askKit(
    { ssh }: NodeSpec,
    words: string,
): Promise<{ readonly text: string } | { readonly text?: undefined; readonly problem: string }> {
    try {
        const { code, stdout, stderr } = await run(ssh, `sh ${kitPath()}/step ${words}`, { timeout: patience });
        return code === 0 ? { text: stdout } : { problem: stderr.trim().split("\n").at(-1) ?? `status ${code}` };
    } catch (error) {
        return { problem: (error as Error).message };
    }
}

/** How many of what was applied on a machine differ now. */
export const differencesOf = (report: NodeReport | undefined) =>
    Object.values(report?.kinds ?? {}).reduce((sum, { differences }) => sum + differences, 0);
