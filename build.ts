// What the program builds when it knows how the machines are: cluster → add-ons → workloads → outputs.
import * as pulumi from "@pulumi/pulumi";

import { Cluster } from "./components/cluster";
import { deployAddons, removalProblems } from "./components/addons";
import type { Settings } from "./components/config/schema";
import type { NodeSpec } from "./components/inventory";
import { refuseUnchangeable, removedApiProblems } from "./components/node";
import { expiryWarnings, kubeletWarnings } from "./components/pki";
import { Holding, NodeReport, warnOfNotices, warnOfUnreachable } from "./components/remote";
import { deployWorkloads } from "./components/workloads";
import { Lab, type LabArgs } from "./lab";
import type { Digests } from "./mirror/digests";

export interface BuildArgs {
    readonly settings: Settings;
    /** Whose containers the nodes are. */
    readonly lab?: LabArgs;
    readonly nodes: readonly NodeSpec[];
    readonly digests: Digests;
    /** By the nodes' names. */
    readonly reports: Readonly<Record<string, NodeReport>>;
    readonly holdings: readonly Holding[];
}

/** Makes the resources, and returns the stack's outputs. */
export async function build({ settings, lab, nodes, digests, reports, holdings }: BuildArgs) {
    const { cluster, addons, workloads } = settings;
    const removedApis = await removedApiProblems(cluster, nodes, reports);
    refuseUnchangeable(cluster, nodes, reports, [...removedApis, ...removalProblems(settings, holdings)]);
    warnOfUnreachable(reports);
    warnOfNotices(reports);
    kubeletWarnings(reports).forEach((warning) => void pulumi.log.warn(warning));
    const containers = lab && new Lab(lab.config.name, lab);
    const built = new Cluster(
        cluster.name,
        { settings: cluster, nodes, digests, reports },
        // Destroying the lab destroys what is in it.
        containers && { dependsOn: containers.containers, deletedWith: containers.network },
    );
    const { provider, lifetime: deletedWith, serve, secret } = built;
    const inCluster = { parent: built, provider, deletedWith };
    const deployed = deployAddons({ addons, cluster, nodes, serve }, { ...inCluster, dependsOn: built.ready });
    const urls = deployWorkloads(
        { workloads, cluster, nodes, serve, secret, names: built.ready },
        { ...inCluster, dependsOn: [...built.nodesReady, ...deployed.ready] },
    );

    return {
        kubeconfig: built.kubeconfig,
        endpoint: built.endpoint,
        nodes: nodes.map(({ name, address, roles }) => ({ name, address, roles, versions: cluster.versions })),
        urls: { ...deployed.urls, ...urls },
        certificates: built.certificates.apply((expiries) => {
            expiryWarnings(expiries, cluster.certificates).forEach((warning) => void pulumi.log.warn(warning));
            return expiries;
        }),
    };
}
