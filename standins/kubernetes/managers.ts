/**
 * Who owns which field (`metadata.managedFields`, https://kubernetes.io/docs/reference/using-api/server-side-apply/).
 *
 * An object is created by a POST, so that it fails where the object exists; its fields then belong to the manager of
 * that POST. The first update hands them over to this resource's own manager: otherwise a field that the program drops
 * would stay, and a changed one would be a conflict.
 */
import { randomBytes } from "node:crypto";
import type { Values } from "../values";
import { annotation, type KubeObject, type ManagedFields } from "./objects";

/** The manager of created objects, as the genuine plugin calls it. */
export const createManager = "pulumi-kubernetes";

/** Whose fields are taken over: plugins of all names that this one has had, and kubectl's. */
const predecessors: { manager: string; operations: ManagedFields["operation"][] }[] = [
    { manager: "pulumi-kubernetes", operations: ["Update"] },
    { manager: "pulumi-resource-kubernetes", operations: ["Update"] },
    { manager: "before-first-apply", operations: ["Update"] },
    { manager: "kubectl", operations: ["Update", "Apply"] },
];

/** The resource's own manager: by annotation, else as in the state, else a new one. */
export function managerOf(inputs: Values, state: Values = {}): string {
    const made = () => `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
    return annotation(inputs, "pulumi.com/patchFieldManager") ?? state.__fieldManager ?? made();
}

const isPredecessor = (entry: ManagedFields): boolean =>
    !entry.subresource &&
    predecessors.some(
        ({ manager, operations }) => entry.manager.startsWith(manager) && operations.includes(entry.operation),
    );

function union(left: Values, right: Values): Values {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return Object.fromEntries(keys.map((key) => [key, union(left[key] ?? {}, right[key] ?? {})]));
}

/** The managed fields with everything of the predecessors in the hands of `manager`; undefined: nothing to do. */
export function takenOver(object: KubeObject, manager: string): ManagedFields[] | undefined {
    const entries = object.metadata.managedFields ?? [];
    const isOwn = (entry: ManagedFields) => entry.manager === manager && entry.operation === "Apply";
    const from = entries.filter((entry) => isPredecessor(entry) && !isOwn(entry));
    if (from.length === 0) return undefined;
    const own = entries.filter((entry) => isOwn(entry) && !entry.subresource);
    const merged: ManagedFields = {
        ...(own[0] ?? from[0]),
        manager,
        operation: "Apply",
        fieldsV1: [...own, ...from].map((entry) => entry.fieldsV1).reduce(union),
    };
    return [merged, ...entries.filter((entry) => !from.includes(entry) && !own.includes(entry))];
}

/** Whether a dry run must force: until the first real update, fields still belong to the manager of the create. */
export const isUntouched = (object: KubeObject): boolean =>
    (object.metadata.managedFields ?? []).some(
        ({ manager, operation }) => operation === "Update" && /^pulumi-(resource-)?kubernetes(\.exe)?$/.test(manager),
    );
