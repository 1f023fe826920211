/** What of a cluster and its surroundings decides whether a test can run at all. */
export interface Circumstances {
    /** As the nodes report it: "docker", "containerd". */
    readonly runtime: string;
    /** Nodes are containers on one machine. */
    readonly lab: boolean;
    /** Nodes can pull from registry.k8s.io. */
    readonly registry: boolean;
}

interface Exclusion {
    /** A part of the names of the tests. */
    readonly part: string;
    when(circumstances: Circumstances): boolean;
    readonly reason: string;
}

/** Tests that can't be run somewhere, whatever Slipway does. Everything else has to pass. */
const exclusions: readonly Exclusion[] = [
    {
        part: "[sig-node] ImageVolume should succeed with pod and pull policy of Always",
        when: ({ registry }) => !registry,
        reason: "it pulls an image anew, whatever a node has, and registry.k8s.io can't be reached",
    },
    {
        part: "[sig-node] ImageVolume should succeed with pod and pull policy of Always",
        when: ({ runtime }) => runtime.includes("docker"),
        reason: "docker with cri-dockerd mounts no images as volumes; containerd does",
    },
];

/** Why a test can't run here, as a sentence; undefined: it can. */
export function leftOut(name: string, circumstances: Circumstances): string | undefined {
    return exclusions.find(({ part, when }) => name.includes(part) && when(circumstances))?.reason;
}
