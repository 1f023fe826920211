import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../components/inventory/node";
import { cacheFolder } from "../setup/paths";
import { defaultVersions, type Versions } from "./catalogue";
import { problemWith, readManifest, recordFiles, type FileRecord, type Source } from "./digests";
import { beside, linkOrCopy, listFiles, megabytes, sha256OfFile } from "./files";
import { keyOf, type Job, type JobContext, type Progress } from "./job";
import { mirrorJobs } from "./jobs";
import { checkLock, loadLock, type Lock } from "./lock";
import { requireTools } from "./tools";
import { copyJobs } from "./upstream/copy";

export interface FillOptions {
    readonly source: Source;
    readonly versions?: Versions;
    readonly architectures: readonly Architecture[];
    /** Default: a folder of the cache, named after source and content. */
    readonly folder?: string;
    readonly progress?: Progress;
    /**
     * What stands before upstream's paths; "https://" by default. An operator's own mirror is a prefix of its own
     * ("https://mirror.example.com/", "/mnt/mirror/"): one that Slipway has filled, or a proxy of upstream's sites.
     */
    readonly upstream?: string;
    /** Default: `<cache folder>/mirror`. */
    readonly cache?: string;
    /** Default: those of mirror/lock.json. */
    readonly lock?: Lock;
    /** What is to be made; by default all of the catalogue. */
    readonly jobs?: readonly Job[];
}

/**
 * The mirror's default folder for a source and versions. The same content has the same folder, whatever the stack; a
 * copy of an operator's mirror has one of its own.
 */
export function mirrorFolder(
    source: Source,
    versions: Versions = defaultVersions,
    cache = defaultCache(),
    prefix = upstreamPrefix,
): string {
    const keys = mirrorJobs(source, versions, "amd64").map((job) => job.key);
    const copied = source === "upstream" && prefix !== upstreamPrefix;
    return path.join(cache, copied ? `copy-${keyOf(keys, prefix)}` : `${source}-${keyOf(keys)}`);
}

const upstreamPrefix = "https://";

/**
 * Makes a mirror complete and returns its folder. What is there and fits its digest is left alone; the rest is fetched
 * or built. It may be ended at any point and run again: files appear in one step, and each job's outcome is kept by
 * the key of what it was made of, so that nothing is made twice, for no matter how many mirrors.
 */
export async function fillMirror(options: FillOptions): Promise<string> {
    const { source, versions = defaultVersions, architectures, cache = defaultCache() } = options;
    const prefix = options.upstream ?? upstreamPrefix;
    const folder = options.folder ?? mirrorFolder(source, versions, cache, prefix);
    const progress = options.progress ?? (() => undefined);
    const copied = source === "upstream" && prefix !== upstreamPrefix && !options.jobs;
    const jobs =
        options.jobs ??
        (copied ? await copyJobs({ versions, architectures, prefix, folder, progress }) : undefined) ??
        architectures.flatMap((arch) => mirrorJobs(source, versions, arch, prefix));
    fs.mkdirSync(folder, { recursive: true });
    [folder, cache, path.join(cache, "made"), path.join(cache, "work")].forEach(sweep);

    const missing = await jobsToDo(folder, jobs, progress);
    if (missing.length > 0) {
        await requireTools(missing);
        await new Filling(folder, cache, source, options.lock ?? loadLock(), progress).run(missing);
    }
    const sizes = Object.values(readManifest(folder)?.files ?? {}).map((record) => record.size);
    progress(
        `The mirror is complete: ${sizes.length} files, ${megabytes(sizes.reduce((sum, size) => sum + size, 0))}.`,
    );
    return folder;
}

/** The jobs whose files are not all there, or not as recorded. */
async function jobsToDo(folder: string, jobs: readonly Job[], progress: Progress): Promise<Job[]> {
    const records = readManifest(folder)?.files ?? {};
    const missing: Job[] = [];
    for (const job of jobs) {
        const its = job.paths.map((file) => [file, records[file]] as const);
        if (its.some(([, record]) => record?.job !== job.key)) {
            missing.push(job);
            continue;
        }
        for (const [file, record] of its) {
            const problem = await problemWith(folder, file, record);
            if (problem) {
                progress(`${problem} It is made again.`);
                missing.push(job);
                break;
            }
        }
    }
    return missing;
}

/** One run over the jobs that are to be done. */
class Filling {
    private done = 0;

    constructor(
        private readonly folder: string,
        private readonly cache: string,
        private readonly source: Source,
        private readonly lock: Lock,
        private readonly progress: Progress,
    ) {}

    async run(jobs: readonly Job[]): Promise<void> {
        const work = beside(path.join(this.cache, "work", "run"));
        const errors: string[] = [];
        // Compilers use every core by themselves; downloads wait for the network.
        const lanes = this.source === "build" ? 1 : 4;
        const waiting = jobs.map((job) => ({ job, work: path.join(work, `${job.name}-${job.key}`) }));
        const prepared = this.prepareAhead(waiting);
        try {
            await Promise.all(
                Array.from({ length: lanes }, async () => {
                    for (let next = waiting.shift(); next; next = waiting.shift()) {
                        const { job } = next;
                        await prepared.get(job);
                        await this.fill(job, next.work, jobs.length).catch((error: Error) =>
                            errors.push(`${job.title} is missing from the mirror: ${error.message}`),
                        );
                    }
                }),
            );
        } finally {
            fs.rmSync(work, { recursive: true, force: true });
        }
        if (errors.length > 0) {
            errors.push("What was finished is kept: run `npm run mirror` again to go on.");
            throw new Error(errors.join("\n"));
        }
    }

    /** Lets jobs download one after the other while earlier ones compile. An error shows up again when a job is made. */
    private prepareAhead(jobs: readonly { job: Job; work: string }[]): Map<Job, Promise<void>> {
        const prepared = new Map<Job, Promise<void>>();
        let last: Promise<void> = Promise.resolve();
        for (const { job, work } of jobs) {
            const prepare = async () => {
                if (job.prepare && !(await this.isMade(job))) {
                    fs.mkdirSync(work, { recursive: true });
                    await job.prepare(this.context(job, work, ""));
                }
            };
            last = last.then(prepare).catch(() => undefined);
            prepared.set(job, last);
        }
        return prepared;
    }

    private async fill(job: Job, work: string, total: number): Promise<void> {
        const started = Date.now();
        const kept = await this.isMade(job);
        const folder = kept ? this.madeFolder(job) : await this.make(job, work);
        const made = readManifest(folder)!.files;
        for (const file of job.paths) {
            linkOrCopy(path.join(folder, file), path.join(this.folder, file));
        }
        recordFiles(this.folder, this.source, made);
        const size = Object.values(made).reduce((sum, record) => sum + record.size, 0);
        const how = kept
            ? "kept from before"
            : `${job.origin === "upstream" ? "fetched" : job.origin} in ${seconds(started)}`;
        this.progress(`[${++this.done}/${total}] ${job.title}: ${how}, ${megabytes(size)}`);
    }

    /** Makes a job's files beside their place, records their digests, and moves all of them there in one step. */
    private async make(job: Job, work: string): Promise<string> {
        const folder = this.madeFolder(job);
        const out = beside(folder);
        [out, work].forEach((each) => fs.mkdirSync(each, { recursive: true }));
        try {
            const checked = new Map<string, string>();
            await job.make({ ...this.context(job, work, out), checked: (file, with_) => checked.set(file, with_) });
            const files: Record<string, FileRecord> = {};
            for (const file of listFiles(out)) {
                const digest = await sha256OfFile(path.join(out, file));
                const size = fs.statSync(path.join(out, file)).size;
                const pinned = checkLock(this.lock, this.source, file, digest);
                const against = pinned ? "mirror/lock.json" : checked.get(file);
                const { key, origin, remark } = job;
                files[file] = { sha256: digest, size, origin, job: key, checked: against, remark };
            }
            const absent = job.paths.filter((file) => !files[file]);
            if (absent.length > 0) {
                throw new Error(`${absent.join(", ")} was not made.`);
            }
            recordFiles(out, this.source, files);
            fs.rmSync(folder, { recursive: true, force: true });
            fs.renameSync(out, folder);
        } finally {
            fs.rmSync(out, { recursive: true, force: true });
        }
        return folder;
    }

    /** Whether the outcome of a job is there from an earlier run, complete and unaltered, and still what the lock wants. */
    private async isMade(job: Job): Promise<boolean> {
        const folder = this.madeFolder(job);
        const files = readManifest(folder)?.files ?? {};
        for (const file of job.paths) {
            if (!files[file] || (await problemWith(folder, file, files[file]))) {
                return false;
            }
            checkLock(this.lock, this.source, file, files[file].sha256);
        }
        return true;
    }

    private madeFolder(job: Job): string {
        return path.join(this.cache, "made", `${job.name}-${job.key}`);
    }

    private context(job: Job, work: string, out: string): JobContext {
        let last = 0;
        const say: Progress = (line, live) => {
            if (!live || Date.now() - last >= liveInterval) {
                last = live ? Date.now() : last;
                this.progress(`${job.title}: ${line}`, live);
            }
        };
        return { out, work, say, checked: () => undefined };
    }
}

/** Live lines come at most this often for each job, in milliseconds. */
const liveInterval = 1000;

function defaultCache(): string {
    return path.join(cacheFolder(), "mirror");
}

function seconds(since: number): string {
    return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** Removes what a killed run left half-made: names from `beside` whose process is gone. */
function sweep(folder: string): void {
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
        const pid = /\.part-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
        if (pid && !isRunning(Number(pid))) {
            fs.rmSync(path.join(folder, name), { recursive: true, force: true });
        }
    }
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
