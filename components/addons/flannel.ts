import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { digestOf } from "../render/manifest";
import { recommendedLabels } from "./labels";
import { podSecurityLabels } from "./podSecurity";

export interface FlannelArgs {
    /** Image reference with tag, for example "ghcr.io/flannel-io/flannel:v0.28.4". Nodes have it already. */
    readonly image: string;
    /** The pods' network, for example "10.244.0.0/16"; each node owns a /24 of it. */
    readonly podCidr: string;
    /** vxlan works on any network; host-gw is faster where all nodes share one link. */
    readonly backend: "vxlan" | "host-gw";
    /** Where flanneld reaches the API. Not the service address, so that it doesn't wait for kube-proxy. */
    readonly api: { readonly host: string; readonly port: number };
}

/** The overlay that gives pods on all nodes one network (https://github.com/flannel-io/flannel). */
export class Flannel extends pulumi.ComponentResource {
    readonly daemonSet: kubernetes.apps.v1.DaemonSet;

    constructor(name: string, args: FlannelArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:Flannel", name, {}, opts);
        const child = { parent: this };
        const labels = recommendedLabels("flannel", "network");
        const namespace = new kubernetes.core.v1.Namespace(
            name,
            {
                metadata: {
                    name: "kube-flannel",
                    // flanneld configures the host's network: it can't run under a stricter level.
                    labels: { ...labels, ...podSecurityLabels("privileged") },
                },
            },
            child,
        );
        const metadata = { name: "flannel", namespace: namespace.metadata.name, labels };
        const account = new kubernetes.core.v1.ServiceAccount(name, { metadata }, child);
        const access = this.grantAccess(name, account);
        const network = JSON.stringify({
            Network: args.podCidr,
            EnableNFTables: false,
            Backend: { Type: args.backend },
        });
        const config = new kubernetes.core.v1.ConfigMap(name, { metadata, data: { "net-conf.json": network } }, child);
        this.daemonSet = new kubernetes.apps.v1.DaemonSet(
            name,
            {
                metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
                spec: {
                    selector: { matchLabels: { "app.kubernetes.io/name": "flannel" } },
                    updateStrategy: { type: "RollingUpdate" },
                    template: {
                        // flanneld reads its configuration once: another one means other pods.
                        metadata: { labels, annotations: { "slipway.build/configuration": digestOf(network) } },
                        spec: podSpec(args, config.metadata.name, account.metadata.name),
                    },
                },
            },
            { ...child, dependsOn: access },
        );
        this.registerOutputs({});
    }

    private grantAccess(name: string, account: kubernetes.core.v1.ServiceAccount): pulumi.Resource[] {
        const role = new kubernetes.rbac.v1.ClusterRole(
            name,
            {
                metadata: { name: "flannel" },
                rules: [
                    { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
                    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
                    { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
                ],
            },
            { parent: this },
        );
        const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            {
                metadata: { name: "flannel" },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
                subjects: [
                    {
                        kind: "ServiceAccount",
                        name: account.metadata.name,
                        namespace: account.metadata.namespace,
                    },
                ],
            },
            { parent: this },
        );
        return [role, binding];
    }
}

function podSpec(
    args: FlannelArgs,
    configMap: pulumi.Input<string>,
    serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
    const fieldEnv = (variable: string, fieldPath: string) => ({
        name: variable,
        valueFrom: { fieldRef: { fieldPath } },
    });
    return {
        hostNetwork: true,
        priorityClassName: "system-node-critical",
        serviceAccountName,
        tolerations: [{ operator: "Exists" }],
        containers: [
            {
                name: "flanneld",
                image: args.image,
                imagePullPolicy: "IfNotPresent",
                command: ["/opt/bin/flanneld"],
                args: ["--ip-masq", "--kube-subnet-mgr"],
                env: [
                    fieldEnv("POD_NAME", "metadata.name"),
                    fieldEnv("POD_NAMESPACE", "metadata.namespace"),
                    { name: "KUBERNETES_SERVICE_HOST", value: args.api.host },
                    { name: "KUBERNETES_SERVICE_PORT", value: String(args.api.port) },
                ],
                resources: { requests: { cpu: "50m", memory: "50Mi" } },
                securityContext: { capabilities: { add: ["NET_ADMIN", "NET_RAW"] } },
                volumeMounts: [
                    { name: "run", mountPath: "/run/flannel" },
                    { name: "config", mountPath: "/etc/kube-flannel/" },
                    { name: "xtables-lock", mountPath: "/run/xtables.lock" },
                    // The kubelet's copy would stay as it was when the pod began, and whom the API's name means changes.
                    { name: "hosts", mountPath: "/etc/hosts", readOnly: true },
                ],
            },
        ],
        volumes: [
            { name: "run", hostPath: { path: "/run/flannel", type: "DirectoryOrCreate" } },
            { name: "config", configMap: { name: configMap } },
            { name: "xtables-lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
            { name: "hosts", hostPath: { path: "/etc/hosts", type: "File" } },
        ],
    };
}
