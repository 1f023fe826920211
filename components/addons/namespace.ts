import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { podSecurityLabels, type PodSecurity } from "./podSecurity";

export interface NamespaceArgs {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    /** What its pods are held to. Default: restricted. */
    readonly level?: PodSecurity;
}

/** The namespace of an add-on's own. */
export function addonNamespace(
    name: string,
    { name: own, labels, level = "restricted" }: NamespaceArgs,
    opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Namespace {
    const metadata = { name: own, labels: { ...labels, ...podSecurityLabels(level) } };
    return new kubernetes.core.v1.Namespace(name, { metadata }, opts);
}
