import type { NodeSpec } from "../../components/inventory";
import type { NodeReport } from "../../components/remote/probe";
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

/** How many of what was applied on a machine differ now. */
export const differencesOf = (report: NodeReport | undefined) =>
    Object.values(report?.kinds ?? {}).reduce((sum, { differences }) => sum + differences, 0);
