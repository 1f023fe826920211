import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { kubernetesBuild } from "../build/binaries";
import { debianSuite, type Selection } from "../build/debian";
import { go, goBuild, goPrepare, goRecipe, moduleInfo, type GoBuild } from "../build/go";
import { images, type ImageArtifact, type ImageName, type Versions } from "../catalogue";
import { sha256 } from "../files";
import { run } from "../run";
import { keyOf, type Job, type JobContext, type Tool } from "../job";
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
import { writeImage, type ImageConfig } from "./image";

/** What goes into an image, found when it is made. */
interface Assembled {
    readonly entries: readonly Entry[];
    readonly config: ImageConfig;
}

interface Recipe {
    readonly source: string;
    /** Everything that decides what comes out, beyond the image's name, tag and architecture. */
    readonly inputs: readonly unknown[];
    readonly needs: readonly Tool[];
    prepare(context: JobContext): Promise<unknown>;
    assemble(context: JobContext): Promise<Assembled>;
}

/** Jobs that assemble the images of the catalogue from built programs and Debian's packages, without an engine. */
export function imageJobs(versions: Versions, arch: Architecture): Job[] {
    const recipes: Record<ImageName, Recipe> = {
        pause: pause(versions.pause, arch),
        nginx: nginx(versions.nginx, arch),
        coredns: coredns(versions.coredns, arch),
        agnhost: agnhost(versions.agnhost, arch),
        flannel: flannel(versions.flannel, arch),
    };
    const all = images(versions);
    return (Object.keys(recipes) as ImageName[]).map((name) => imageJob(name, all[name], recipes[name], arch));
}

/** Part of every assembled image's key: raise it when files or configuration in this folder change. */
const imageRecipe = 1;

function imageJob(name: ImageName, image: ImageArtifact, recipe: Recipe, arch: Architecture): Job {
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
            const { entries, config } = await recipe.assemble(context);
            await writeImage(path.join(context.out, target), { image, arch, entries, config, source: recipe.source });
        },
    };
}

const debianTools: readonly Tool[] = ["apt-get", "dpkg-deb"];

async function compile(
    build: GoBuild,
    arch: Architecture,
    context: JobContext,
    name: string,
): Promise<Entry["content"]> {
    const built = path.join(context.work, "bin");
    await goBuild(build, arch, built, context);
    return { file: path.join(built, name) };
}

/** pause: a program of our own that does what upstream's does, static, alone in its image. */
function pause(version: string, arch: Architecture): Recipe {
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

/** CoreDNS runs as an ordinary user; a file capability lets it listen on port 53, as in upstream's image. */
function coredns(version: string, arch: Architecture): Recipe {
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

/** The Kubernetes release whose sources have this version of agnhost (test/images/agnhost/VERSION). */
const agnhostReleases: Readonly<Record<string, string>> = { "2.63.0": "1.36.3" };

/** agnhost with a shell and the usual commands beside it, as upstream's image has them. */
function agnhost(version: string, arch: Architecture): Recipe {
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

const nginxPackages = registerPackages({
    nginx: [/^usr\/sbin\/nginx$/],
    "nginx-common": [
        /^etc\/nginx\/(mime\.types|fastcgi_params|uwsgi_params|scgi_params)$/,
        /^usr\/share\/nginx\/html\//,
    ],
    libc6: [cLibrary],
    libcrypt1: [libraries],
    "libpcre2-8-0": [libraries],
    libssl3t64: [libraries],
    libzstd1: [libraries],
    zlib1g: [libraries],
});

/** nginx from Debian, laid out as in upstream's image: conf.d, /usr/share/nginx/html, logs on stdout and stderr. */
function nginx(version: string, arch: Architecture): Recipe {
    const nginxFiles = [
        ownFile("nginx/nginx.conf", "etc/nginx/nginx.conf"),
        ownFile("nginx/default.conf", "etc/nginx/conf.d/default.conf"),
    ];
    return {
        source: `https://packages.debian.org/${debianSuite}/nginx`,
        inputs: [debianSuite, nginxFiles.map((file) => sha256(file.content as Buffer))],
        needs: debianTools,
        prepare: (context) => prepareDebian(arch, context),
        async assemble(context) {
            const { entries, packages } = await debianFiles(nginxPackages, arch, context);
            expectVersion("nginx", version, packages);
            return {
                entries: [
                    ...entries,
                    ...essentials(["nginx:x:101:101:nginx:/nonexistent:/bin/false"]),
                    ...nginxFiles,
                    { path: "var/lib/nginx", type: "directory" },
                    { path: "var/log/nginx/access.log", type: "link", target: "/dev/stdout" },
                    { path: "var/log/nginx/error.log", type: "link", target: "/dev/stderr" },
                ],
                config: {
                    Cmd: ["nginx", "-g", "daemon off;"],
                    ExposedPorts: { "80/tcp": {} },
                    StopSignal: "SIGQUIT",
                    Labels: { "build.slipway.packages": packages.join(" ") },
                },
            };
        },
    };
}

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
function flannel(version: string, arch: Architecture): Recipe {
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

function expectVersion(name: string, version: string, packages: readonly string[]): void {
    const found = packages.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "none";
    if (found.replace(/^\d+:/, "").replace(/-[^-]*$/, "") !== version) {
        throw new Error(`Debian ${debianSuite} has ${name} ${found}, but ${name} ${version} was asked for.`);
    }
}
