import { Artifact, ArtifactName, artifacts, ImageArtifact, images, ownImage } from "../../mirror/catalogue";
import type { ClusterSettings } from "../config/schema";
import { Architecture, NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { ArtifactEntry, DigestByArchitecture, Fragment } from "./entries";

/** What a mirror knows of its files: their SHA-256, by upstream's path. */
export interface Digests {
    readonly files: Readonly<Record<string, { readonly sha256: string }>>;
}

const nodeCommands: readonly ArtifactName[] = ["kubectl", "kubelet", "kube-proxy"];
const controlPlaneCommands: readonly ArtifactName[] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** Brings executables and images onto a node, each version in a folder of its own: nothing that runs notices. */
export function stage(node: NodeSpec, cluster: ClusterSettings, digests: Digests): Fragment[] {
    const { versions } = cluster;
    const catalogue = artifacts(versions);
    const controlPlane = node.roles.includes("control-plane");
    const commands = [...nodeCommands, ...(controlPlane ? controlPlaneCommands : [])];
    const allImages = images(versions);
    return [
        commands.map((name) => executable(catalogue[name], paths.kubernetesVersion(versions.kubernetes), digests)),
        controlPlane ? [unpacked(catalogue.etcd, paths.etcdVersion(versions.etcd), digests)] : [],
        [
            unpacked(catalogue["cri-dockerd"], paths.criDockerdVersion(versions.criDockerd), digests),
            unpacked(catalogue["cni-plugins"], paths.cniBinaries, digests),
            unpacked(catalogue["flannel-cni"], paths.cniBinaries, digests),
        ],
        [...Object.values(allImages), ...cluster.images.map(({ reference }) => ownImage(reference))].map((image) =>
            imageEntry(image, digests),
        ),
        // Prints its usage and ends: enough to see that docker can unpack, isolate and start a process.
        [{ kind: "prove", reference: allImages.agnhost.reference, arguments: ["--help"] }],
    ];
}

function executable(artifact: Artifact, folder: string, digests: Digests): ArtifactEntry {
    return entry(artifact, digests, [{ path: `${folder}/${artifact.name}` }]);
}

function unpacked(artifact: Artifact, folder: string, digests: Digests): ArtifactEntry {
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

function imageEntry(image: ImageArtifact, digests: Digests) {
    const { reference, template } = image;
    return { kind: "image", reference, path: template, digests: digestsOf(image, digests) } as const;
}

function digestsOf(item: { path(architecture: Architecture): string }, digests: Digests): DigestByArchitecture {
    return {
        amd64: digests.files[item.path("amd64")]?.sha256,
        arm64: digests.files[item.path("arm64")]?.sha256,
    };
}
