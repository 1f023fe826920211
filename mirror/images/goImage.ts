import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { debianSuite } from "../build/debian";
import { goBuild, goPrepare, goRecipe, type GoBuild } from "../build/go";
import { certificateBundle, debianFiles, essentials, prepareDebian } from "./base";
import type { ImageConfig } from "./image";
import { debianTools, type Recipe } from "./recipe";

export interface GoImage {
    /** Where people read the sources. */
    readonly source: string;
    readonly build: GoBuild;
    /** Path in the image of each executable that is built: { controller: "controller" }. With a shell, /bin is a link to /usr/bin. */
    readonly commands: Readonly<Record<string, string>>;
    readonly config: ImageConfig;
    /** A shell with the usual commands beside them, where upstream's image has one. Default false. */
    readonly shell?: boolean;
    /** Files and folders beyond these. */
    readonly entries?: readonly Entry[];
}

/** An image of static Go programs, with certificate authorities and the user `nonroot`, as upstream's images have them. */
export function goImage(image: GoImage, arch: Architecture): Recipe {
    const { source, build, commands, config, shell, entries = [] } = image;
    return {
        source,
        inputs: [goRecipe, build, debianSuite, commands, config, entries],
        needs: ["go", ...debianTools],
        prepare: (context) => Promise.all([goPrepare(build, context), prepareDebian(arch, context)]),
        async assemble(context) {
            const built = path.join(context.work, "bin");
            await goBuild(build, arch, built, context);
            const executables = Object.entries(commands).map(([name, target]): Entry => ({
                path: target,
                type: "file",
                mode: 0o755,
                content: { file: path.join(built, name) },
            }));
            const { entries: commandsOfDebian, packages } = shell
                ? await debianFiles({}, arch, context)
                : { entries: [], packages: [] };
            return {
                entries: [
                    ...commandsOfDebian,
                    ...essentials(["nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin"]),
                    await certificateBundle(arch, context),
                    ...executables,
                    ...entries,
                ],
                config: shell
                    ? { ...config, Labels: { "build.slipway.packages": packages.join(" "), ...config.Labels } }
                    : config,
            };
        },
    };
}
