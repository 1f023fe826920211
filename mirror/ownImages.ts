import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import type { Architecture } from "../components/inventory/node";
import { forArchitecture, ownImage } from "./catalogue";
import type { Digests } from "./digests";
import { imagesInArchive } from "./imageArchive";
import { keyOf, type Job } from "./job";

/** An image of the operator's own, as the configuration names it. */
export interface OwnImage {
    /** "example.org/shop:1.4" */
    readonly reference: string;
    /** A file that `docker save` wrote; with {arch} in its name one file for each architecture. */
    readonly archive: string;
}

export interface OwnImages {
    readonly images: readonly OwnImage[];
    readonly architectures: readonly Architecture[];
    /** What relative paths start from. Default: the working folder, which is the program's. */
    readonly folder?: string;
}

/** Jobs that copy the operator's archives into the mirror. */
export function ownImageJobs({ images, architectures, folder }: OwnImages): Job[] {
    return images.flatMap((image) => architectures.map((arch) => ownImageJob(image, arch, folder)));
}

function ownImageJob(image: OwnImage, arch: Architecture, folder?: string): Job {
    const archive = archiveOf(image, arch, folder);
    const target = ownImage(image.reference).path(arch);
    return {
        name: `own-image-${image.reference.replace(/[^\w.-]/g, "-")}`,
        title: `image ${image.reference} (${arch})`,
        key: keyOf("own image", target, marksOf(archive)),
        paths: [target],
        origin: "copied",
        remark: "the operator's own",
        async make(context) {
            const copy = path.join(context.out, target);
            await fs.promises.mkdir(path.dirname(copy), { recursive: true });
            await fs.promises.copyFile(archive, copy);
        },
    };
}

/**
 * What is wrong with the archives, a sentence each. One that lies in the mirror as it is now was looked at before it
 * came there, and isn't read again.
 */
export async function ownImageProblems(own: OwnImages, filled?: Digests): Promise<string[]> {
    const problems = own.images.flatMap((image, index) =>
        own.architectures.map(async (arch) => {
            const [job] = ownImageJobs({ ...own, images: [image], architectures: [arch] });
            const known = filled?.files[job.paths[0]]?.job === job.key;
            return known ? undefined : problemOf(image, `images[${index}]`, arch, own.folder);
        }),
    );
    const found = (await Promise.all(problems)).filter((problem) => problem !== undefined);
    return [...new Set(found)];
}

async function problemOf(image: OwnImage, at: string, arch: Architecture, folder?: string) {
    const { reference } = image;
    const named = forArchitecture(image.archive, arch);
    const archive = `${at}.archive ${named}`;
    let held: ReadonlyMap<string, string>;
    try {
        held = await imagesInArchive(archiveOf(image, arch, folder));
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return (
            `${archive} can't be read as an archive of images (${code ?? message}): ` +
            `write it with \`docker save ${reference} -o ${named}\`.`
        );
    }
    const its = held.get(reference);
    if (its === undefined) {
        const others = [...held.keys()].join(", ") || "no image that has a name";
        return (
            `${archive} holds ${others}, but not ${reference}: save the image under that name, ` +
            `or correct ${at}.reference.`
        );
    }
    return its === arch
        ? undefined
        : `${archive} holds ${reference} for ${its}, but ${arch} is needed: give one archive for each architecture, ` +
              `with {arch} in its path, or say in cluster.architectures which ones the machines have.`;
}

/**
 * The images that the mirror doesn't have as their archives are now, as it is after an edit until `up`. Of a mirror
 * that was filled for one architecture only that one counts.
 */
export function staleOwnImages(images: readonly OwnImage[], digests: Digests, folder?: string): string[] {
    const isStale = (image: OwnImage) => {
        const jobs = ownImageJobs({ images: [image], architectures: ["amd64", "arm64"], folder });
        const there = jobs.filter((job) => digests.files[job.paths[0]] !== undefined);
        return there.length === 0 || there.some((job) => digests.files[job.paths[0]].job !== job.key);
    };
    return images.filter(isStale).map(({ reference, archive }) => `${reference} as it is now in ${archive}`);
}

function archiveOf(image: OwnImage, arch: Architecture, folder = "."): string {
    return path.resolve(folder, forArchitecture(image.archive, arch).replace(/^~(?=\/)/, os.homedir()));
}

/** What any change to a file leaves behind; nothing where there is no file. */
function marksOf(file: string): readonly number[] {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat ? [stat.size, stat.mtimeMs] : [];
}
