import { bytesOf } from "./size";

/** What etcd itself calls the largest quota that it was made for: https://etcd.io/docs/v3.6/dev-guide/limit/ */
const mostQuota = "8Gi";
/** Less than an empty cluster comes to need in a day. */
const leastQuota = "64Mi";

/** Everything in which the settings of etcd and of its snapshots contradict themselves. Pure. */
export function memoryProblems(cluster: unknown): string[] {
    const { etcd, snapshots } = fieldsOf(cluster);
    const { quota } = fieldsOf(etcd);
    const { folder, copies } = fieldsOf(snapshots);
    return [...quotaProblems(quota), ...copyProblems(copies, folder ?? "/var/backups/etcd")];
}

function quotaProblems(quota: unknown): string[] {
    const bytes = typeof quota === "string" ? bytesOf(quota) : undefined;
    return bytes === undefined || (bytes >= bytesOf(leastQuota)! && bytes <= bytesOf(mostQuota)!)
        ? []
        : [`cluster.etcd.quota ${String(quota)} must be ${leastQuota} to ${mostQuota}.`];
}

function copyProblems(copies: unknown, snapshots: unknown): string[] {
    if (copies === undefined) {
        return [];
    }
    const { folder, s3 } = fieldsOf(copies);
    if (folder === undefined && s3 === undefined) {
        return ["cluster.snapshots.copies names no place: give it a folder, or s3, or both."];
    }
    const within = (inner: unknown, outer: unknown) => `${String(inner)}/`.startsWith(`${String(outer)}/`);
    return within(folder, snapshots) || within(snapshots, folder)
        ? [
              `cluster.snapshots.copies.folder ${String(folder)} and cluster.snapshots.folder ${String(snapshots)} lie in ` +
                  "each other: a copy belongs on another disk.",
          ]
        : [];
}

function fieldsOf(raw: unknown): Record<string, unknown> {
    return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}
