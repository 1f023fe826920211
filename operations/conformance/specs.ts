import { leftOut, type Circumstances } from "./leftOut";

/** One of Kubernetes' tests, as a dry run lists it. */
export interface Spec {
    /** Its whole name, as Kubernetes' list of conformance tests has it. */
    readonly name: string;
    /** It wants the cluster for itself. */
    readonly serial: boolean;
}

export interface Wish {
    /** Parts of names; a spec is wanted that has one of them. Absent: every conformance test. */
    readonly parts?: readonly string[];
    /** What has passed already, and need not run again. */
    readonly passed?: ReadonlySet<string>;
}

export interface Choice {
    readonly run: readonly Spec[];
    readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * A part of the conformance tests that is stable and quick: one or two of what each part of a cluster does. Each is a
 * part of a name that 1.34, 1.35 and 1.36 have.
 */
export const shortRun: readonly string[] = [
    "[sig-architecture] Conformance Tests should have at least two untainted nodes",
    "[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning",
    "[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota",
    "[sig-api-machinery] Watchers should be able to restart watching from the last resource version",
    "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation",
    "[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted",
    "[sig-apps] ReplicaSet should serve a basic image on each replica with a public image",
    "[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations",
    "[sig-auth] ServiceAccounts should mount an API token into pods",
    "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery",
    "[sig-cli] Kubectl client Kubectl version should check is all data is printed",
    "[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never",
    "[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: http",
    "[sig-network] Networking Granular Checks: Pods should function for node-pod communication: http",
    "[sig-network] Proxy version v1 should proxy through a service and a pod",
    "[sig-network] Services should be able to change the type from ExternalName to NodePort",
    "[sig-network] Services should serve a basic endpoint from pods",
    "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly",
    "[sig-node] Pods should support remote command execution over websockets",
    "[sig-node] Probing container should be restarted with a /healthz http liveness probe",
    "[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false",
    "[sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls",
    "[sig-node] Variable Expansion should allow composing env vars into new env vars",
    "[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied",
    "[sig-storage] ConfigMap updates should be reflected in volume",
    "[sig-storage] EmptyDir volumes should support (root,0644,tmpfs)",
    "[sig-storage] Projected combined should project all components that make up the projection API",
    "[sig-storage] Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set",
];

/** What is run, and what isn't with the reason. */
export function choose(all: readonly Spec[], circumstances: Circumstances, { parts, passed }: Wish = {}): Choice {
    const wanted = all.filter(({ name }) => !parts || parts.some((part) => name.includes(part)));
    const judged = wanted.map((spec) => ({ spec, reason: leftOut(spec.name, circumstances) }));
    return {
        run: judged.flatMap(({ spec, reason }) => (reason === undefined && !passed?.has(spec.name) ? [spec] : [])),
        leftOut: judged.flatMap(({ spec: { name }, reason }) => (reason === undefined ? [] : [{ name, reason }])),
    };
}

/** Parts of the short run that no test has, which means that Kubernetes has renamed one. */
export const unknownParts = (all: readonly Spec[], parts: readonly string[]): readonly string[] =>
    parts.filter((part) => !all.some(({ name }) => name.includes(part)));

/** A regular expression (in Go's form) for these names and no others. */
export function focusOf(names: readonly string[]): string {
    const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return ` (${escaped.join("|")})$`;
}
