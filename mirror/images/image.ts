import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { writeArchive, type Entry } from "../archive";
import type { ImageArtifact } from "../catalogue";
import { sha256, sha256OfFile } from "../files";

/** The part of an image's configuration that says how it runs, in the words of the image specification. */
export interface ImageConfig {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly StopSignal?: string;
    readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageContent {
    readonly image: ImageArtifact;
    readonly arch: Architecture;
    readonly entries: readonly Entry[];
    readonly config: ImageConfig;
    /** Where the sources are, for the label that names them. */
    readonly source: string;
}

/** Writes an image of one layer as an archive that `docker load` takes. No engine is needed; the result is reproducible. */
export async function writeImage(file: string, content: ImageContent): Promise<void> {
    const { image, arch, config } = content;
    const layer = `${file}.layer`;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await writeArchive(layer, layerOf(content.entries));
    const layerDigest = await sha256OfFile(layer);
    const text = JSON.stringify({
        architecture: arch,
        os: "linux",
        created: "2026-01-01T00:00:00Z",
        config: {
            ...config,
            Env: config.Env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            Labels: {
                "org.opencontainers.image.title": image.name,
                "org.opencontainers.image.version": image.tag,
                "org.opencontainers.image.source": content.source,
                "build.slipway.assembled": "true",
                ...config.Labels,
            },
        },
        rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
        history: [{ created: "2026-01-01T00:00:00Z", created_by: "assembled by Slipway" }],
    });
    const configName = `${sha256(text)}.json`;
    await writeArchive(file, [
        { path: configName, type: "file", content: Buffer.from(text) },
        { path: layerDigest, type: "directory" },
        { path: `${layerDigest}/layer.tar`, type: "file", content: { file: layer } },
        manifestEntry(configName, image.reference, [`${layerDigest}/layer.tar`]),
    ]);
    fs.rmSync(layer);
}

/** The `manifest.json` that `docker load` reads first. */
export function manifestEntry(config: string, reference: string, layers: readonly string[]): Entry {
    const manifest = [{ Config: config, RepoTags: [reference], Layers: layers }];
    return { path: "manifest.json", type: "file", content: Buffer.from(JSON.stringify(manifest)) };
}

/** A layer's entries in order: parents that nobody named are added, and of two entries for one path the last counts. */
export function layerOf(entries: readonly Entry[]): Entry[] {
    const all = new Map<string, Entry>();
    for (const entry of entries) {
        const parts = entry.path.split("/");
        for (let depth = 1; depth < parts.length; depth++) {
            const parent = parts.slice(0, depth).join("/");
            const its = all.get(parent) ?? { path: parent, type: "directory" };
            if (its.type !== "directory") {
                throw new Error(`/${entry.path} can't be in the image: /${parent} is a ${its.type}.`);
            }
            all.set(parent, its);
        }
        all.set(entry.path, entry);
    }
    return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
