import { ArtifactName, artifacts, images, ownImage } from "../../mirror/catalogue";
import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Digests, executable, imageEntry, unpacked } from "./artifacts";
import { Fragment } from "./entries";
import { runtimeOf } from "./runtime";

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
