/** Which kinds become ready later, and how long to wait for them. */
import type { Context } from "../../provider";
import { annotation, type KubeObject } from "../objects";
import type { Awaiter } from "./awaiter";
import { daemonSet } from "./daemonSet";
import { deployment } from "./deployment";
import { job } from "./job";
import * as others from "./others";
import { pod } from "./pod";
import { service } from "./service";
import { statefulSet } from "./statefulSet";

/** By apiVersion/kind; whatever isn't here is ready as soon as it exists. */
const awaiters: Record<string, Awaiter> = {
    "apps/v1/DaemonSet": daemonSet,
    "apps/v1/Deployment": deployment,
    "apps/v1/StatefulSet": statefulSet,
    "batch/v1/Job": job,
    "networking.k8s.io/v1/Ingress": others.ingress,
    "v1/PersistentVolume": others.persistentVolume,
    "v1/PersistentVolumeClaim": others.persistentVolumeClaim,
    "v1/Pod": pod,
    "v1/ReplicationController": others.replicationController,
    "v1/ResourceQuota": others.resourceQuota,
    "v1/Secret": others.secret,
    "v1/Service": service,
};

/** How to wait for an object; undefined: not at all. */
export function awaiterOf(object: KubeObject, inputs: KubeObject): Awaiter | undefined {
    if (annotation(inputs, "pulumi.com/skipAwait") === "true") return undefined;
    return awaiters[`${object.apiVersion}/${object.kind}`];
}

/** Seconds to wait: the program's customTimeouts, then its annotation, then the kind's own. */
export function timeoutOf(context: Context, inputs: KubeObject, otherwise = 600): number {
    const annotated = Number.parseInt(annotation(inputs, "pulumi.com/timeoutSeconds") ?? "", 10);
    return context.timeout || (Number.isNaN(annotated) ? otherwise : annotated);
}
