/**
 * How those who are not control planes find the API servers:
 *
 * - direct: the one control plane by its address;
 * - local: a proxy on each worker, in front of all control planes;
 * - virtual: an address that one of the control planes holds, with a proxy on each of them;
 * - balancer: a load balancer of the owner's.
 */
export type ApiWay = "direct" | "local" | "virtual" | "balancer";

/** What decides it: `cluster.api`, as far as it is about this. */
export interface ApiPlace {
    readonly virtualAddress?: string;
    readonly loadBalancer?: string;
}

/** @param controlPlanes how many there are */
export function apiWay({ virtualAddress, loadBalancer }: ApiPlace, controlPlanes: number): ApiWay {
    if (virtualAddress !== undefined) return "virtual";
    if (loadBalancer !== undefined) return "balancer";
    return controlPlanes > 1 ? "local" : "direct";
}

/** The name or address that stands for all control planes, where one does. */
export const sharedHost = ({ virtualAddress, loadBalancer }: ApiPlace): string | undefined =>
    virtualAddress ?? loadBalancer;
