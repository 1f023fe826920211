import type { Artifact, ImageArtifact } from "../../mirror/catalogue";
import type { Architecture, RuntimeName } from "../inventory/node";
import type { ArtifactEntry, DigestByArchitecture, ImageEntry } from "./entries";

/** What a mirror knows of its files: their SHA-256, by upstream's path. */
export interface Digests {
    readonly files: Readonly<Record<string, { readonly sha256: string }>>;
}

/** One executable, as upstream publishes it, for this folder. */
export function executable(artifact: Artifact, folder: string, digests: Digests): ArtifactEntry {
    return entry(artifact, digests, [{ path: `${folder}/${artifact.name}` }]);
}

/** All commands of an archive, side by side in this folder. */
export function unpacked(artifact: Artifact, folder: string, digests: Digests): ArtifactEntry {
    const members = Object.entries(artifact.members ?? {});
    return entry(
        artifact,
        digests,
        members.map(([command, member]) => ({ path: `${folder}/${command}`, member })),
    );
}

function entry(artifact: Artifact, digests: Digests, files: ArtifactEntry["files"]): ArtifactEntry {
    const { name, version, template } = artifact;
    return { kind: "artifact", name, version, path: template, digests: digestsOf(artifact, digests), files };
}

/** An image as an archive of the mirror, for this runtime. */
export function imageEntry(image: ImageArtifact, runtime: RuntimeName, digests: Digests): ImageEntry {
    const { reference, template } = image;
    return { kind: "image", runtime, reference, path: template, digests: digestsOf(image, digests) };
}

/** The digests of one thing for each architecture that the mirror has it for. */
export function digestsOf(item: { path(architecture: Architecture): string }, digests: Digests): DigestByArchitecture {
    return {
        amd64: digests.files[item.path("amd64")]?.sha256,
        arm64: digests.files[item.path("arm64")]?.sha256,
    };
}
