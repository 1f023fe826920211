import { sha256 } from "./files";

/** Tells a person what is going on. A live line may be overwritten by the next one, and left out of a log. */
export type Progress = (line: string, live?: boolean) => void;

/** How a file came to be: built from source, fetched, an image archive put together here, or the operator's own. */
export type Origin = "built" | "upstream" | "assembled" | "copied";

/** Where a job works and what it may say. */
export interface JobContext {
    /** An empty folder; files are written below it under their paths in the mirror. */
    readonly out: string;
    /** Scratch, gone after the run. The same folder for prepare and make. */
    readonly work: string;
    readonly say: Progress;
    /** Notes what a file's digest was compared with. */
    checked(file: string, comparedWith: string): void;
}

/** Something that makes one or more files of the mirror; done once for each key. */
export interface Job {
    /** Short, for folders and progress lines: "kubernetes". */
    readonly name: string;
    /** What it makes, for progress and errors: "Kubernetes 1.36.3 (amd64)". */
    readonly title: string;
    /** Digest of everything that decides what comes out. */
    readonly key: string;
    /** Paths in the mirror that are known beforehand; what else it writes comes into the mirror, too. */
    readonly paths: readonly string[];
    readonly origin: Origin;
    /** Kept in the mirror's manifest: what a reader should know of where this comes from. */
    readonly remark?: string;
    /** Programs that must be there, with the sentence that says why. */
    readonly needs?: readonly Tool[];
    /** Fetches what `make` wants; runs while other jobs compile. */
    prepare?(context: JobContext): Promise<void>;
    make(context: JobContext): Promise<void>;
}

/** A program that a job calls. */
export type Tool = "go" | "apt-get" | "dpkg-deb";

/** The key of a job, from plain values. */
export function keyOf(...inputs: readonly unknown[]): string {
    return sha256(JSON.stringify(inputs)).slice(0, 16);
}
