import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { recommendedLabels } from "./labels";

export interface CoreDnsArgs {
    /** Image reference with tag. Nodes have it already. */
    readonly image: string;
    /** The DNS service's address: the tenth of the service network, which every kubelet tells its pods. */
    readonly address: string;
    /** The cluster's domain, for example "dev.k8s.local". */
    readonly domain: string;
    /** Two where there is more than one node, so that one may go. */
    readonly replicas: number;
    /** Whether its pods are waited for. Not where they stay pending until somebody brings a network. Default true. */
    readonly awaited?: boolean;
}

/** Names for services and pods (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). */
export class CoreDns extends pulumi.ComponentResource {
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: CoreDnsArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:CoreDns", name, {}, opts);
        const child = { parent: this };
        // k8s-app=kube-dns is what users and Kubernetes' own tests look for.
        const labels = { ...recommendedLabels("coredns", "dns"), "k8s-app": "kube-dns" };
        const metadata = { name: "coredns", namespace: "kube-system", labels };
        const account = new kubernetes.core.v1.ServiceAccount(name, { metadata }, child);
        const role = new kubernetes.rbac.v1.ClusterRole(
            name,
            {
                metadata: { name: "system:coredns" },
                rules: [
                    {
                        apiGroups: [""],
                        resources: ["endpoints", "services", "pods", "namespaces"],
                        verbs: ["list", "watch"],
                    },
                    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
                ],
            },
            child,
        );
        const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            {
                metadata: { name: "system:coredns" },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
                subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: "kube-system" }],
            },
            child,
        );
        const config = new kubernetes.core.v1.ConfigMap(
            name,
            { metadata, data: { Corefile: corefile(args.domain) } },
            child,
        );
        const unawaited = args.awaited === false ? { annotations: { "pulumi.com/skipAwait": "true" } } : {};
        this.deployment = new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: { ...metadata, ...unawaited },
                spec: {
                    replicas: args.replicas,
                    selector: { matchLabels: { "k8s-app": "kube-dns" } },
                    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
                    template: {
                        metadata: { labels },
                        spec: podSpec(args.image, config.metadata.name, account.metadata.name),
                    },
                },
            },
            { ...child, dependsOn: [binding] },
        );
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: { ...metadata, name: "kube-dns", ...unawaited },
                spec: {
                    selector: { "k8s-app": "kube-dns" },
                    clusterIP: args.address,
                    ports: [
                        { name: "dns", port: 53, protocol: "UDP" },
                        { name: "dns-tcp", port: 53, protocol: "TCP" },
                        { name: "metrics", port: 9153, protocol: "TCP" },
                    ],
                },
            },
            child,
        );
        this.registerOutputs({});
    }
}

function corefile(domain: string): string {
    return `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;
}

function podSpec(
    image: string,
    configMap: pulumi.Input<string>,
    serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
    return {
        priorityClassName: "system-cluster-critical",
        serviceAccountName,
        dnsPolicy: "Default",
        tolerations: [
            { key: "CriticalAddonsOnly", operator: "Exists" },
            { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
        ],
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
        ],
        containers: [
            {
                name: "coredns",
                image,
                imagePullPolicy: "IfNotPresent",
                args: ["-conf", "/etc/coredns/Corefile"],
                resources: { limits: { memory: "170Mi" }, requests: { cpu: "50m", memory: "70Mi" } },
                ports: [
                    { name: "dns", containerPort: 53, protocol: "UDP" },
                    { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
                    { name: "metrics", containerPort: 9153, protocol: "TCP" },
                ],
                livenessProbe: {
                    httpGet: { path: "/health", port: 8080 },
                    initialDelaySeconds: 30,
                    timeoutSeconds: 5,
                    failureThreshold: 5,
                },
                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1, failureThreshold: 5 },
                securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
                },
                volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
            },
        ],
        volumes: [{ name: "config", configMap: { name: configMap } }],
    };
}
