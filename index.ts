// The program: config → lab or inventory → cluster → workloads → outputs.
import * as pulumi from "@pulumi/pulumi";

import { Cluster, controlPlanes, nodesOf } from "./components";
import { deployAddons, removalProblems } from "./components/addons";
import { loadSettings } from "./components/config/load";
import { refuseUnchangeable, removedApiProblems } from "./components/node";
import { expiryWarnings, kubeletWarnings } from "./components/pki";
import { askHoldings, probeNodes, warnOfNotices, warnOfUnreachable } from "./components/remote";
import { missingArchives } from "./components/render/packages";
import { deployWorkloads, withStaticPod } from "./components/workloads";
import { Lab, loadLab, refuseMisfits } from "./lab";
import { missingFrom } from "./mirror/catalogue";
import { loadDigests } from "./mirror/digests";
import { staleOwnImages } from "./mirror/ownImages";
import { dataFolder } from "./setup/paths";
import { mirrorFolder, refuseMissing } from "./setup/stackRecord";
import { tameStackTraces } from "./setup/stackTraces";

tameStackTraces();

export = async () => {
    const settings = loadSettings();
    const { addons, workloads } = settings;
    const stack = pulumi.getStack();
    const mirror = mirrorFolder(stack);
    const digests = loadDigests(mirror);
    const { cluster } = settings;
    const { versions, images } = cluster;
    refuseMissing(stack, [
        ...missingFrom(digests.files, versions),
        ...missingArchives(cluster, digests.files),
        ...staleOwnImages(images, digests),
    ]);

    const { api, runtime } = cluster;
    const places = { dataFolder: dataFolder(), mirror, clusterPort: api.port, runtime };
    const lab = settings.lab === undefined ? undefined : loadLab(settings.lab, places);
    if (lab) refuseMisfits(settings, lab);
    const machines = lab ? lab.nodes : nodesOf(cluster, settings.nodes);
    const nodes = withStaticPod(machines, { workloads, cluster });

    // One quick look at every node, before anything is made: what drifted counts its generation up.
    const [reports, holdings] = await Promise.all([probeNodes(nodes), askHoldings(controlPlanes(nodes))]);
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
};
