import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../components/inventory/node";
import { cacheFolder } from "../setup/paths";
import { defaultVersions, type Versions } from "./catalogue";
import { problemWith, readManifest, type Source } from "./digests";
import { Filling } from "./filling";
import { megabytes } from "./files";
import { keyOf, type Job, type Progress } from "./job";
import { mirrorJobs } from "./jobs";
import { loadLock, type Lock } from "./lock";
import { requireTools } from "./tools";
import { ownImageJobs, type OwnImage } from "./ownImages";
import { isPackageJob, packageJobs, type WantedPackages } from "./packages/job";
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
    /** The operator's own images, with paths from the root. */
    readonly images?: readonly OwnImage[];
    /** Packages of the nodes' distributions. Default: none, nodes ask their distribution. */
    readonly packages?: WantedPackages;
    /** Fetch the packages anew, though they are there: distributions mend theirs. Default: false. */
    readonly freshPackages?: boolean;
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
    images: readonly OwnImage[] = [],
    packages?: WantedPackages,
): string {
    const keys = mirrorJobs(source, versions, "amd64").map((job) => job.key);
    const copied = source === "upstream" && prefix !== upstreamPrefix;
    // Two stacks may have different images of one name, and want different packages.
    const own = [...(images.length > 0 ? [images] : []), ...(packages ? [packages] : [])];
    return path.join(cache, copied ? `copy-${keyOf(keys, prefix, ...own)}` : `${source}-${keyOf(keys, ...own)}`);
}

const upstreamPrefix = "https://";

/**
 * Makes a mirror complete and returns its folder. What is there and fits its digest is left alone; the rest is fetched
 * or built. It may be ended at any point and run again: files appear in one step, and each job's outcome is kept by
 * the key of what it was made of, so that nothing is made twice, for no matter how many mirrors.
 */
export async function fillMirror(options: FillOptions): Promise<string> {
    const {
        source,
        versions = defaultVersions,
        architectures,
        images = [],
        packages,
        cache = defaultCache(),
    } = options;
    const prefix = options.upstream ?? upstreamPrefix;
    const folder = options.folder ?? mirrorFolder(source, versions, cache, prefix, images, packages);
    const progress = options.progress ?? (() => undefined);
    const copied = source === "upstream" && prefix !== upstreamPrefix && !options.jobs;
    const copy = { versions, architectures, packages, prefix, folder, progress };
    const catalogue = options.jobs ??
        (copied ? await copyJobs(copy) : undefined) ?? [
            ...architectures.flatMap((arch) => mirrorJobs(source, versions, arch, prefix)),
            ...(packages ? packageJobs(packages, architectures) : []),
        ];
    const jobs = [...ownImageJobs({ images, architectures }), ...catalogue];
    fs.mkdirSync(folder, { recursive: true });
    [folder, cache, path.join(cache, "made"), path.join(cache, "work")].forEach(sweep);

    const again = (job: Job) => options.freshPackages === true && isPackageJob(job);
    const missing = await jobsToDo(folder, jobs, again, progress);
    if (missing.length > 0) {
        await requireTools(missing);
        await new Filling(folder, cache, source, options.lock ?? loadLock(), progress).run(missing, again);
    }
    const sizes = Object.values(readManifest(folder)?.files ?? {}).map((record) => record.size);
    progress(
        `The mirror is complete: ${sizes.length} files, ${megabytes(sizes.reduce((sum, size) => sum + size, 0))}.`,
    );
    return folder;
}

/** The jobs whose files are not all there, or not as recorded. */
async function jobsToDo(
    folder: string,
    jobs: readonly Job[],
    again: (job: Job) => boolean,
    progress: Progress,
): Promise<Job[]> {
    const records = readManifest(folder)?.files ?? {};
    const missing: Job[] = [];
    for (const job of jobs) {
        if (again(job) || job.paths.some((file) => records[file]?.job !== job.key)) {
            missing.push(job);
            continue;
        }
        const its = Object.entries(records).filter(([, record]) => record.job === job.key);
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

function defaultCache(): string {
    return path.join(cacheFolder(), "mirror");
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
