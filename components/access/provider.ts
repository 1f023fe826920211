import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface ClusterProviderArgs {
    /** The cluster's name: its identity for the provider, known before any kubeconfig is. */
    readonly cluster: string;
    /** A kubeconfig that may do everything, a secret. */
    readonly kubeconfig: pulumi.Input<string>;
}

/**
 * The Kubernetes API of a cluster that this program builds.
 *
 * `clusterIdentifier` stands from the first `up`: without it a kubeconfig that is still unknown would plan
 * the replacement of every object in the cluster.
 */
export function clusterProvider(
    name: string,
    args: ClusterProviderArgs,
    opts: pulumi.CustomResourceOptions,
): kubernetes.Provider {
    return new kubernetes.Provider(
        name,
        {
            kubeconfig: args.kubeconfig,
            clusterIdentifier: args.cluster,
            enableServerSideApply: true,
            // What somebody changed by hand belongs to another field manager: mending it must not be a conflict.
            enablePatchForce: true,
            // Made by the same manager that changes it: a Service whose port changes has one port then, also in a preview.
            upsertExistingObjects: true,
            // A ConfigMap is changed in place: replaced, it would be missing for a moment.
            enableConfigMapMutable: true,
        },
        opts,
    );
}
