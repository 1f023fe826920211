import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { go, goRecipe } from "../build/go";
import { sha256 } from "../files";
import type { Recipe } from "./recipe";

/** pause: a program of our own that does what upstream's does, static, alone in its image. */
export function pause(version: string, arch: Architecture): Recipe {
    const source = path.join(__dirname, "..", "build", "pause", "main.go");
    return {
        source: "https://github.com/kubernetes/kubernetes/tree/master/build/pause",
        inputs: [goRecipe, sha256(fs.readFileSync(source))],
        needs: ["go"],
        prepare: async () => undefined,
        async assemble(context) {
            fs.copyFileSync(source, path.join(context.work, "main.go"));
            fs.writeFileSync(path.join(context.work, "go.mod"), "module slipway.build/pause\ngo 1.24\n");
            const flags = ["-trimpath", "-ldflags", `-s -w -X main.version=${version}`];
            await go(["build", ...flags, "-o", "pause", "."], context.work, arch);
            const content = { file: path.join(context.work, "pause") };
            return {
                entries: [{ path: "pause", type: "file", mode: 0o755, content }],
                config: { Entrypoint: ["/pause"], User: "65535:65535" },
            };
        },
    };
}
