import { redactText } from "../support/redact";
import { kubernetesSubject } from "./objects";
import { nodeSteps, stepOf } from "./steps";
import type { Values } from "./values";

/** Why something of a run failed, and for whom. */
export interface Cause {
    /** Nodes, in their order; empty for what no node owns. */
    readonly nodes: readonly string[];
    /** "stage", or the object that failed: "Deployment kube-system/coredns". */
    readonly what: string;
    /** What was said, without what looks like a secret: one line. */
    readonly why: string;
}

/** How long a part of a run took, from its first operation's start to its last one's end. */
export interface PhaseTime {
    readonly phase: string;
    readonly milliseconds: number;
    /** The node that took longest, and how long; absent for a part that isn't done on nodes, or on one only. */
    readonly slowest?: { readonly node: string; readonly milliseconds: number };
}

/** When one operation was done; milliseconds since the run's first event. */
export interface Span {
    readonly phase: string;
    /** Absent for what isn't done on a node. */
    readonly node?: string;
    /** The resource's name. */
    readonly name: string;
    readonly start: number;
    readonly end: number;
}

/** The parts of a run, in their order. */
const phases = ["lab", "keys", ...nodeSteps, "network", "add-ons", "workloads", "other objects"] as const;
type Phase = (typeof phases)[number];

/** The lines that tell when something began, ended or failed. */
const telling = /^[^{]*\{[^{]*"(?:resourcePreEvent|resOutputsEvent|resOpFailedEvent|diagnosticEvent)":/;

interface Metadata {
    readonly op: string;
    readonly urn: string;
    readonly type: string;
    readonly old?: { readonly inputs?: Values };
    readonly new?: { readonly inputs?: Values };
}

interface RunEvent {
    readonly resourcePreEvent?: { readonly metadata: Metadata };
    readonly resOutputsEvent?: { readonly metadata: Metadata };
    readonly resOpFailedEvent?: { readonly metadata: Metadata };
    readonly diagnosticEvent?: { readonly urn?: string; readonly message?: string; readonly severity?: string };
}

interface Operation {
    readonly metadata: Metadata;
    readonly start: number;
    end?: number;
}

/**
 * Follows a run of Pulumi by its event log, a line at a time: what failed and why, and how long each part took. Nothing
 * of the log is kept but that: its debug messages hold secrets.
 */
export class Course {
    private readonly operations = new Map<string, Operation>();
    private began: number | undefined;
    private readonly errors: { readonly urn: string; readonly message: string }[] = [];

    /** @param now milliseconds; for tests */
    constructor(private readonly now: () => number = Date.now) {}

    /** Takes one line. */
    take(line: string): void {
        this.began ??= this.now();
        if (!telling.test(line)) return;
        const event = JSON.parse(line) as RunEvent;
        const { resourcePreEvent: begun, diagnosticEvent: said } = event;
        if (begun && begun.metadata.op !== "same") {
            this.operations.set(begun.metadata.urn, { metadata: begun.metadata, start: this.now() });
        }
        const over = event.resOutputsEvent ?? event.resOpFailedEvent;
        const operation = over && this.operations.get(over.metadata.urn);
        if (operation) operation.end = this.now();
        if (said?.severity === "error") this.errors.push({ urn: said.urn ?? "", message: said.message ?? "" });
    }

    /** What failed: the same on many nodes is one cause. What failed only because something else did isn't there. */
    get causes(): Cause[] {
        const causes = new Map<string, { nodes: string[]; what: string; why: string }>();
        for (const { urn, message } of this.errors) {
            const why = causeIn(message);
            if (why === undefined || consequence.test(why)) continue;
            const type = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
            const name = urn.slice(urn.lastIndexOf("::") + 2);
            const step = stepOf({ type, name } as Parameters<typeof stepOf>[0]);
            const what = step?.step ?? this.subject(urn, type, name);
            // Sentences name the machine that they are about.
            const alike = step ? why.replaceAll(step.node, "…") : why;
            const known = causes.get(`${what} ${alike}`) ?? { nodes: [], what, why };
            if (step && !known.nodes.includes(step.node)) known.nodes.push(step.node);
            causes.set(`${what} ${alike}`, known);
        }
        return [...causes.values()].map((cause) => ({ ...cause, nodes: cause.nodes.sort(compareNames) }));
    }

    /** Every operation that came to its end, in the order of their parts. */
    get spans(): Span[] {
        const all = [...this.operations.values()].flatMap(({ metadata, start, end }) => {
            const { urn, type } = metadata;
            const name = urn.slice(urn.lastIndexOf("::") + 2);
            const step = stepOf({ type, name } as Parameters<typeof stepOf>[0]);
            const phase = step?.step ?? phaseOf(urn, type);
            if (phase === undefined || end === undefined) return [];
            const node = step && { node: step.node };
            return { phase, ...node, name, start: start - (this.began ?? start), end: end - (this.began ?? start) };
        });
        return all.sort((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase) || a.start - b.start);
    }

    /** How long each part took that did anything, in their order. Parts overlap. */
    get times(): PhaseTime[] {
        const spans = this.spans;
        return phases.flatMap((phase) => {
            const done = spans.filter((span) => span.phase === phase);
            if (done.length === 0) return [];
            const milliseconds = Math.max(...done.map(({ end }) => end)) - Math.min(...done.map(({ start }) => start));
            const [longest] = [...done].sort((a, b) => b.end - b.start - (a.end - a.start));
            const { node } = longest;
            const slowest =
                node !== undefined && done.length > 1 ? { node, milliseconds: longest.end - longest.start } : undefined;
            return [{ phase, milliseconds, ...(slowest && { slowest }) }];
        });
    }

    private subject(urn: string, type: string, name: string): string {
        const metadata = this.operations.get(urn)?.metadata;
        const inputs = (metadata?.new ?? metadata?.old)?.inputs ?? {};
        if (type.startsWith("kubernetes:")) return kubernetesSubject(type, inputs, name);
        return type.startsWith("pulumi:pulumi:") || type === "" ? "the program" : name;
    }
}

/** Said of what was never tried because what it needs had failed, and of the run as a whole. */
const consequence = /^(unknown provider '|update failed|resource .* dependen)/;

/**
 * The line of an error that says why: a step prints what it did, and its sentence comes after that, but jobs that ran
 * beside the failed one may have the last word.
 */
function causeIn(message: string): string | undefined {
    const lines = redactText(message)
        // Colours, as Pulumi's log has them: <{%reset%}>.
        .replace(/<\{%[^%]*%\}>/g, "")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("mended: "));
    const [head, ...said] = lines;
    const why = said.at(-1) ?? head;
    return why === undefined ? undefined : why.length > longest ? `${why.slice(0, longest - 1)}…` : why;
}

/** Characters of a cause: the whole text stands above, where Pulumi says it. */
const longest = 400;

function phaseOf(urn: string, type: string): Phase | undefined {
    if (type.startsWith("docker:")) return "lab";
    if (type.startsWith("tls:")) return "keys";
    if (!type.startsWith("kubernetes:")) return undefined;
    if (/slipway:addons:(Flannel)\$/.test(urn)) return "network";
    if (urn.includes("slipway:addons:")) return "add-ons";
    return urn.includes("slipway:workloads:") ? "workloads" : "other objects";
}

/** node-2 before node-10. */
const compareNames = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
