import type { ClusterSettings } from "../config/schema";
import type { NodeSpec, RuntimeName } from "../inventory/node";
import type { Digests } from "./artifacts";
import { containerd } from "./containerd";
import { docker } from "./docker";
import type { Fragment } from "./entries";

/** What runs a node's containers, as the rooms beside it see it. */
export interface Runtime {
    /** The socket of its container runtime interface, which the kubelet asks. */
    readonly socket: string;
    /** Its units, in the order they start; the kubelet comes after them. */
    readonly units: readonly string[];
    /** For the base: settings, packages and a daemon that images can be loaded into. It never restarts one that runs. */
    base(node: NodeSpec, cluster: ClusterSettings, digests: Digests): Fragment;
    /** For the stage: what else it needs on the disk. */
    stage(cluster: ClusterSettings, digests: Digests): Fragment;
    /** For the activation: the same daemon, which restarts when it must, and the interface for the kubelet. */
    active(node: NodeSpec, cluster: ClusterSettings): Fragment;
    /** How agnhost is asked for its usage: after the image's entry point, or with it. */
    readonly usage: readonly string[];
    /** Fields of the KubeletConfiguration beside the socket. */
    kubelet(cluster: ClusterSettings): Record<string, unknown>;
}

/** A node's container runtime. */
export function runtimeOf({ runtime }: NodeSpec): Runtime {
    return runtimes[runtime];
}

/** Every runtime that a node may have. */
export const runtimes: Readonly<Record<RuntimeName, Runtime>> = { containerd, docker };
