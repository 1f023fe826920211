import type { NodeSpec } from "../../components/inventory/node";
import type { Answer, Fitness } from "../../components/remote/fitness";

/** A word for each kind of finding: docs/preflight.md has a row for each. */
export const findingCodes = [
    "unreachable",
    "refused",
    "sudo",
    "system",
    "systemd",
    "architecture",
    "disk",
    "slow-disk",
    "memory",
    "cpus",
    "memory-cgroup",
    "cgroup",
    "kernel",
    "swap",
    "packages",
    "other-kubernetes",
    "port",
    "host-port",
    "address",
    "virtual-address",
    "names",
    "clock",
    "machine-id",
    "mac",
    "hostname",
    "source",
    "way",
    "firewall",
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Something that keeps machines from being nodes, or that somebody should know. */
export interface Finding {
    readonly code: FindingCode;
    /** refuse: `up` doesn't begin. */
    readonly severity: "refuse" | "warn";
    /** A sentence without its full stop. */
    readonly text: string;
    /** What to do, likewise. */
    readonly remedy: string;
}

export interface NodeFinding extends Finding {
    readonly node: string;
}

/** A machine, and what came of asking it. */
export interface Asked {
    readonly node: NodeSpec;
    readonly answer: Answer;
}

/** A machine that answered. */
export interface Known {
    readonly node: NodeSpec;
    readonly fitness: Fitness;
    readonly ahead: readonly [number, number];
}

export const refuse = (code: FindingCode, text: string, remedy: string): Finding => ({
    code,
    severity: "refuse",
    text,
    remedy,
});
export const warn = (code: FindingCode, text: string, remedy: string): Finding => ({
    code,
    severity: "warn",
    text,
    remedy,
});

/** Those that answered. */
export function knownOf(asked: readonly Asked[]): Known[] {
    return asked.flatMap(({ node, answer }) => ("fitness" in answer ? [{ node, ...answer }] : []));
}
