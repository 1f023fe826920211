import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { debianSuite } from "../build/debian";
import { goBuild, type GoBuild } from "../build/go";
import type { ImageArtifact } from "../catalogue";
import { keyOf, type Job, type JobContext, type Tool } from "../job";
import { writeImage, type ImageConfig } from "./image";

/** What goes into an image, found when it is made. */
export interface Assembled {
    readonly entries: readonly Entry[];
    readonly config: ImageConfig;
}

/** How one image is put together. */
export interface Recipe {
    readonly source: string;
    /** Everything that decides what comes out, beyond the image's name, tag and architecture. */
    readonly inputs: readonly unknown[];
    readonly needs: readonly Tool[];
    prepare(context: JobContext): Promise<unknown>;
    assemble(context: JobContext): Promise<Assembled>;
}

/** Part of every assembled image's key: raise it when files or configuration in this folder change. */
const imageRecipe = 1;

/** The job that puts an image together. */
export function imageJob(name: string, image: ImageArtifact, recipe: Recipe, arch: Architecture): Job {
    const target = image.path(arch);
    return {
        name: `image-${name}`,
        title: `image ${image.reference} (${arch})`,
        key: keyOf(imageRecipe, image.reference, arch, recipe.inputs),
        paths: [target],
        origin: "assembled",
        needs: recipe.needs,
        prepare: async (context) => void (await recipe.prepare(context)),
        async make(context) {
            const { entries, config } = await recipe.assemble(context).catch((error: Error) => {
                throw new Error(
                    `${error.message}\nIt was to be put together here from ${recipe.source}. Where registries can be ` +
                        "reached, take upstream's image (`--source upstream`); else name a mirror of your own that has " +
                        "it (cluster.source), or another version (cluster.versions).",
                );
            });
            await writeImage(path.join(context.out, target), { image, arch, entries, config, source: recipe.source });
        },
    };
}

/** Programs that images made from Debian's packages need here. */
export const debianTools: readonly Tool[] = ["apt-get", "dpkg-deb"];

/** Compiles one command, for an image's entry. */
export async function compile(
    build: GoBuild,
    arch: Architecture,
    context: JobContext,
    name: string,
): Promise<Entry["content"]> {
    const built = path.join(context.work, "bin");
    await goBuild(build, arch, built, context);
    return { file: path.join(built, name) };
}

/** @throws Error where the packages that were taken, "name=version", don't have the version that was asked for */
export function expectVersion(name: string, version: string, packages: readonly string[]): void {
    const found = packages.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "none";
    if (found.replace(/^\d+:/, "").replace(/-[^-]*$/, "") !== version) {
        throw new Error(`Debian ${debianSuite} has ${name} ${found}, but ${name} ${version} was asked for.`);
    }
}
