/** Fields whose change needs a new object, as the genuine plugin has them (its provider/pkg/provider/diff.go). */
import type { Value, Values } from "../values";
import type { Settings } from "./settings";

const selector = ["spec.selector"];
const containerFields =
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext " +
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir";
const podFields =
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork " +
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName " +
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName " +
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes";
const volumeSources =
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs " +
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume";

const below = (prefix: string, names: string): string[] => names.split(" ").map((name) => `${prefix}.${name}`);

/** By apiVersion/kind. "*" stands for every element of a list. */
const fields: Record<string, string[]> = {
    "apps/v1/DaemonSet": selector,
    "apps/v1/Deployment": selector,
    "apps/v1/StatefulSet": below(
        "spec",
        "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates",
    ),
    "batch/v1/Job": below("spec", "completions parallelism selector template"),
    "policy/v1beta1/PodDisruptionBudget": ["spec"],
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": ["roleRef"],
    "rbac.authorization.k8s.io/v1/RoleBinding": ["roleRef"],
    "storage.k8s.io/v1/StorageClass": ["parameters", "provisioner"],
    "v1/PersistentVolume": below("spec", volumeSources),
    "v1/PersistentVolumeClaim": below("spec", "accessModes selector storageClassName volumeName"),
    "v1/Pod": [
        ...below("spec", podFields),
        ...below("spec.containers.*", containerFields),
        ...below("spec.initContainers.*", containerFields),
    ],
    "v1/ResourceQuota": ["spec.scopes"],
    "v1/Secret": ["type"],
    "v1/Service": ["spec.clusterIP"],
};

const identity = ["metadata.name", "metadata.namespace"];

/** Contents are replaced unless the configuration lets them be changed, and the object does. */
const contents: Record<string, { fields: string[]; mutable: "configMapMutable" | "secretMutable" }> = {
    "v1/ConfigMap": { fields: ["binaryData", "data"], mutable: "configMapMutable" },
    "v1/Secret": { fields: ["stringData", "data"], mutable: "secretMutable" },
};

/** The fields of an object that can't be changed. A Patch only can't be moved to another object. */
export function immutableFields(object: Values, patch: boolean, settings: Settings): string[][] {
    const kind = `${object.apiVersion}/${object.kind}`;
    const own = patch ? [] : [...(fields[kind] ?? [])];
    const content = patch ? undefined : contents[kind];
    if (content && (!settings[content.mutable] || object.immutable === true)) own.push(...content.fields);
    return [...identity, ...own].map((path) => path.split("."));
}

/** The parts of a property path such as `spec.ports[0]["a.b"]`. */
export function segmentsOf(path: string): string[] {
    const parts = path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g);
    return [...parts].map(([, quoted, index, plain]) => (quoted ? JSON.parse(`"${quoted}"`) : (index ?? plain)));
}

/** Whether a change at `path` touches `field`; `after` is the new value there, which may hold the field. */
export function touches(path: string[], field: string[], after: Value): boolean {
    const common = Math.min(path.length, field.length);
    for (let index = 0; index < common; index++) {
        if (field[index] !== "*" && field[index] !== path[index]) return false;
    }
    return field.slice(common).every((part) => {
        const candidates = part === "*" && Array.isArray(after) ? after : [after?.[part]];
        after = candidates[0];
        return after !== undefined;
    });
}
