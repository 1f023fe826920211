import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { artifacts, forArchitecture, images, type Versions } from "../catalogue";
import { manifestName, parseManifest, readManifest, type Digests, type FileRecord } from "../digests";
import { keyOf, type Job, type Progress } from "../job";
import type { WantedPackages } from "../packages/job";
import { indexTemplate } from "../packages/systems";
import { download, downloadText, Refused } from "./download";

export interface CopyOptions {
    readonly versions: Versions;
    readonly architectures: readonly Architecture[];
    readonly packages?: WantedPackages;
    /** The operator's mirror: "https://mirror.example.com/" or "/mnt/mirror/". */
    readonly prefix: string;
    /** Our own copy, which has to do when theirs can't be asked. */
    readonly folder: string;
    readonly progress: Progress;
}

/**
 * Jobs that copy from a mirror which Slipway has filled: its manifest says every digest. Undefined where there is no
 * manifest, for a mirror that only proxies upstream's sites.
 */
export async function copyJobs(options: CopyOptions): Promise<Job[] | undefined> {
    const { versions, architectures, packages, prefix } = options;
    const theirs = await theirManifest(options);
    if (!theirs) {
        return undefined;
    }
    const wanted = [
        ...Object.values(artifacts(versions)).map((each) => ({ ...each, title: `${each.name} ${each.version}` })),
        ...Object.values(images(versions)).map((each) => ({ ...each, title: each.reference })),
        ...(packages?.systems ?? []).map((system) => ({
            path: (arch: Architecture) => forArchitecture(indexTemplate(system), arch),
            title: `packages of ${system}`,
        })),
    ].flatMap(({ path, title }) => architectures.map((arch) => ({ file: path(arch), title: `${title} (${arch})` })));
    const absent = wanted.filter(({ file }) => !theirs.files[file]);
    if (absent.length > 0) {
        throw new Error(
            `The mirror ${prefix} doesn't hold ${absent.map(({ title }) => title).join(", ")}: it was filled for other ` +
                "versions or architectures, or before an add-on or workload was turned on. Fill it for these, or choose " +
                "another source with `--source`.",
        );
    }
    const beside = (index: string) =>
        Object.keys(theirs.files).filter((file) => path.dirname(file) === path.dirname(index));
    return wanted.flatMap(({ file }) =>
        (file.startsWith("packages/") ? beside(file) : [file]).map((each) => copyJob(each, theirs.files[each], prefix)),
    );
}

function copyJob(file: string, record: FileRecord, prefix: string): Job {
    return {
        name: "copy",
        title: file.startsWith("images/") ? `image ${path.dirname(file).slice("images/".length)}` : path.basename(file),
        key: keyOf("copy", file, record.sha256),
        paths: [file],
        origin: record.origin,
        remark: record.remark,
        async make(context) {
            const target = path.join(context.out, file);
            await download(`${prefix}${file}`, target, { expected: record.sha256, say: context.say });
            context.checked(file, `${prefix}${manifestName}`);
        },
    };
}

async function theirManifest({ prefix, folder, progress }: CopyOptions): Promise<Digests | undefined> {
    const url = `${prefix}${manifestName}`;
    try {
        return parseManifest(await downloadText(url), url);
    } catch (error) {
        if (error instanceof Refused) {
            return undefined;
        }
        const ours = readManifest(folder);
        if (!ours) {
            throw error;
        }
        progress(`${(error as Error).message} What was copied from there earlier is used.`);
        return ours;
    }
}
