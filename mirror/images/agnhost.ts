import type { Architecture } from "../../components/inventory/node";
import { kubernetesBuild } from "../build/binaries";
import { debianSuite } from "../build/debian";
import { goPrepare, goRecipe } from "../build/go";
import { certificateBundle, debianFiles, essentials, prepareDebian } from "./base";
import { compile, debianTools, type Recipe } from "./recipe";

/** The Kubernetes release whose sources have this version of agnhost (test/images/agnhost/VERSION). */
const agnhostReleases: Readonly<Record<string, string>> = { "2.63.0": "1.36.3" };

/** agnhost with a shell and the usual commands beside it, as upstream's image has them. */
export function agnhost(version: string, arch: Architecture): Recipe {
    const build = kubernetesBuild(agnhostReleases[version] ?? version, ["test/images/agnhost"]);
    return {
        source: `https://github.com/kubernetes/kubernetes/tree/v${agnhostReleases[version]}/test/images/agnhost`,
        inputs: [goRecipe, build, debianSuite],
        needs: ["go", ...debianTools],
        prepare: (context) => Promise.all([goPrepare(build, context), prepareDebian(arch, context)]),
        async assemble(context) {
            if (!agnhostReleases[version]) {
                const known = Object.keys(agnhostReleases).join(", ");
                throw new Error(`It isn't known which Kubernetes release has agnhost ${version}; known: ${known}.`);
            }
            const { entries, packages } = await debianFiles({}, arch, context);
            const content = await compile(build, arch, context, "agnhost");
            return {
                entries: [
                    ...entries,
                    ...essentials(),
                    await certificateBundle(arch, context),
                    { path: "agnhost", type: "file", mode: 0o755, content },
                ],
                config: {
                    Entrypoint: ["/agnhost"],
                    Cmd: ["pause"],
                    ExposedPorts: { "80/tcp": {}, "8080/tcp": {}, "8081/tcp": {}, "9376/tcp": {}, "5000/tcp": {} },
                    Labels: { "build.slipway.packages": packages.join(" ") },
                },
            };
        },
    };
}
