import type { Architecture } from "../../components/inventory/node";
import { debianSuite } from "../build/debian";
import { sha256 } from "../files";
import { cLibrary, debianFiles, essentials, libraries, ownFile, prepareDebian, registerPackages } from "./base";
import { debianTools, expectVersion, type Recipe } from "./recipe";

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
export function nginx(version: string, arch: Architecture): Recipe {
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
