import type { KubeObject } from "../objects";
import type { Awaiter, Situation, Verdict } from "./awaiter";

/** How long a service may have no endpoints at all before it counts as meant so. Milliseconds. */
const emptyFor = 2_000;

interface Endpoint {
    conditions?: { ready?: boolean; terminating?: boolean };
}

/** Whether the service leads to pods that can be waited for. */
function leadsToPods({ spec = {} }: KubeObject): boolean {
    const hasSelector = Object.keys(spec.selector ?? {}).length > 0;
    return hasSelector && spec.clusterIP !== "None" && spec.type !== "ExternalName";
}

/**
 * A Service is ready when every pod behind it is, and a LoadBalancer has an address (`status.loadBalancer.ingress`).
 * One that selects no pods, is headless or an ExternalName has nothing to wait for.
 */
function judge({ object, related: [slices = []] }: Situation): Verdict {
    if (object.spec?.type === "LoadBalancer" && !object.status?.loadBalancer?.ingress?.length) {
        return { ready: false, waiting: "a load balancer's address (is there a controller that gives one?)" };
    }
    if (!leadsToPods(object)) return { ready: true };
    if (slices.length === 0) return { ready: false, waiting: "the EndpointSlice controller" };
    const endpoints = slices.flatMap((slice) => (slice.endpoints ?? []) as Endpoint[]);
    const lasting = endpoints.filter(({ conditions }) => !conditions?.terminating);
    const ready = lasting.filter(({ conditions }) => conditions?.ready !== false);
    if (ready.length < lasting.length) {
        return { ready: false, waiting: `pods: ${ready.length} of ${lasting.length} behind it are ready` };
    }
    return { ready: true, settle: ready.length > 0 ? 0 : emptyFor };
}

export const service: Awaiter = {
    related: ({ metadata: { name, namespace }, spec = {} }) =>
        leadsToPods({ spec } as unknown as KubeObject)
            ? [
                  {
                      apiVersion: "discovery.k8s.io/v1",
                      kind: "EndpointSlice",
                      namespace,
                      labels: `kubernetes.io/service-name=${name}`,
                  },
              ]
            : [],
    judge,
};
