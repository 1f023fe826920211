/** Kinds whose readiness is one field of their own. */
import { equal } from "../../diff";
import type { KubeObject } from "../objects";
import type { Awaiter } from "./awaiter";

const phase = (object: KubeObject): string => object.status?.phase ?? "not known";

export const persistentVolume: Awaiter = {
    timeout: 300,
    judge: ({ object }) => ({
        ready: ["Available", "Bound"].includes(phase(object)),
        waiting: `the volume: its phase is ${phase(object)}`,
    }),
};

/** A claim is ready when it is bound; where its class waits for the first consumer, when it is pending. */
export const persistentVolumeClaim: Awaiter = {
    timeout: 300,
    related: ({ spec }) =>
        spec?.storageClassName
            ? [{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", name: spec.storageClassName }]
            : [],
    judge: ({ object, related }) => {
        const lazy = related[0]?.[0]?.volumeBindingMode === "WaitForFirstConsumer";
        const ready = phase(object) === "Bound" || (lazy && phase(object) === "Pending");
        return { ready, waiting: `a volume: its phase is ${phase(object)}` };
    },
};

export const replicationController: Awaiter = {
    judge: ({ object }) => {
        const [ready, wanted]: number[] = [object.status?.availableReplicas ?? 0, object.spec?.replicas ?? 1];
        return { ready: ready === wanted, waiting: `pods: ${ready} of ${wanted} are available` };
    },
};

export const resourceQuota: Awaiter = {
    timeout: 60,
    judge: ({ object }) => ({
        ready: equal(object.spec?.hard ?? {}, object.status?.hard ?? {}),
        waiting: "the quota controller",
    }),
};

/** Only the token of a service account is made by a controller. */
export const secret: Awaiter = {
    timeout: 5,
    judge: ({ object }) => ({
        ready: object.type !== "kubernetes.io/service-account-token" || Object.keys(object.data ?? {}).length > 0,
        waiting: "its token",
    }),
};

export const ingress: Awaiter = {
    judge: ({ object }) => ({
        ready: (object.status?.loadBalancer?.ingress ?? []).length > 0,
        waiting: "an address (is there an ingress controller?)",
    }),
};
