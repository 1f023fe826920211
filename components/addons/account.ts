import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

type Rules = kubernetes.types.input.rbac.v1.PolicyRule[];

export interface AccountArgs {
    /** The account's own: name, namespace, labels. */
    readonly metadata: {
        readonly name: string;
        readonly namespace: pulumi.Input<string>;
        readonly labels: Record<string, string>;
    };
    /** What it may do in the whole cluster, as the ClusterRole of this name. */
    readonly clusterRole: { readonly name: string; readonly rules: Rules };
    /** What it may do in its own namespace. */
    readonly rules?: Rules;
}

/** Who an add-on's pods are. */
export interface Account {
    readonly name: pulumi.Output<string>;
    readonly subject: { readonly kind: string; readonly name: string; readonly namespace: pulumi.Input<string> };
    /** Its pods start when these are there, or they would fail at first. */
    readonly access: readonly pulumi.Resource[];
}

const group = "rbac.authorization.k8s.io";

/** A service account with its rights. */
export function serviceAccount(name: string, args: AccountArgs, opts: pulumi.CustomResourceOptions): Account {
    const { metadata, clusterRole, rules } = args;
    const { labels } = metadata;
    const account = new kubernetes.core.v1.ServiceAccount(name, { metadata }, opts);
    const subject = { kind: "ServiceAccount", name: metadata.name, namespace: metadata.namespace };
    const role = new kubernetes.rbac.v1.ClusterRole(
        name,
        { metadata: { name: clusterRole.name, labels }, rules: clusterRole.rules },
        opts,
    );
    const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
        name,
        {
            metadata: { name: clusterRole.name, labels },
            roleRef: { apiGroup: group, kind: "ClusterRole", name: role.metadata.name },
            subjects: [subject],
        },
        opts,
    );
    const own = rules ? ownRights(name, { metadata, rules, subject }, opts) : [];
    return { name: account.metadata.name, subject, access: [binding, ...own] };
}

function ownRights(
    name: string,
    { metadata, rules, subject }: { metadata: AccountArgs["metadata"]; rules: Rules; subject: Account["subject"] },
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    const role = new kubernetes.rbac.v1.Role(name, { metadata, rules }, opts);
    return [
        new kubernetes.rbac.v1.RoleBinding(
            name,
            { metadata, roleRef: { apiGroup: group, kind: "Role", name: role.metadata.name }, subjects: [subject] },
            opts,
        ),
    ];
}
