import type { Architecture } from "../../components/inventory/node";
import { debianSuite } from "../build/debian";
import { goPrepare, goRecipe, type GoBuild } from "../build/go";
import { certificateBundle, essentials, prepareDebian } from "./base";
import { compile, debianTools, type Recipe } from "./recipe";

/** CoreDNS runs as an ordinary user; a file capability lets it listen on port 53, as in upstream's image. */
export function coredns(version: string, arch: Architecture): Recipe {
    const module = "github.com/coredns/coredns";
    const build: GoBuild = { require: { [module]: `v${version}` }, packages: [module] };
    // vfs_cap_data of revision 2: effective; permitted: CAP_NET_BIND_SERVICE (10).
    const capability = Buffer.from("0100000200040000" + "00".repeat(12), "hex");
    return {
        source: `https://github.com/coredns/coredns/tree/v${version}`,
        inputs: [goRecipe, build, debianSuite],
        needs: ["go", ...debianTools],
        prepare: (context) => Promise.all([goPrepare(build, context), prepareDebian(arch, context)]),
        async assemble(context) {
            const content = await compile(build, arch, context, "coredns");
            return {
                entries: [
                    ...essentials(["nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin"]),
                    await certificateBundle(arch, context),
                    {
                        path: "coredns",
                        type: "file",
                        mode: 0o755,
                        content,
                        attributes: { "security.capability": capability },
                    },
                ],
                config: {
                    Entrypoint: ["/coredns"],
                    User: "65532:65532",
                    WorkingDir: "/",
                    ExposedPorts: { "53/tcp": {}, "53/udp": {} },
                },
            };
        },
    };
}
