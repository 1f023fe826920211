import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A group or user of the node side, and the built-in ClusterRole that it needs. */
interface Grant {
    readonly name: string;
    readonly subject: { readonly kind: "Group" | "User"; readonly name: string };
    readonly role: string;
    readonly why: string;
}

/** Names of groups and roles: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/ */
const grants: readonly Grant[] = [
    {
        name: "slipway:bootstrap",
        subject: { kind: "Group", name: "system:bootstrappers" },
        role: "system:node-bootstrapper",
        why: "A kubelet with a bootstrap token may ask for its client certificate.",
    },
    {
        name: "slipway:approve-node-client",
        subject: { kind: "Group", name: "system:bootstrappers" },
        role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        why: "The controller-manager approves that request.",
    },
    {
        name: "slipway:renew-node-client",
        subject: { kind: "Group", name: "system:nodes" },
        role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        why: "The controller-manager approves the renewals of a node's own certificate.",
    },
    {
        name: "slipway:node-proxier",
        subject: { kind: "Group", name: "system:nodes" },
        role: "system:node-proxier",
        why: "kube-proxy runs on the kubelet's rotating certificate, so that no second secret lives on a node.",
    },
    {
        name: "slipway:apiserver-to-kubelet",
        subject: { kind: "User", name: "kube-apiserver-kubelet-client" },
        role: "system:kubelet-api-admin",
        why: "The API server asks kubelets for logs, exec and port-forward.",
    },
];

/** What nodes need to be allowed before the first of them joins. */
export class NodeAccess extends pulumi.ComponentResource {
    constructor(name: string, opts: pulumi.ComponentResourceOptions) {
        super("slipway:access:NodeAccess", name, {}, opts);
        for (const grant of grants) {
            new kubernetes.rbac.v1.ClusterRoleBinding(
                `${name}-${grant.name.replace("slipway:", "")}`,
                {
                    metadata: { name: grant.name, annotations: { "slipway.build/why": grant.why } },
                    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: grant.role },
                    subjects: [{ apiGroup: "rbac.authorization.k8s.io", ...grant.subject }],
                },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}
