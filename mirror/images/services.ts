import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { go, goRecipe } from "../build/go";
import { listFiles, sha256 } from "../files";
import type { JobContext } from "../job";
import { essentials } from "./base";
import type { Recipe } from "./recipe";

/** A Go module of this repository, its dependencies pinned in go.sum. */
const folder = path.join(__dirname, "..", "..", "components", "workloads", "images");

/** auth: checks passwords and issues tokens. */
export const auth = (version: string, arch: Architecture) => service("auth", version, arch);

/** hello: greets who shows a valid token. */
export const hello = (version: string, arch: Architecture) => service("hello", version, arch);

/** monolith: auth and hello in one. */
export const monolith = (version: string, arch: Architecture) => service("monolith", version, arch);

/** A program of our own that does what upstream's does, static, alone in its image. */
function service(name: string, version: string, arch: Architecture): Recipe {
    const files = listFiles(folder).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file) && !/_test\.go$/.test(file));
    const prepare = async (context: JobContext) => {
        files.forEach((file) => fs.cpSync(path.join(folder, file), path.join(context.work, "module", file)));
        await go(["mod", "download"], path.join(context.work, "module"));
    };
    return {
        source: `components/workloads/images/${name} of Slipway`,
        inputs: [goRecipe, files.map((file) => [file, sha256(fs.readFileSync(path.join(folder, file)))])],
        needs: ["go"],
        prepare,
        async assemble(context) {
            await prepare(context);
            const flags = ["-trimpath", "-ldflags", `-s -w -X slipway.build/services/service.Version=${version}`];
            const built = path.join(context.work, name);
            await go(["build", ...flags, "-o", built, `./${name}`], path.join(context.work, "module"), arch);
            return {
                entries: [
                    ...essentials(),
                    { path: `usr/bin/${name}`, type: "file", mode: 0o755, content: { file: built } },
                ],
                config: { Entrypoint: [name], ExposedPorts: { "80/tcp": {}, "81/tcp": {} } },
            };
        },
    };
}
