/**
 * Property values as they cross Pulumi's provider protocol.
 *
 * On the wire a property map is a protobuf Struct in which secrets, unknowns, assets and archives are marked by sentinel
 * values (sdk/go/common/resource/properties.go and asset/*.go of pulumi/pulumi). Here they are:
 *
 *  - a secret:  an instance of {@link Secret}
 *  - unknown:   the symbol {@link UNKNOWN} (only in previews)
 *  - an asset:  an instance of {@link Asset}; an archive: an instance of {@link Archive}
 *  - the rest:  plain JSON values
 *
 * Resource handlers mostly see *revealed* values, without any Secret: the server keeps the marked tree beside them and
 * marks in the outputs whatever was secret at the same place in the inputs ({@link annotate}).
 */
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import {
    specialArchiveSig,
    specialAssetSig,
    specialOutputValueSig,
    specialResourceSig,
    specialSecretSig,
    specialSigKey,
    unknownValue,
} from "./signatures";

/** A value that isn't known before the update runs. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** Any property value. Objects are plain records, or a Secret, Asset or Archive. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Value = any;

/** A map of property values, as a resource's inputs or outputs. */
export type Values = Record<string, Value>;

/** Marks a value as secret: stored encrypted, shown as `[secret]`. */
export class Secret {
    constructor(readonly value: Value) {}
}

/** Marks a value as secret, once. */
export function secret(value: Value): Secret {
    return value instanceof Secret ? value : new Secret(value);
}

/** A file's content: exactly one of `text`, `path` and `uri` is set. `hash` is the SHA-256 of the content, in hex. */
export class Asset {
    constructor(readonly source: { hash?: string; text?: string; path?: string; uri?: string }) {}
}

/** Several files: exactly one of `assets`, `path` and `uri` is set. `hash` covers names and contents. */
export class Archive {
    constructor(
        readonly source: { hash?: string; assets?: Record<string, Asset | Archive>; path?: string; uri?: string },
    ) {}
}

/** Reads a Struct (absent: an empty map). */
export function fromStruct(struct: Struct | undefined): Values {
    return struct ? (fromWire(struct.toJavaScript()) as Values) : {};
}

/** Writes a Struct; keys whose value is undefined are left out. */
export function toStruct(values: Values): Struct {
    return Struct.fromJavaScript(toWire(values) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function mapValues(record: Values, change: (value: Value) => Value): Values {
    return Object.fromEntries(
        Object.entries(record)
            .map(([key, value]) => [key, change(value)] as const)
            .filter(([, value]) => value !== undefined),
    );
}

function fromWire(value: Value): Value {
    if (value === unknownValue) return UNKNOWN;
    if (Array.isArray(value)) return value.map(fromWire);
    if (value === null || typeof value !== "object") return value;
    const { [specialSigKey]: signature, ...rest } = value;
    switch (signature) {
        case undefined:
            return mapValues(value, fromWire);
        case specialSecretSig:
            return secret(fromWire(rest.value ?? null));
        case specialAssetSig:
            return new Asset(rest);
        case specialArchiveSig:
            return new Archive(rest.assets ? { ...rest, assets: mapValues(rest.assets, fromWire) } : rest);
        case specialResourceSig:
            return "id" in rest ? fromWire(rest.id || unknownValue) : rest.urn;
        case specialOutputValueSig: {
            const inner = "value" in rest ? fromWire(rest.value) : UNKNOWN;
            return rest.secret ? secret(inner) : inner;
        }
        default:
            throw new Error(`A property has the signature ${signature}, which this plugin does not know.`);
    }
}

function toWire(value: Value): Value {
    if (value === UNKNOWN) return unknownValue;
    if (Array.isArray(value)) return value.map((item) => toWire(item) ?? null);
    if (value === null || typeof value !== "object") return value;
    if (value instanceof Secret) return { [specialSigKey]: specialSecretSig, value: toWire(value.value) ?? null };
    if (value instanceof Asset) return { [specialSigKey]: specialAssetSig, ...mapValues(value.source, toWire) };
    if (value instanceof Archive) return { [specialSigKey]: specialArchiveSig, ...mapValues(value.source, toWire) };
    return mapValues(value, toWire);
}

const isLeaf = (value: Value): boolean =>
    value === null || typeof value !== "object" || value instanceof Asset || value instanceof Archive;

/** The same value without secret marks. */
export function reveal(value: Value): Value {
    if (value instanceof Secret) return reveal(value.value);
    if (Array.isArray(value)) return value.map(reveal);
    return isLeaf(value) ? value : mapValues(value, reveal);
}

/** Whether a value is, or holds, what `test` asks for. */
export function holds(value: Value, test: (value: Value) => boolean): boolean {
    if (test(value)) return true;
    if (value instanceof Secret) return holds(value.value, test);
    if (Array.isArray(value)) return value.some((item) => holds(item, test));
    return isLeaf(value) ? false : Object.values(value).some((item) => holds(item, test));
}

/** Whether a value is, or holds, something unknown. */
export const hasUnknown = (value: Value): boolean => holds(value, (part) => part === UNKNOWN);

/** Whether a value is, or holds, a secret. */
export const hasSecret = (value: Value): boolean => holds(value, (part) => part instanceof Secret);

/** `value` with every part marked secret that is secret at the same place of `marked`. */
export function annotate(value: Value, marked: Value): Value {
    if (value === undefined || value === null || value instanceof Secret) return value;
    if (marked instanceof Secret) return secret(value);
    if (isLeaf(value) || isLeaf(marked)) return value;
    if (Array.isArray(value) !== Array.isArray(marked)) return value;
    if (Array.isArray(value)) return value.map((item, index) => annotate(item, marked[index] ?? null));
    return mapValues(
        Object.fromEntries(Object.entries(value).map(([key, part]) => [key, [part, marked[key]]])),
        (pair) => annotate(pair[0], pair[1] ?? null),
    );
}
