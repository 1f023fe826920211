/** Images of Kubernetes' conformance tests, put together as upstream's Dockerfiles (test/images) describe theirs. */
import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../../components/inventory/node";
import type { Entry } from "../../archive";
import { etcdBuild, kubernetesBuild } from "../../build/binaries";
import { debianSuite } from "../../build/debian";
import { moduleInfo } from "../../build/go";
import { defaultVersions } from "../../catalogue";
import { agnhost } from "../agnhost";
import { essentials, prepareDebian } from "../base";
import { goImage } from "../goImage";
import { nginx } from "../nginx";
import { debianTools, type Recipe } from "../recipe";
import { dnsTools, shellTools, withTools } from "./tools";

const sourceOf = (name: string) => `https://github.com/kubernetes/kubernetes/tree/master/test/images/${name}`;

/** The release whose sources the small programs are taken from: they haven't changed for years. */
const kubernetes = defaultVersions.kubernetes;

const shellPath = "usr/bin/busybox";

/** busybox with links for what the tests call, and bash as its shell. Debian 13 has the release that upstream's tag names. */
export function busybox(_tag: string, arch: Architecture): Recipe {
    const more =
        "ar arch arp arping ascii bc bunzip2 bzcat cal chgrp chroot cmp cpio dc dnsdomainname dos2unix expand " +
        "factor fallocate fdisk findfs fold getfattr getopt groups hostid httpd ifconfig install ionice last link " +
        "linux32 linux64 logger logname lzcat mkfifo mknod mkpasswd mount netstat nl nsenter od passwd paste " +
        "patch pidof renice rev route run-parts setsid sha1sum sha3sum sha512sum shred shuf strings su sync " +
        "sysctl tac taskset tc telnet tftp time traceroute6 truncate umount uncompress unexpand unix2dos unlink " +
        "unshare unxz unzip usleep uudecode uuencode w watch who xxd xz xzcat yes zcat";
    const shell = shellTools();
    return {
        source: `https://packages.debian.org/${debianSuite}/busybox-static`,
        inputs: [debianSuite, more, Object.keys(shell)],
        needs: debianTools,
        prepare: (context) => prepareDebian(arch, context),
        async assemble(context) {
            const { entries, packages } = await withTools(shell, arch, context);
            const links = more
                .split(" ")
                .map((name): Entry => ({ path: `usr/bin/${name}`, type: "link", target: path.basename(shellPath) }));
            return {
                entries: [...links, ...entries, ...essentials()],
                config: { Cmd: ["sh"], Labels: { "build.slipway.packages": packages.join(" ") } },
            };
        },
    };
}

/** A shell as the ordinary user 1234. */
export function nonroot(_tag: string, arch: Architecture): Recipe {
    const base = busybox(_tag, arch);
    return {
        ...base,
        inputs: [...base.inputs, "nonroot"],
        async assemble(context) {
            const { entries, config } = await base.assemble(context);
            return { entries, config: { ...config, User: "1234" } };
        },
    };
}

/** dig and getent on glibc. */
export function dns(_tag: string, arch: Architecture): Recipe {
    const selection = dnsTools();
    return {
        source: sourceOf("glibc-dns-testing"),
        inputs: [debianSuite, Object.keys(selection)],
        needs: debianTools,
        prepare: (context) => prepareDebian(arch, context),
        async assemble(context) {
            const { entries, packages } = await withTools(selection, arch, context);
            return {
                entries: [...entries, ...essentials()],
                config: { Cmd: ["sh"], Labels: { "build.slipway.packages": packages.join(" ") } },
            };
        },
    };
}

/** A program that says which user it has become, with the set-user-id bit. */
export function nonewprivs(_tag: string, arch: Architecture): Recipe {
    const recipe = goImage(
        {
            source: sourceOf("nonewprivs"),
            build: kubernetesBuild(kubernetes, ["test/images/nonewprivs"]),
            commands: { nonewprivs: "usr/local/bin/nnp" },
            config: { Cmd: ["nnp"] },
            shell: true,
        },
        arch,
    );
    return {
        ...recipe,
        async assemble(context) {
            const { entries, config } = await recipe.assemble(context);
            const setUserId = (entry: Entry) =>
                entry.path === "usr/local/bin/nnp" ? { ...entry, mode: 0o6755 } : entry;
            return { entries: entries.map(setUserId), config };
        },
    };
}

/** etcd alone, for the sample API server. */
export function etcd(tag: string, arch: Architecture): Recipe {
    const version = tag.replace(/-\d+$/, "");
    return goImage(
        {
            source: `https://github.com/etcd-io/etcd/tree/v${version}`,
            build: etcdBuild(version),
            commands: { server: "usr/local/bin/etcd", etcdctl: "usr/local/bin/etcdctl" },
            config: { Cmd: ["/usr/local/bin/etcd"] },
        },
        arch,
    );
}

/** An API server of another group, which the tests put behind the aggregation layer. */
export function sampleApiserver(tag: string, arch: Architecture): Recipe {
    const module = "k8s.io/sample-apiserver";
    const version = `v0.${tag.slice(tag.indexOf(".") + 1)}`;
    return goImage(
        {
            source: `https://github.com/kubernetes/sample-apiserver/tree/${version}`,
            build: { require: { [module]: version }, copyReplaces: true, packages: [module] },
            commands: { "sample-apiserver": "sample-apiserver" },
            config: { Entrypoint: ["/sample-apiserver"] },
        },
        arch,
    );
}

/** agnhost's web server with a picture and a line of JSON, which are taken from Kubernetes' module. */
export function nautilus(_tag: string, arch: Architecture): Recipe {
    const base = agnhost(defaultVersions.agnhost, arch);
    return {
        ...base,
        source: sourceOf("nautilus"),
        inputs: [...base.inputs, "nautilus"],
        async assemble(context) {
            const { entries, config } = await base.assemble(context);
            const { Dir } = await moduleInfo("k8s.io/kubernetes", `v${kubernetes}`);
            const html = path.join(Dir, "test", "images", "nautilus", "html");
            const pages = fs.readdirSync(html).map((file): Entry => ({
                path: file,
                type: "file",
                content: fs.readFileSync(path.join(html, file)),
            }));
            return { entries: [...entries, ...pages], config: { ...config, Cmd: ["test-webserver"] } };
        },
    };
}

/** The nginx that Debian has, whatever the tag says: the tests want its start page from two images that differ. */
export const anyNginx = (_tag: string, arch: Architecture) => nginx(defaultVersions.nginx, arch);

/** The program of the release beside it: the tests want an image with another name to roll out from and back to. */
export const agnhostPrevious = (_tag: string, arch: Architecture) => agnhost(defaultVersions.agnhost, arch, "short");
