import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { yaml } from "./text";

/** The folder of the API server's audit log: only root reads it, and it goes when the cluster goes. */
export const auditLog = `${paths.auditLogs}/audit.log`;

/** What the API server writes down of who asked what. */
export function auditing(): Fragment {
    return [
        { kind: "directory", path: paths.auditLogs, mode: "0700" },
        { kind: "file", path: paths.auditPolicy, mode: "0600", content: yaml(policy) },
    ];
}

/**
 * 30 days at most, and at most ten files of 100 MB besides the one that is written to: the figures of the CIS benchmark,
 * 1.2.17 to 1.2.19. Old files are compressed, to about a twentieth.
 */
export const auditFlags = {
    "audit-policy-file": paths.auditPolicy,
    "audit-log-path": auditLog,
    "audit-log-maxage": 30,
    "audit-log-maxbackup": 10,
    "audit-log-maxsize": 100,
    "audit-log-compress": true,
} as const;

const core = (...resources: string[]) => ({ group: "", resources });

/** Groups whose objects hold no secrets: only of these a request's body is written down. */
const bodiesOf = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/** They watch everything, secrets too: that they do is no news. */
const components = ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"];
const leases = { group: "coordination.k8s.io", resources: ["leases"] };

const reads = ["get", "list", "watch"];
const writes = ["create", "update", "patch", "delete", "deletecollection"];

/**
 * The first rule that fits decides. Metadata is who, what, when, from where and with what result; Request adds the body
 * that was sent. Answers are never written down, for they hold tokens.
 * https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
 */
const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    // One entry for each request: when it has been answered.
    omitStages: ["RequestReceived"],
    omitManagedFields: true,
    rules: [
        // Noise: health, what the API offers, and what components tell each other every few seconds.
        {
            level: "None",
            nonResourceURLs: ["/livez*", "/readyz*", "/healthz*", "/version", "/openapi/*", "/api", "/api/*", "/apis*"],
        },
        { level: "None", users: components, verbs: reads },
        { level: "None", users: components, resources: [leases] },
        { level: "None", userGroups: ["system:nodes", "system:serviceaccounts:kube-system"], resources: [leases] },
        { level: "None", userGroups: ["system:nodes"], verbs: reads, resources: [core("configmaps")] },
        { level: "None", resources: [core("events"), { group: "events.k8s.io", resources: ["events"] }] },
        // Who touches secrets, settings and tokens, reading too, and never what is in them.
        {
            level: "Metadata",
            resources: [
                core("secrets", "configmaps", "serviceaccounts/token"),
                { group: "authentication.k8s.io", resources: ["tokenreviews"] },
            ],
        },
        // Who goes into a pod or through the API to one: what passes there may be anything.
        {
            level: "Metadata",
            resources: [
                core("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/log"),
                core("services/proxy", "nodes/proxy"),
            ],
        },
        // What components look at and report all the time.
        { level: "None", verbs: reads, userGroups: ["system:nodes", "system:serviceaccounts:kube-system"] },
        { level: "Metadata", resources: [core("nodes/status", "pods/status", "endpoints")] },
        // Everything else that changes something.
        { level: "Request", verbs: writes, resources: bodiesOf.map((group) => ({ group })) },
        { level: "Metadata" },
    ],
};
