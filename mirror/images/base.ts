import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { downloadPackages, packageFiles, type DebianFiles, type Selection } from "../build/debian";
import type { JobContext } from "../job";

/** Shared objects of a library package: the run-time ones, not plug-ins in folders of their own. */
export const libraries = /^usr\/lib(64)?\/([a-z0-9_]+-linux-gnu\/)?[^/]+\.so(\.[\d.]+)?$/;

/** The parts of the C library that programs link with; locales, converters and tracing aids stay out. */
export const cLibrary = /\/(ld-linux[^/]*|lib(c|m|dl|pthread|resolv|rt)\.so\.\d)$/;

const certificates: Selection = { "ca-certificates": [/^usr\/share\/ca-certificates\/mozilla\/.*\.crt$/] };

/** A shell and the usual small commands, in one static program. */
const busybox: Selection = { "busybox-static": [/^usr\/bin\/busybox$/] };

const applets =
    "ash awk base64 basename cat chmod chown clear cp cut date dd df diff dirname dmesg du echo egrep env expr false " +
    "fgrep find free grep gunzip gzip head hexdump hostname id ip kill killall less ln ls md5sum mkdir mktemp more mv " +
    "nc nproc nslookup ping ping6 printenv printf ps pwd readlink realpath rm rmdir sed seq sh sha256sum sleep sort " +
    "stat stty tail tar tee test timeout top touch tr traceroute true tty uname uniq uptime vi wc wget which whoami xargs";

/** Every package that some image takes files from: fetched together, once for each architecture. */
const registered = new Set<string>(Object.keys({ ...certificates, ...busybox }));
const downloads = new Map<string, Promise<void>>();

/** Names the packages of an image, so that they are fetched with those of the others. */
export function registerPackages(selection: Selection): Selection {
    Object.keys(selection).forEach((name) => registered.add(name));
    return selection;
}

/** Downloads what the images need, once in a run. */
export async function prepareDebian(arch: Architecture, context: JobContext): Promise<string> {
    const folder = path.join(path.dirname(context.work), `debian-${arch}`);
    if (!downloads.has(folder)) {
        downloads.set(folder, downloadPackages([...registered].sort(), arch, folder));
    }
    try {
        await downloads.get(folder);
    } catch (error) {
        downloads.delete(folder);
        throw new Error(`Debian's packages can't be fetched: ${(error as Error).message}`);
    }
    return folder;
}

/** Files of Debian packages on top of a shell with the usual commands. */
export async function debianFiles(selection: Selection, arch: Architecture, context: JobContext): Promise<DebianFiles> {
    const files = await packageFiles(await prepareDebian(arch, context), { ...busybox, ...selection });
    const links = applets
        .split(" ")
        .map((name): Entry => ({ path: `usr/bin/${name}`, type: "link", target: "busybox" }));
    const folders = ["bin", "sbin", "lib", "lib64"].map((name): Entry => ({
        path: name,
        type: "link",
        target: `usr/${name}`,
    }));
    const empty: Entry[] = ["usr/sbin", "usr/lib64", "root", "run", "proc", "sys", "dev"].map((name) => ({
        path: name,
        type: "directory",
    }));
    return { ...files, entries: [...folders, ...empty, ...links, ...files.entries] };
}

/** The bundle of certificate authorities where Go and OpenSSL look for it. */
export async function certificateBundle(arch: Architecture, context: JobContext): Promise<Entry> {
    const { entries } = await packageFiles(await prepareDebian(arch, context), certificates);
    const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
        path: "etc/ssl/certs/ca-certificates.crt",
        type: "file",
        content: Buffer.concat(sorted.map((entry) => entry.content as Buffer)),
    };
}

/** Accounts, name lookup and a place for temporary files. `users` are lines of /etc/passwd beyond root and nobody. */
export function essentials(users: readonly string[] = []): Entry[] {
    const passwd = ["root:x:0:0:root:/root:/bin/sh", ...users, "nobody:x:65534:65534:nobody:/:/sbin/nologin"];
    const group = passwd.map((line) => {
        const [name, , , gid] = line.split(":");
        return `${name}:x:${gid}:`;
    });
    const text = (file: string, lines: readonly string[]): Entry => ({
        path: file,
        type: "file",
        content: Buffer.from(`${lines.join("\n")}\n`),
    });
    return [
        text("etc/passwd", passwd),
        text("etc/group", group),
        text("etc/nsswitch.conf", ["hosts: files dns"]),
        { path: "tmp", type: "directory", mode: 0o1777 },
        { path: "var/tmp", type: "directory", mode: 0o1777 },
    ];
}

/** A file that is kept beside the recipes, under `files/`. */
export function ownFile(name: string, target: string, mode = 0o644): Entry {
    return { path: target, type: "file", mode, content: fs.readFileSync(path.join(__dirname, "files", name)) };
}
