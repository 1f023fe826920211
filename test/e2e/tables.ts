import assert from "node:assert/strict";

import type { NodeChange, PreviewReport } from "../../operations/changes/report";
import { marks } from "../../setup/changesTable";
import { restarted, startTimes, TestStack } from "./harness";

/** What a configuration file says under `slipway:`, as plain data that a row of a table may edit. */
export interface Configuration {
    /* eslint-disable @typescript-eslint/no-explicit-any */
    cluster: Record<string, any>;
    nodes: Record<string, any>[];
    workloads: Record<string, any>;
    /* eslint-enable @typescript-eslint/no-explicit-any */
}

/** What the tables work on: a cluster that is built, of a control plane and two workers. */
export interface Tables {
    readonly stack: TestStack;
    readonly nodes: readonly string[];
    /** By which it was built; the tables edit it as they go. */
    configuration(this: void): Configuration;
}

/** Changes by node, each as "STEP MARK WHAT": `activate ~ file /etc/kubernetes/kube.conf`. */
export type Changes = Readonly<Record<string, readonly string[]>>;

/** What a preview shows, and nothing else: things on nodes, units that restart, and what no single node owns. */
export interface Expected {
    readonly nodes?: Changes;
    /** Units by node, without ".service". */
    readonly restarts?: Changes;
    readonly cluster?: readonly string[];
}

/** Something that somebody edits, and all that it may touch. */
export interface Edit extends Expected {
    readonly name: string;
    /** Stays: each group of rows stands on those before it. Not so where `only` says why the row is a preview and no more. */
    edit(configuration: Configuration): void;
    readonly only?: string;
    /** What has to be there before; the configuration is written already. */
    before?(this: void, edited: Configuration): Promise<unknown>;
    /** What can be seen afterwards, besides start times. */
    after?(this: void): Promise<unknown>;
}

/** What of a preview's report counts here; a report of drift knows no restarts. */
interface Shown {
    readonly nodes: Readonly<Record<string, Pick<NodeChange, "changes"> & Partial<NodeChange>>>;
    readonly cluster: PreviewReport["cluster"];
}

/** A preview's report in the words of `Expected`. */
export function shown({ nodes, cluster }: Shown): Required<Expected> {
    const each = (of: (node: Shown["nodes"][string]) => string[]) =>
        Object.fromEntries(
            Object.entries(nodes)
                .map(([name, node]) => [name, of(node)] as const)
                .filter(([, lines]) => lines.length > 0),
        );
    return {
        nodes: each(({ changes }) => changes.map(({ step, what, how }) => `${step} ${marks[how]} ${what}`).sort()),
        restarts: each(({ restarts = [] }) => restarts.map((unit) => unit.replace(/\.service$/, ""))),
        cluster: cluster.map(({ what, op, drifted }) => `${drifted ? "!" : marks[op]} ${what}`).sort(),
    };
}

/** The same order on both sides. */
export function sorted({ nodes = {}, restarts = {}, cluster = [] }: Expected): Required<Expected> {
    const each = (changes: Changes) =>
        Object.fromEntries(
            Object.entries(changes)
                .filter(([, lines]) => lines.length > 0)
                .map(([node, lines]) => [node, [...lines].sort()]),
        );
    return { nodes: each(nodes), restarts: each(restarts), cluster: [...cluster].sort() };
}

/** All of these together. */
export const united = (all: readonly Expected[]): Required<Expected> => {
    const each = (of: (one: Expected) => Changes | undefined) => {
        const lines: Record<string, string[]> = {};
        for (const changes of all) {
            for (const [node, more] of Object.entries(of(changes) ?? {})) (lines[node] ??= []).push(...more);
        }
        return lines;
    };
    return sorted({
        nodes: each(({ nodes }) => nodes),
        restarts: each(({ restarts }) => restarts),
        cluster: all.flatMap(({ cluster = [] }) => cluster),
    });
};

/** `slipway preview --json`. */
export async function preview(stack: TestStack): Promise<PreviewReport> {
    const { stdout } = await stack.must(["preview", "--json"]);
    return JSON.parse(stdout) as PreviewReport;
}

/** The preview shows exactly this. */
export async function previewShows(stack: TestStack, expected: Expected): Promise<void> {
    assert.deepEqual(shown(await preview(stack)), sorted(expected));
}

/** `up`, after which exactly these units have another start time. */
export async function upRestarts(stack: TestStack, nodes: readonly string[], restarts: Changes = {}): Promise<void> {
    const before = await startTimes(nodes);
    await stack.must(["up"]);
    const expected = Object.entries(restarts).flatMap(([node, units]) => units.map((unit) => `${node}/${unit}`));
    assert.deepEqual(restarted(before, await startTimes(nodes)).sort(), expected.sort());
}
