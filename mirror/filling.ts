import * as fs from "node:fs";
import * as path from "node:path";

import { problemWith, readManifest, recordFiles, type FileRecord, type Source } from "./digests";
import { beside, linkOrCopy, listFiles, megabytes, sha256OfFile } from "./files";
import type { Job, JobContext, Progress } from "./job";
import { checkLock, type Lock } from "./lock";
import { wrongMachines } from "./machine";

/** One run over the jobs that are to be done. */
export class Filling {
    private done = 0;

    constructor(
        private readonly folder: string,
        private readonly cache: string,
        private readonly source: Source,
        private readonly lock: Lock,
        private readonly progress: Progress,
    ) {}

    /** @param again what is made anew, though it was made before */
    async run(jobs: readonly Job[], again: (job: Job) => boolean = () => false): Promise<void> {
        jobs.filter(again).forEach((job) => fs.rmSync(this.madeFolder(job), { recursive: true, force: true }));
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
        for (const file of Object.keys(made)) {
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
                const wrong = await wrongMachines(out, file);
                if (wrong.length > 0) throw new Error(wrong.join(" "));
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
        for (const file of new Set([...job.paths, ...Object.keys(files)])) {
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

function seconds(since: number): string {
    return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
