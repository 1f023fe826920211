import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { viewer } from "./names";

/**
 * What the dashboard may read, and nothing besides: no Secrets, no ConfigMaps, no logs. Of services' proxies only
 * Prometheus', by the name and port of the add-on `monitoring`.
 */
const rules: kubernetes.types.input.rbac.v1.PolicyRule[] = [
    { apiGroups: [""], resources: ["nodes", "pods", "services", "events"], verbs: ["list"] },
    { apiGroups: ["metrics.k8s.io"], resources: ["nodes", "pods"], verbs: ["list"] },
    { apiGroups: [""], resources: ["services/proxy"], resourceNames: ["prometheus:9090"], verbs: ["get"] },
];

/** An account that may look at the cluster. No token of it is kept anywhere: each is made when it is needed. */
export class Viewer extends pulumi.ComponentResource {
    constructor(name: string, opts: pulumi.ComponentResourceOptions) {
        super("slipway:access:Viewer", name, {}, opts);
        const child = { parent: this };
        const why = { "slipway.build/why": "slipway dashboard reads with its tokens, which live for an hour." };
        const account = new kubernetes.core.v1.ServiceAccount(
            name,
            { metadata: { ...viewer, annotations: why }, automountServiceAccountToken: false },
            child,
        );
        const role = new kubernetes.rbac.v1.ClusterRole(
            name,
            { metadata: { name: "slipway:dashboard", annotations: why }, rules },
            child,
        );
        new kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            {
                metadata: { name: "slipway:dashboard", annotations: why },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
                subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: viewer.namespace }],
            },
            child,
        );
        this.registerOutputs({});
    }
}
