/** What of a cluster and its surroundings decides whether a test can run at all. */
export interface Circumstances {
    /** As the nodes report it: "docker", "containerd". */
    readonly runtime: string;
    /** Nodes are containers on one machine. */
    readonly lab: boolean;
    /** Nodes can pull from registry.k8s.io. */
    readonly registry: boolean;
    /** Something beyond the cluster answers for addresses of the services' network that no service has. */
    readonly answeredOutside: boolean;
}

interface Exclusion {
    /** A part of the names of the tests. */
    readonly part: string;
    when(circumstances: Circumstances): boolean;
    readonly reason: string;
}

const withDocker = ({ runtime }: Circumstances) => runtime.includes("docker");

/** Tests that can't be run somewhere, whatever Slipway does. Everything else has to pass. */
const exclusions: readonly Exclusion[] = [
    {
        part: "[sig-node] ImageVolume should succeed with pod and pull policy of Always",
        when: ({ registry }) => !registry,
        reason: "it pulls an image anew, whatever a node has, and registry.k8s.io can't be reached",
    },
    {
        part: "[sig-node] ImageVolume should succeed with pod and pull policy of Always",
        when: withDocker,
        reason: "docker with cri-dockerd mounts no images as volumes; containerd does",
    },
    ...["resize with equivalents", "6 containers"].map((test) => ({
        part: `[sig-node] Pod InPlace Resize Container burstable pods - extended ${test}`,
        when: withDocker,
        reason:
            "cri-dockerd doesn't report what a container is given, and the kubelet then says `memory: 0` in its status " +
            "where no memory was asked for",
    })),
    {
        part: "[sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers",
        when: withDocker,
        reason:
            "the kubelet takes memory away only when it knows how much a container uses, and cri-dockerd doesn't report " +
            "that (usageBytes)",
    },
    {
        part: "[sig-network] Services should serve endpoints on same port and different protocols",
        when: ({ answeredOutside }) => answeredOutside,
        reason:
            "it expects silence where a service has no port, and in this lab's surroundings something beyond the cluster " +
            "answers for every address of the services' network",
    },
];

/** Why a test can't run here, as a sentence; undefined: it can. */
export function leftOut(name: string, circumstances: Circumstances): string | undefined {
    return exclusions.find(({ part, when }) => name.includes(part) && when(circumstances))?.reason;
}
