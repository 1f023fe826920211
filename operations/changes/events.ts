import { driftIn } from "../../components/remote/drift";
import type { Values } from "./values";

/** What happens to a resource; "same": nothing. */
export type Op = "create" | "update" | "delete" | "replace" | "same";

/** A resource as Pulumi's event log tells of it. */
export interface Resource {
    readonly urn: string;
    /** "kubernetes:apps/v1:Deployment". */
    readonly type: string;
    /** Its name in the program. */
    readonly name: string;
    readonly op: Op;
    /** False for a component. */
    readonly custom: boolean;
    readonly before: Values;
    readonly after: Values;
    /** Property paths at which the plugin sees a difference; empty where it wasn't asked. */
    readonly paths: readonly string[];
    /** Deleted here, and left as it is there. */
    readonly retained: boolean;
    /** How the node differs from what this step applied last: the kit's sentences. */
    readonly drift: readonly string[];
}

/** Pulumi's names of the steps that stand for a resource as a whole. */
const ops: Readonly<Record<string, Op>> = {
    same: "same",
    create: "create",
    update: "update",
    delete: "delete",
    replace: "replace",
};

interface StepEvent {
    readonly metadata: {
        readonly op: string;
        readonly urn: string;
        readonly type: string;
        readonly old?: { readonly inputs?: Values; readonly custom?: boolean; readonly retainOnDelete?: boolean };
        readonly new?: { readonly inputs?: Values; readonly custom?: boolean };
        readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
    };
}

/** The kinds of events that count; the others are as long, and many. */
const telling = /^[^{]*\{[^{]*"(?:resourcePreEvent|diagnosticEvent|summaryEvent)":/;

interface EngineEvent {
    readonly resourcePreEvent?: StepEvent;
    readonly diagnosticEvent?: { readonly urn?: string; readonly message?: string; readonly severity?: string };
    readonly summaryEvent?: { readonly resourceChanges?: Readonly<Record<string, number>> };
}

/**
 * Reads Pulumi's event log (`--event-log`), a line at a time, and keeps what counts: its debug messages hold secrets,
 * and a large fleet's log doesn't fit into memory.
 */
export class EventLog {
    private readonly found = new Map<string, Omit<Resource, "drift">>();
    private readonly drift = new Map<string, string[]>();
    private summary?: Readonly<Record<string, number>>;
    private failed = false;

    /** Takes one line. */
    take(line: string): void {
        if (!telling.test(line)) return;
        const event = JSON.parse(line) as EngineEvent;
        if (event.resourcePreEvent) this.takeStep(event.resourcePreEvent);
        if (event.diagnosticEvent) this.takeMessage(event.diagnosticEvent);
        if (event.summaryEvent) this.summary = event.summaryEvent.resourceChanges ?? {};
    }

    /** Whether Pulumi came to its summary, without an error on the way: else there is more than it told of. */
    get complete(): boolean {
        return this.summary !== undefined && !this.failed;
    }

    /** How many resources stay as they are, as Pulumi counts them. */
    get same(): number {
        return this.summary?.same ?? 0;
    }

    /** Everything that Pulumi told of, in its order. */
    get resources(): Resource[] {
        return [...this.found.values()].map((resource) => ({
            ...resource,
            drift: this.drift.get(resource.urn) ?? [],
        }));
    }

    private takeStep({ metadata }: StepEvent): void {
        const { urn, type, old, detailedDiff } = metadata;
        const op = ops[metadata.op];
        if (op === undefined) return;
        this.found.set(urn, {
            urn,
            type,
            name: urn.slice(urn.lastIndexOf("::") + 2),
            op,
            custom: (metadata.new ?? old)?.custom === true,
            // Of what stays as it is only that it is there counts.
            before: (op !== "same" && old?.inputs) || {},
            after: (op !== "same" && metadata.new?.inputs) || {},
            paths: Object.keys(detailedDiff ?? {}).sort(),
            retained: op === "delete" && old?.retainOnDelete === true,
        });
    }

    private takeMessage({ urn, message = "", severity }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
        this.failed ||= severity === "error";
        const sentence = severity?.startsWith("info") && urn ? driftIn(message) : undefined;
        if (sentence === undefined) return;
        const said = this.drift.get(urn!) ?? [];
        if (!said.includes(sentence)) this.drift.set(urn!, [...said, sentence]);
    }
}
