import type * as kubernetes from "@pulumi/kubernetes";

/** Pod Security of a namespace: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export type PodSecurity = "restricted" | "baseline" | "privileged";

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
