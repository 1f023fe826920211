import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Pod Security of a namespace: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export type PodSecurity = "restricted" | "baseline" | "privileged";

export interface NamespaceArgs {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    /** What its pods are held to. Default: restricted. */
    readonly level?: PodSecurity;
}

/** The namespace of an add-on's own. */
export function addonNamespace(
    name: string,
    { name: own, labels, level = "restricted" }: NamespaceArgs,
    opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Namespace {
    const metadata = { name: own, labels: { ...labels, ...podSecurityLabels(level) } };
    return new kubernetes.core.v1.Namespace(name, { metadata }, opts);
}

/**
 * A level in full: without labels of their own, warnings and audit hold everything to `restricted`, and would tell again and
 * again of what is known.
 */
export function podSecurityLabels(level: PodSecurity): Record<string, string> {
    return Object.fromEntries(
        ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]),
    );
}

/** What a container is held to in a restricted namespace; the pod says which user it is. */
export const restrictedContainer: kubernetes.types.input.core.v1.SecurityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
};

/** What a pod is held to in a restricted namespace. */
export function restrictedPod(user: number): kubernetes.types.input.core.v1.PodSecurityContext {
    return {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        seccompProfile: { type: "RuntimeDefault" },
    };
}
