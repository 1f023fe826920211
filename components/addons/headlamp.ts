import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { headlampViewer } from "../access/names";
import { recommendedLabels } from "./labels";
import { addonNamespace } from "./namespace";
import { restrictedContainer, restrictedPod } from "./podSecurity";

export interface HeadlampArgs {
    /** Image reference with tag. Nodes have it already. */
    readonly image: string;
}

const labels = recommendedLabels("headlamp", "dashboard");
const selector = { "app.kubernetes.io/name": "headlamp" };
const rbacGroup = "rbac.authorization.k8s.io";

/** The image's own user. */
const user = 100;

/**
 * A web interface to the whole cluster (https://headlamp.dev). Its own account may do nothing: everybody logs in with a
 * token and may do what that one may. Those of the account `headlamp-viewer` may look at everything but Secrets.
 *
 * It answers inside the cluster only: `slipway dashboard --headlamp` leads there.
 */
export class Headlamp extends pulumi.ComponentResource {
    constructor(name: string, args: HeadlampArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:Headlamp", name, {}, opts);
        const child = { parent: this };
        const namespace = addonNamespace(name, { name: headlampViewer.namespace, labels }, child);
        const metadata = { name: "headlamp", namespace: namespace.metadata.name, labels };
        const account = new kubernetes.core.v1.ServiceAccount(name, { metadata }, child);
        this.makeViewer(name, namespace);
        new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata,
                spec: {
                    selector: { matchLabels: selector },
                    template: { metadata: { labels }, spec: podSpec(args.image, account.metadata.name) },
                },
            },
            child,
        );
        new kubernetes.core.v1.Service(
            name,
            { metadata, spec: { selector, ports: [{ name: "http", port: 80, targetPort: "http" }] } },
            child,
        );
        this.registerOutputs({});
    }

    /** Kubernetes' own role `view`, which leaves out Secrets, and what belongs to no namespace. */
    private makeViewer(name: string, namespace: kubernetes.core.v1.Namespace): void {
        const child = { parent: this };
        const account = new kubernetes.core.v1.ServiceAccount(
            `${name}-viewer`,
            {
                metadata: { name: headlampViewer.name, namespace: namespace.metadata.name, labels },
                automountServiceAccountToken: false,
            },
            child,
        );
        const verbs = ["get", "list", "watch"];
        const role = new kubernetes.rbac.v1.ClusterRole(
            `${name}-viewer`,
            {
                metadata: { name: "slipway:headlamp-viewer", labels },
                rules: [
                    { apiGroups: [""], resources: ["nodes", "persistentvolumes"], verbs },
                    { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs },
                    { apiGroups: ["metrics.k8s.io"], resources: ["nodes", "pods"], verbs },
                ],
            },
            child,
        );
        for (const [suffix, roleName] of [
            ["viewer", role.metadata.name],
            ["view", "view"],
        ] as const) {
            new kubernetes.rbac.v1.ClusterRoleBinding(
                `${name}-${suffix}`,
                {
                    metadata: { name: `slipway:headlamp-${suffix}`, labels },
                    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: roleName },
                    subjects: [
                        { kind: "ServiceAccount", name: account.metadata.name, namespace: headlampViewer.namespace },
                    ],
                },
                child,
            );
        }
    }
}

function podSpec(image: string, serviceAccountName: pulumi.Input<string>): kubernetes.types.input.core.v1.PodSpec {
    return {
        serviceAccountName,
        securityContext: restrictedPod(user),
        containers: [
            {
                name: "headlamp",
                image,
                imagePullPolicy: "IfNotPresent",
                args: ["-in-cluster", "-plugins-dir=/headlamp/plugins"],
                ports: [{ name: "http", containerPort: 4466 }],
                readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 2 },
                livenessProbe: { httpGet: { path: "/", port: "http" }, initialDelaySeconds: 10, failureThreshold: 5 },
                resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
                securityContext: restrictedContainer,
                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
        ],
        volumes: [{ name: "tmp", emptyDir: {} }],
    };
}
