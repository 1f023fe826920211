import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { kubernetesBuild } from "../build/binaries";
import { debianSuite } from "../build/debian";
import { goPrepare, goRecipe, moduleInfo } from "../build/go";
import type { Extent } from "../conformance/images";
import { certificateBundle, essentials, prepareDebian } from "./base";
import { networkTools, withTools } from "./conformance/tools";
import { compile, debianTools, type Recipe } from "./recipe";

/** The Kubernetes release whose sources have this version of agnhost (test/images/agnhost/VERSION). */
const agnhostReleases: Readonly<Record<string, string>> = { "2.63.0": "1.36.3", "2.59": "1.35.4", "2.56": "1.34.4" };

/** A line of /etc/passwd: an ordinary user whom tests look for. */
const testUser = "user-defined-in-image:x:1000:1000:agnhost:/home/user:/bin/sh";

/**
 * agnhost with a shell and the usual commands beside it, as upstream's image has them; and where it is to serve
 * Kubernetes' conformance tests, with those that they call in it (curl, nc, ip, dig), and the user that they expect.
 */
export function agnhost(version: string, arch: Architecture, conformance?: Extent): Recipe {
    const tools = conformance ? networkTools() : {};
    const users = conformance ? [testUser] : [];
    const build = kubernetesBuild(agnhostReleases[version] ?? version, ["test/images/agnhost"]);
    return {
        source: `https://github.com/kubernetes/kubernetes/tree/v${agnhostReleases[version]}/test/images/agnhost`,
        inputs: [goRecipe, build, debianSuite, ...(conformance ? [Object.keys(tools), "2"] : [])],
        needs: ["go", ...debianTools],
        prepare: (context) => Promise.all([goPrepare(build, context), prepareDebian(arch, context)]),
        async assemble(context) {
            if (!agnhostReleases[version]) {
                const known = Object.keys(agnhostReleases).join(", ");
                throw new Error(`It isn't known which Kubernetes release has agnhost ${version}; known: ${known}.`);
            }
            const { entries, packages } = await withTools(tools, arch, context);
            const content = await compile(build, arch, context, "agnhost");
            return {
                entries: [
                    ...entries,
                    ...essentials(users),
                    ...(conformance ? await forTests(build.require["k8s.io/kubernetes"]) : []),
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

/** A group of the user's beyond its own, a folder for uploads, and the certificate of `agnhost porter`. */
async function forTests(kubernetes: string): Promise<Entry[]> {
    const group = essentials([testUser]).find(({ path }) => path === "etc/group")!;
    const lines = `${(group.content as Buffer).toString()}group-defined-in-image:x:50000:user-defined-in-image\n`;
    const { Dir } = await moduleInfo("k8s.io/kubernetes", kubernetes);
    const pair = ["localhost.crt", "localhost.key"].map((name): Entry => {
        const file = path.join(Dir, "test", "images", "agnhost", "porter", name);
        return { path: name, type: "file", content: fs.readFileSync(file) };
    });
    return [
        { ...group, content: Buffer.from(lines) },
        { path: "uploads", type: "directory" },
        { path: "agnhost-2", type: "link", target: "agnhost" },
        ...pair,
    ];
}
