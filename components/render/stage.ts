import { ArtifactName, artifacts, images, ownImage } from "../../mirror/catalogue";
import type { ClusterSettings } from "../config/schema";
import { isControlPlane, type NodeSpec } from "../inventory";
import { paths } from "../inventory/paths";
import { Digests, executable, imageEntry, unpacked } from "./artifacts";
import { Fragment } from "./entries";
import { runtimeOf } from "./runtime";

const nodeCommands: readonly ArtifactName[] = ["kubectl", "kubelet", "kube-proxy"];
const controlPlaneCommands: readonly ArtifactName[] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/**
 * Executables of Kubernetes and etcd, each version in a folder of its own: nothing that runs notices. On a control plane
 * they come with the base, so that it starts while images are still loaded; elsewhere with the stage, beside the images.
 */
export function executables(node: NodeSpec, cluster: ClusterSettings, digests: Digests): Fragment {
    const { versions } = cluster;
    const catalogue = artifacts(versions);
    const controlPlane = isControlPlane(node);
    const commands = [...nodeCommands, ...(controlPlane ? controlPlaneCommands : [])];
    return [
        ...commands.map((name) => executable(catalogue[name], paths.kubernetesVersion(versions.kubernetes), digests)),
        ...(controlPlane ? [unpacked(catalogue.etcd, paths.etcdVersion(versions.etcd), digests)] : []),
    ];
}

/** Brings what pods need onto a node: the runtime's and the network's executables, and images. */
export function stage(node: NodeSpec, cluster: ClusterSettings, digests: Digests): Fragment[] {
    const { versions } = cluster;
    const catalogue = artifacts(versions);
    const allImages = images(versions);
    return [
        isControlPlane(node) ? [] : executables(node, cluster, digests),
        runtimeOf(node).stage(cluster, digests),
        [
            unpacked(catalogue["cni-plugins"], paths.cniBinaries, digests),
            unpacked(catalogue["flannel-cni"], paths.cniBinaries, digests),
        ],
        [...Object.values(allImages), ...cluster.images.map(({ reference }) => ownImage(reference))].map((image) =>
            imageEntry(image, node.runtime, digests),
        ),
        // Prints its usage and ends: enough to see that the runtime can unpack, isolate and start a process.
        [
            {
                kind: "prove",
                runtime: node.runtime,
                reference: allImages.agnhost.reference,
                arguments: runtimeOf(node).usage,
            },
        ],
    ];
}
