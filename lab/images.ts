import type Docker from "dockerode";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { baseImage, type Release } from "./base";
import type { Flavour } from "./config";
import { exists, finished } from "./docker";

const tree = path.join(__dirname, "image");

/** What images of ours are called. */
export const repository = "slipway-lab";

export interface ImageOptions {
    /** The base image's archive is kept here. */
    readonly cacheFolder: string;
    readonly flavours: readonly Flavour[];
    readonly progress: (text: string) => void;
}

/** The tag of a flavour's image: the digest of everything that it is made of. */
export function imageTag(flavour: Flavour): string {
    const content = filesOf(tree).map(describe);
    return `${repository}:${flavour}-${createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12)}`;
}

/** Builds the node images that aren't there yet, and says which they are. */
export async function prepareImages(docker: Docker, options: ImageOptions): Promise<Partial<Record<Flavour, string>>> {
    const images: Partial<Record<Flavour, string>> = {};
    for (const flavour of options.flavours) {
        const tag = imageTag(flavour);
        if (!(await exists(docker, tag))) {
            const { target, release } = partsOf(flavour);
            const base = await baseImage(docker, { ...options, release });
            await build(docker, { tag, target, base }, options.progress);
        }
        images[flavour] = tag;
    }
    return images;
}

/** A flavour's target in the Dockerfile, and the Debian release below it. */
function partsOf(flavour: Flavour): { target: string; release: Release } {
    const target = flavour.replace(/^debian13-/, "");
    return { target, release: target === flavour ? "bookworm" : "trixie" };
}

interface Build {
    readonly tag: string;
    readonly target: string;
    readonly base: string;
}

async function build(docker: Docker, { tag, target, base }: Build, progress: (text: string) => void): Promise<void> {
    progress(`building ${tag}`);
    const stream = await docker.buildImage(
        { context: tree, src: fs.readdirSync(tree) },
        { t: tag, target, buildargs: { BASE: base }, rm: true, forcerm: true },
    );
    await finished(docker, stream, `Building the lab's image ${tag}`, (line) => {
        // apt's lines: what is being fetched or set up now.
        if (/^(Step|Setting up|Unpacking|Get:)/.test(line)) {
            progress(`building ${tag}: ${line}`);
        }
    });
}

function filesOf(folder: string): string[] {
    const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
    return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort();
}

/** Path, executable or not, content: a clone's other permissions and times change nothing. */
function describe(file: string): string {
    const executable = (fs.statSync(file).mode & 0o100) !== 0;
    return `${path.relative(tree, file)} ${executable} ${fs.readFileSync(file, "utf8")}`;
}
