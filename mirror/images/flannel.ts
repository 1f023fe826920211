import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { debianSuite, type Selection } from "../build/debian";
import { goPrepare, goRecipe, moduleInfo, type GoBuild } from "../build/go";
import { sha256 } from "../files";
import type { JobContext } from "../job";
import { run } from "../run";
import {
    certificateBundle,
    cLibrary,
    debianFiles,
    essentials,
    libraries,
    ownFile,
    prepareDebian,
    registerPackages,
} from "./base";
import { compile, debianTools, type Recipe } from "./recipe";

const flannelPackages: Selection = registerPackages({
    iptables: [/^usr\/sbin\//, /\/xtables\/[^/]+\.so$/],
    nftables: [/^usr\/sbin\/nft$/],
    libc6: [cLibrary],
    ...Object.fromEntries(
        ["libip4tc2", "libip6tc2", "libxtables12", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11"]
            .concat(["libnftables1", "libgmp10", "libjansson4", "libedit2", "libbsd0", "libmd0", "libtinfo6"])
            .map((name) => [name, [libraries]]),
    ),
});

/** flanneld with the iptables (both kinds) and nft that it calls. */
export function flannel(version: string, arch: Architecture): Recipe {
    const module = "github.com/flannel-io/flannel";
    const build: GoBuild = {
        require: { [module]: `v${version}` },
        replace: {
            [module]: "./flannel",
            // The version that flannel's go.mod names isn't served by module proxies.
            "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common":
                "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common v1.3.103",
        },
        packages: [module],
        variables: { [`${module}/pkg/version.Version`]: `v${version}` },
    };
    const calls = ["", "-save", "-restore"]
        .flatMap((suffix) => [`iptables${suffix}`, `ip6tables${suffix}`])
        .map((name) => ownFile("flannel/iptables", `usr/sbin/${name}`, 0o755));
    const prepare = async (context: JobContext) => {
        await copyFlannel(module, version, context);
        await goPrepare(build, context);
    };
    return {
        source: `https://github.com/flannel-io/flannel/tree/v${version}`,
        inputs: [goRecipe, build, debianSuite, calls.map((call) => sha256(call.content as Buffer))],
        needs: ["go", ...debianTools],
        prepare: (context) => Promise.all([prepare(context), prepareDebian(arch, context)]),
        async assemble(context) {
            await copyFlannel(module, version, context);
            const { entries, packages } = await debianFiles(flannelPackages, arch, context);
            const content = await compile(build, arch, context, "flannel");
            return {
                entries: [
                    ...entries,
                    ...essentials(),
                    await certificateBundle(arch, context),
                    ...calls,
                    { path: "opt/bin/flanneld", type: "file", mode: 0o755, content },
                ],
                config: {
                    Entrypoint: ["/opt/bin/flanneld"],
                    Labels: { "build.slipway.packages": packages.join(" ") },
                },
            };
        },
    };
}

/**
 * flannel's sources without its UDP backend, which is there for debugging and, on amd64 only, wants a C compiler. What
 * other architectures have in its place (a backend that says it isn't supported) is used everywhere; the rest is plain Go.
 */
async function copyFlannel(module: string, version: string, context: JobContext): Promise<void> {
    const copy = path.join(context.work, "module", "flannel");
    fs.rmSync(copy, { recursive: true, force: true });
    const { Dir } = await moduleInfo(module, `v${version}`);
    for (const name of ["go.mod", "go.sum", "main.go", "pkg"]) {
        fs.cpSync(path.join(Dir, name), path.join(copy, name), { recursive: true });
    }
    await run("chmod", ["-R", "u+w", copy]);
    const udp = path.join(copy, "pkg/backend/udp");
    for (const name of fs.readdirSync(udp)) {
        const file = path.join(udp, name);
        if (/_amd64\./.test(name)) {
            fs.rmSync(file);
        } else {
            fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/^\/\/(go:build| \+build) .*!amd64.*$/gm, ""));
        }
    }
}
