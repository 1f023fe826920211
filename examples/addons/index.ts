// A program of your own on Slipway's components: a cluster with metrics, volumes, addresses and monitoring, and a
// service that gets a volume and an address of them.
import * as kubernetes from "@pulumi/kubernetes";

import { Cluster, nodesOf } from "../../components";
import { deployAddons } from "../../components/addons";
import { validate } from "../../components/config";
import { probeNodes } from "../../components/remote";
import { loadDigests } from "../../mirror/digests";
import { mirrorFolder } from "../../setup/stackRecord";

export = async () => {
    const checked = validate({
        cluster: { name: "hex", ssh: { user: "bb" } },
        nodes: [
            { name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"] },
            { name: "hex-n2", address: "192.168.1.12" },
        ],
        addons: {
            "metrics-server": {},
            "local-path": {},
            metallb: { addresses: ["192.168.1.200-192.168.1.219"] },
            monitoring: { storage: "8Gi" },
        },
    });
    if ("problems" in checked) {
        throw new Error(checked.problems.join("\n"));
    }
    const { cluster: settings, addons } = checked.settings;
    const nodes = nodesOf(settings, checked.settings.nodes);
    const cluster = new Cluster("hex", {
        settings,
        nodes,
        digests: loadDigests(mirrorFolder("hex")),
        reports: await probeNodes(nodes),
    });
    const { provider, serve } = cluster;
    const inCluster = { parent: cluster, provider, deletedWith: cluster.lifetime };
    const deployed = deployAddons(
        { addons, cluster: settings, nodes, serve },
        { ...inCluster, dependsOn: cluster.ready },
    );

    const labels = { app: "shop" };
    const after = { ...inCluster, dependsOn: [...cluster.ready, ...deployed.ready] };
    new kubernetes.core.v1.PersistentVolumeClaim(
        "shop",
        {
            metadata: { name: "shop", namespace: "default" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
        after,
    );
    const service = new kubernetes.core.v1.Service(
        "shop",
        {
            metadata: { name: "shop", namespace: "default" },
            spec: { type: "LoadBalancer", selector: labels, ports: [{ port: 80 }] },
        },
        after,
    );

    return { kubeconfig: cluster.kubeconfig, shop: service.status.loadBalancer.ingress[0].ip };
};
