import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { Serve } from "../pki";
import { Account, serviceAccount } from "./account";
import { recommendedLabels } from "./labels";
import { addonNamespace } from "./namespace";
import { restrictedContainer, restrictedPod } from "./podSecurity";

export interface MetricsServerArgs {
    /** Image reference with tag. Nodes have it already. */
    readonly image: string;
    /** Seconds between two looks at each kubelet. Default 15; metrics-server takes 10 at least. */
    readonly resolution: number;
    readonly serve: Serve;
}

const app = "metrics-server";
const labels = recommendedLabels(app, "metrics");
const selector = { "app.kubernetes.io/name": app };
const port = 10250;
const rbacGroup = "rbac.authorization.k8s.io";

/**
 * What pods and nodes use now, for `kubectl top` and HorizontalPodAutoscalers
 * (https://github.com/kubernetes-sigs/metrics-server).
 *
 * Everybody is checked: the kubelets' serving certificates against the cluster's authority, and metrics-server's own by
 * the API server, which passes requests on to it.
 */
export class MetricsServer extends pulumi.ComponentResource {
    readonly deployment: kubernetes.apps.v1.Deployment;
    /** When its certificate ends, RFC 3339. */
    readonly expiry: pulumi.Output<string>;

    constructor(name: string, args: MetricsServerArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:MetricsServer", name, {}, opts);
        const child = { parent: this };
        const namespace = addonNamespace(name, { name: app, labels }, child);
        const metadata = { name: app, namespace: namespace.metadata.name, labels };
        const account = serviceAccount(name, { metadata, clusterRole }, child);
        const delegation = this.delegate(name, account);
        const served = args.serve({ service: app, namespace: app }, this);
        const secret = new kubernetes.core.v1.Secret(
            name,
            {
                metadata,
                type: "kubernetes.io/tls",
                stringData: { "tls.crt": served.certificate, "tls.key": served.key },
            },
            child,
        );
        const service = new kubernetes.core.v1.Service(
            name,
            { metadata, spec: { selector, ports: [{ name: "https", port: 443, targetPort: "https" }] } },
            child,
        );
        this.deployment = new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata,
                spec: {
                    selector: { matchLabels: selector },
                    template: { metadata: { labels }, spec: podSpec(args, secret.metadata.name, account.name) },
                },
            },
            { ...child, dependsOn: [...account.access, ...delegation] },
        );
        this.expiry = served.expiry;
        this.register(name, { service, authority: served.authority });
        this.registerOutputs({ expiry: this.expiry });
    }

    /** Whom the API server vouches for, and what they may do: metrics-server asks it. */
    private delegate(name: string, { subject }: Account): pulumi.Resource[] {
        const child = { parent: this };
        return [
            new kubernetes.rbac.v1.ClusterRoleBinding(
                `${name}-delegation`,
                {
                    metadata: { name: "slipway:metrics-server:auth-delegator", labels },
                    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: "system:auth-delegator" },
                    subjects: [subject],
                },
                child,
            ),
            new kubernetes.rbac.v1.RoleBinding(
                `${name}-front-proxy`,
                {
                    metadata: { name: "slipway:metrics-server:front-proxy", namespace: "kube-system", labels },
                    roleRef: { apiGroup: rbacGroup, kind: "Role", name: "extension-apiserver-authentication-reader" },
                    subjects: [subject],
                },
                child,
            ),
        ];
    }

    /** The API behind the API, and who may read it: whoever may view pods. */
    private register(
        name: string,
        { service, authority }: { service: kubernetes.core.v1.Service; authority: pulumi.Output<string> },
    ): void {
        const aggregate = ["view", "edit", "admin"].map((to) => [
            `rbac.authorization.k8s.io/aggregate-to-${to}`,
            "true",
        ]);
        new kubernetes.rbac.v1.ClusterRole(
            `${name}-readers`,
            {
                metadata: {
                    name: "slipway:metrics-server:reader",
                    labels: { ...labels, ...Object.fromEntries(aggregate) },
                },
                rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list"] }],
            },
            { parent: this },
        );
        new kubernetes.apiregistration.v1.APIService(
            name,
            {
                metadata: { name: "v1beta1.metrics.k8s.io", labels },
                spec: {
                    group: "metrics.k8s.io",
                    version: "v1beta1",
                    groupPriorityMinimum: 100,
                    versionPriority: 100,
                    service: { name: service.metadata.name, namespace: service.metadata.namespace },
                    caBundle: authority.apply((pem) => Buffer.from(pem).toString("base64")),
                },
            },
            // Gone first, too: without its server it would keep namespaces from being deleted.
            { parent: this, dependsOn: this.deployment },
        );
    }
}

const clusterRole = {
    name: "slipway:metrics-server",
    rules: [
        { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
        { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
    ],
};

function podSpec(
    { image, resolution }: MetricsServerArgs,
    secretName: pulumi.Input<string>,
    serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
    const probe = (path: string) => ({ httpGet: { path, port: "https", scheme: "HTTPS" } });
    return {
        priorityClassName: "system-cluster-critical",
        serviceAccountName,
        securityContext: restrictedPod(65534),
        containers: [
            {
                name: app,
                image,
                imagePullPolicy: "IfNotPresent",
                args: [
                    `--secure-port=${port}`,
                    "--tls-cert-file=/etc/metrics-server/serving/tls.crt",
                    "--tls-private-key-file=/etc/metrics-server/serving/tls.key",
                    "--kubelet-certificate-authority=/etc/metrics-server/kubelet/ca.crt",
                    "--kubelet-preferred-address-types=InternalIP,Hostname",
                    "--kubelet-use-node-status-port",
                    `--metric-resolution=${resolution}s`,
                    // metrics-server wants it to be less than the resolution, whose least is 10 s.
                    "--kubelet-request-timeout=5s",
                ],
                ports: [{ name: "https", containerPort: port }],
                resources: { requests: { cpu: "20m", memory: "48Mi" }, limits: { memory: "256Mi" } },
                readinessProbe: { ...probe("/readyz"), periodSeconds: 2 },
                livenessProbe: { ...probe("/livez"), initialDelaySeconds: 10 },
                securityContext: restrictedContainer,
                volumeMounts: [
                    { name: "serving", mountPath: "/etc/metrics-server/serving", readOnly: true },
                    { name: "kubelet", mountPath: "/etc/metrics-server/kubelet", readOnly: true },
                ],
            },
        ],
        volumes: [
            { name: "serving", secret: { secretName } },
            // Kubernetes puts the cluster's authority, which signs kubelets' certificates, into each namespace.
            { name: "kubelet", configMap: { name: "kube-root-ca.crt" } },
        ],
    };
}
