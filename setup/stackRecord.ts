import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { dataFolder } from "./paths";

/** Where Kubernetes and friends come from: upstream's releases, the operator's own mirror, or built from source. */
export const artifactSources = ["upstream", "mirror", "build"] as const;
export type ArtifactSource = (typeof artifactSources)[number];

/** What was decided for a stack, kept so that a day without network doesn't turn every digest into another one. */
export interface StackRecord {
    readonly source?: ArtifactSource;
    /** The filled mirror's folder. */
    readonly mirror?: string;
    readonly plugins?: Readonly<Record<string, "genuine" | "download" | "stand-in">>;
    /** Digest of the state that each control plane has a copy of, by the node's name. */
    readonly copies?: Readonly<Record<string, string>>;
}

/** For what takes long to load. */
const later = createRequire(__filename);

const recordFile = (stack: string) => path.join(dataFolder(), "stacks", `${stack}.json`);

/** What is kept about a stack; empty when nothing is. */
export function readRecord(stack: string): StackRecord {
    const file = recordFile(stack);
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as StackRecord) : {};
}

/** Adds to what is kept about a stack, in one step. */
export function keep(stack: string, news: StackRecord): StackRecord {
    const record = { ...readRecord(stack), ...news };
    const file = recordFile(stack);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    fs.renameSync(draft, file);
    return record;
}

/** Drops what is kept about a stack. */
export function forget(stack: string): void {
    fs.rmSync(recordFile(stack), { force: true });
}

/**
 * The folder of the mirror that was filled for this stack; the program takes the artifacts' digests from it.
 *
 * @throws when none was filled yet, with the command that does it.
 */
export function mirrorFolder(stack: string): string {
    const { mirror } = readRecord(stack);
    if (mirror && fs.existsSync(mirror)) return mirror;
    const found = mirror ? `is gone (${mirror})` : "was not filled yet";
    throw refusal(`The mirror of stack ${stack} ${found}: run ${mirrorCommand(stack)}, then try again.`);
}

/**
 * Says that the configuration names what the stack's mirror doesn't hold, as it is with a new version until `up`.
 *
 * @param missing "etcd 3.6.9", …
 * @throws RunError unless nothing is missing.
 */
export function refuseMissing(stack: string, missing: readonly string[]): void {
    if (missing.length === 0) return;
    throw refusal(
        `The mirror of stack ${stack} lacks ${missing.join(", ")}. \`up\` adds it by itself; a preview makes nothing, and ` +
            `needs its digest: run ${mirrorCommand(stack)}, then try again.`,
    );
}

/** What a program of Pulumi's ends with when it has only to say a sentence. Its class brings all of gRPC along. */
function refusal(sentence: string): Error {
    const { RunError } = later("@pulumi/pulumi/errors") as typeof import("@pulumi/pulumi/errors");
    return new RunError(sentence);
}

const mirrorCommand = (stack: string) => `\`npm run mirror${stack === "dev" ? "" : ` -- --stack ${stack}`}\``;
