/**
 * What a stand-in plugin implements. The server (server.ts) speaks Pulumi's provider protocol; a stand-in only says
 * what its resource types do, on plain values.
 *
 * A stand-in called NAME is the folder standins/NAME, whose index.ts exports
 *
 *     export const provider: Provider = { name: "NAME", configure: (config, engine) => ({ resources: { … } }) };
 *
 * and registry.ts lists it. `configure` is called once for each provider resource of a program (each has its own
 * configuration and its own connection), so what it returns may keep state: clients, connections, caches.
 *
 * Values, everywhere:
 *  - Handlers get values without secret marks. What is secret in an input is marked secret again, by itself, where the
 *    same property path appears in the outputs (or in the inputs that check returns). Wrap in `secret()` what is
 *    secret for another reason. Never put a secret into an error or a log line.
 *  - In previews an input may be the symbol UNKNOWN, or hold it (`hasUnknown`); an output that can't be known yet is
 *    UNKNOWN too. Outside previews nothing is ever unknown.
 *  - Assets and archives are `Asset` and `Archive` of values.ts. A relative path is relative to the folder that the
 *    process was started in, the program's.
 *  - Absent properties are absent, not null; a null that the program gave counts as absent in diffs.
 *
 * Errors: throw an Error whose message is a sentence; it is shown beside the resource. A failed create is not stored in
 * the state, unless {@link InitializationFailed} is thrown. After a failed update the old state stays.
 */
import type { Changes } from "./diff";
import type { Values } from "./values";

/** A stand-in plugin. */
export interface Provider {
    /** The package's name: the first part of its type tokens, and of @pulumi/NAME. */
    name: string;
    /**
     * Validates a provider resource's configuration; the default accepts everything as it is. Values of other types
     * than string arrive as JSON text (`"true"`, `"{…}"`), that is how the SDKs send them: see {@link decodeConfig}.
     */
    checkConfig?(args: CheckArgs): CheckResult | Promise<CheckResult>;
    /** What a changed configuration means; the default is an update in place, of the provider resource only. */
    diffConfig?(args: DiffArgs): DiffResult | Promise<DiffResult>;
    /**
     * Makes the thing that serves one provider resource. `config` is without secret marks and fully known (while it is
     * not, in a preview, the engine calls nothing). Connect lazily: it is also called for operations that need nothing.
     */
    configure(config: Values, engine: Engine): Configured | Promise<Configured>;
}

/** A configured stand-in. */
export interface Configured {
    /** By type token, such as "command:remote:Command". */
    resources: Record<string, ResourceHandler>;
    /** For handlers that serve many tokens alike; asked for a token that `resources` doesn't have. */
    resource?(type: string): ResourceHandler | undefined;
    /** Functions, by token. Arguments and results are without secret marks. */
    functions?: Record<string, (args: Values, context: Context) => Promise<Values>>;
    /** Called when the engine goes away or the process ends: close connections. Must not throw. */
    close?(): void;
}

/** The engine that a stand-in works for. */
export interface Engine {
    /** Shows a line, beside the resource when `urn` is given; an ephemeral one only in the live display. */
    log(severity: Severity, message: string, options?: { urn?: string; ephemeral?: boolean }): void;
}

export type Severity = "debug" | "info" | "warning" | "error";

/** What every operation knows. */
export interface Context {
    urn: string;
    /** The resource's name, and type token. */
    name: string;
    type: string;
    /** True while nothing may be changed. */
    preview: boolean;
    /** Seconds from `customTimeouts`, or 0. */
    timeout: number;
    /** Aborted when the operator presses Ctrl-C: stop waiting, throw. */
    signal: AbortSignal;
    /** Shows a line beside this resource. `status` replaces the one before it in the live display and isn't kept. */
    log(severity: Severity, message: string): void;
    status(message: string): void;
}

export interface CheckArgs {
    /** The inputs of the last update, or an empty map. */
    oldInputs: Values;
    inputs: Values;
    /** 16 bytes, the same in preview and update: for names made up here. Empty when the engine gives none. */
    randomSeed: Uint8Array;
}

export interface CheckFailure {
    /** The property's path, or "" for the resource as a whole. */
    property: string;
    /** A sentence. */
    reason: string;
}

export interface CheckResult {
    /** The inputs with defaults put in. */
    inputs: Values;
    failures?: CheckFailure[];
}

export interface DiffArgs {
    id: string;
    oldInputs: Values;
    oldOutputs: Values;
    inputs: Values;
    /** Property paths of `ignoreChanges`. The engine has put the old values into `inputs` there already. */
    ignoreChanges: string[];
}

export interface DiffResult {
    /** What differs; empty: nothing to do. */
    changes: Changes;
    /** The paths in `changes` that need a replacement. Any: the resource is replaced. */
    replace?: string[];
    /** Delete the old one first (a name or address can't be taken twice). The program's option may say so as well. */
    deleteBeforeReplace?: boolean;
    /** Output properties known not to change by an update. Others may be shown as unknown in previews. */
    stable?: string[];
}

export interface CreateArgs {
    inputs: Values;
}

export interface CreateResult {
    /** Never empty, except in previews, where it may be "" for "not known yet". */
    id: string;
    outputs: Values;
}

export interface UpdateArgs {
    id: string;
    oldInputs: Values;
    oldOutputs: Values;
    inputs: Values;
}

export interface UpdateResult {
    outputs: Values;
}

export interface ReadArgs {
    id: string;
    /** What the state has: both empty when a resource is imported. */
    inputs: Values;
    outputs: Values;
}

/** `id: ""` says that the resource is gone. */
export interface ReadResult {
    id: string;
    inputs: Values;
    outputs: Values;
}

export interface DeleteArgs {
    id: string;
    /** The inputs and outputs as stored in the state. */
    inputs: Values;
    outputs: Values;
}

/** What one resource type does. */
export interface ResourceHandler {
    /** The default accepts the inputs as they are. Inputs may be unknown in previews. */
    check?(args: CheckArgs, context: Context): CheckResult | Promise<CheckResult>;
    /** The default compares old and new inputs, replaces for the properties of `replaceOn`, updates for the others. */
    diff?(args: DiffArgs, context: Context): DiffResult | Promise<DiffResult>;
    /** Top-level inputs whose change replaces the resource, for the default diff. "*": each of them. */
    replaceOn?: string[] | "*";
    /** For the default diff. */
    deleteBeforeReplace?: boolean;
    /** In a preview (`context.preview`) touches nothing that it could change, and predicts the outputs. */
    create(args: CreateArgs, context: Context): Promise<CreateResult>;
    /** As create. A type without it is never updated: its diff must replace for everything. */
    update?(args: UpdateArgs, context: Context): Promise<UpdateResult>;
    /** For refresh and import; the default gives the state back as it is. */
    read?(args: ReadArgs, context: Context): Promise<ReadResult>;
    /** Also succeeds when the thing is gone already. The default does nothing. */
    delete?(args: DeleteArgs, context: Context): Promise<void>;
}

/**
 * The resource exists but isn't right (a Deployment that never became available): it is stored in the state with
 * these outputs, the operation fails, and the next `up` updates it.
 */
export class InitializationFailed extends Error {
    constructor(
        readonly resource: { id: string; outputs: Values; inputs?: Values },
        readonly reasons: string[],
    ) {
        super(reasons.join("\n"));
    }
}

/** A provider's configuration with its JSON texts decoded: "true" → true, "{…}" → an object. Other texts stay. */
export function decodeConfig(config: Values, keys: string[]): Values {
    const decoded = { ...config };
    for (const key of keys) {
        if (typeof config[key] !== "string") continue;
        try {
            decoded[key] = JSON.parse(config[key]);
        } catch {
            // Not JSON: an SDK that sends plain text.
        }
    }
    return decoded;
}
