import type { ClusterSettings } from "../config/schema";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { yaml } from "./text";

/** What the API server lets in, beyond what a user may do: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/ */
export function admission(cluster: ClusterSettings): Fragment {
    const content = yaml({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AdmissionConfiguration",
        plugins: [
            { name: "PodSecurity", configuration: podSecurity(cluster) },
            { name: "EventRateLimit", configuration: eventRateLimit },
        ],
    });
    return [{ kind: "file", path: paths.admission, mode: "0600", content }];
}

/** Beside those that Kubernetes has on by itself, PodSecurity, ServiceAccount and NamespaceLifecycle among them. */
export const admissionFlags = {
    "admission-control-config-file": paths.admission,
    "enable-admission-plugins": ["EventRateLimit", "NodeRestriction"],
} as const;

/**
 * For namespaces that have no labels of their own. kube-system is left out: whoever may make pods there may use its
 * service accounts, so that a level would keep nobody from anything, and networks that one brings oneself live there.
 */
function podSecurity({ podSecurity: enforce }: ClusterSettings) {
    return {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        defaults: {
            enforce,
            "enforce-version": "latest",
            audit: "restricted",
            "audit-version": "latest",
            warn: "restricted",
            "warn-version": "latest",
        },
        exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
    };
}

/**
 * Events are written to etcd: a pod that fails in a loop, or somebody who wants to, must not fill it. The figures, events
 * in a second, leave room for a hundred kubelets that start together; each sends at most 50 by itself.
 */
const eventRateLimit = {
    apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
    kind: "Configuration",
    limits: [
        { type: "Server", qps: 500, burst: 5000 },
        { type: "Namespace", qps: 100, burst: 1000, cacheSize: 2000 },
    ],
};
