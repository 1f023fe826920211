import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { goImage } from "./goImage";
import type { Recipe } from "./recipe";

/** cAdvisor: its library in a program of our own, because the module of upstream's (…/cadvisor/cmd) isn't served. */
export function cadvisor(version: string, arch: Architecture): Recipe {
    const module = "github.com/google/cadvisor";
    const program = path.join(__dirname, "..", "build", "cadvisor", "main.go");
    return goImage(
        {
            source: `https://github.com/google/cadvisor/tree/v${version}`,
            build: {
                require: { [module]: `v${version}` },
                packages: ["slipway.build/recipe/cadvisor"],
                sources: { "cadvisor/main.go": fs.readFileSync(program, "utf8") },
                variables: { [`${module}/version.Version`]: version },
            },
            commands: { cadvisor: "usr/bin/cadvisor" },
            config: { Entrypoint: ["/usr/bin/cadvisor"], ExposedPorts: { "8080/tcp": {} } },
            shell: true,
        },
        arch,
    );
}
