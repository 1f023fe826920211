import * as fs from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";

import { extract } from "tar-stream";

import type { Architecture } from "../../components/inventory/node";
import type { Entry } from "../archive";
import { run, runBinary } from "../run";
import { Apt, debianArchive } from "./apt";

/** The Debian release that images are assembled from, whatever release this machine runs. */
export const debianSuite = "trixie";

/** A package to take files from: all of them, or those whose path one of the patterns matches. */
export type Selection = Readonly<Record<string, readonly RegExp[]>>;

export interface DebianFiles {
    readonly entries: readonly Entry[];
    /** "nginx=1.26.3-3+deb13u7", sorted. */
    readonly packages: readonly string[];
}

/** Downloads packages with an apt of our own, whose state is in `folder`. */
export async function downloadPackages(names: readonly string[], arch: Architecture, folder: string): Promise<void> {
    if (fs.existsSync(path.join(folder, "complete"))) {
        return;
    }
    fs.mkdirSync(path.join(folder, "debs"), { recursive: true });
    const apt = new Apt(debianArchive(debianSuite, ["", "security"]), arch, folder);
    await apt.update();
    await apt.get(["download", ...names], path.join(folder, "debs"));
    fs.writeFileSync(path.join(folder, "complete"), "");
}

/** The files of downloaded packages, with their modes and owners, under the paths of a system with merged /usr. */
export async function packageFiles(folder: string, selection: Selection): Promise<DebianFiles> {
    const entries: Entry[] = [];
    const packages: string[] = [];
    const debs = path.join(folder, "debs");
    for (const deb of fs.readdirSync(debs).sort()) {
        const file = path.join(debs, deb);
        const [name, version] = (await run("dpkg-deb", ["-W", "--showformat=${Package} ${Version}", file])).split(" ");
        const patterns = selection[name];
        if (!patterns) {
            continue;
        }
        packages.push(`${name}=${version.trim()}`);
        const all = await tarEntries(await runBinary("dpkg-deb", ["--fsys-tarfile", file]));
        entries.push(...all.filter((entry) => patterns.some((pattern) => pattern.test(entry.path))));
    }
    const absent = Object.keys(selection).filter((name) => !packages.some((each) => each.startsWith(`${name}=`)));
    if (absent.length > 0) {
        throw new Error(`The packages ${absent.join(", ")} were not downloaded from Debian ${debianSuite}.`);
    }
    return { entries, packages };
}

async function tarEntries(archive: Buffer): Promise<Entry[]> {
    const entries: Entry[] = [];
    const reader = extract();
    Readable.from([archive]).pipe(reader);
    for await (const item of reader) {
        const { type, name, mode, uid, gid, linkname } = item.header;
        const chunks: Buffer[] = [];
        for await (const chunk of item) {
            chunks.push(chunk as Buffer);
        }
        const common = { path: merged(name), mode: (mode ?? 0) & 0o7777, uid: uid ?? 0, gid: gid ?? 0 };
        if (type === "file") {
            entries.push({ ...common, type, content: Buffer.concat(chunks) });
        } else if (type === "symlink") {
            entries.push({ ...common, type: "link", target: linkname ?? "" });
        } else if (type === "link") {
            const original = entries.find((entry) => entry.path === merged(linkname ?? ""));
            entries.push({ ...common, type: "file", content: original?.content });
        }
    }
    return entries;
}

function merged(name: string): string {
    const plain = name.replace(/^\.?\//, "").replace(/\/$/, "");
    return /^(bin|sbin|lib\w*)\//.test(plain) ? `usr/${plain}` : plain;
}
