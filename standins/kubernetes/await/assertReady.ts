import type { Cluster } from "../cluster";
import type { KubeObject } from "../objects";
import { NotReadyError, problemsOf, titleOf } from "./awaiter";
import { awaiterOf } from "./kinds";

/** Judges once, from the objects as they are now: for a refresh. Throws NotReadyError. */
export async function assertReady(cluster: Cluster, object: KubeObject, inputs: KubeObject): Promise<void> {
    const awaiter = awaiterOf(object, inputs);
    if (!awaiter) return;
    const lists = (awaiter.related?.(object) ?? []).map(({ labels, name, ...kind }) =>
        cluster
            .list(kind, {
                ...(labels === undefined ? {} : { labelSelector: labels }),
                ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
            })
            .catch(() => []),
    );
    const verdict = awaiter.judge({ object, related: await Promise.all(lists) });
    if (verdict.ready) return;
    const why = verdict.failed ?? `it waits for ${verdict.waiting}`;
    throw new NotReadyError(object, [
        `${titleOf(object)} isn't ready: ${why}.`,
        ...(await problemsOf(awaiter, cluster, object)),
    ]);
}
