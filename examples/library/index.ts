// A program of one's own that builds a cluster with Slipway's components and deploys something of its own to it.
//
// The digests of everything that nodes fetch come from a mirror that `npm run mirror -- --stack hex` filled in this
// checkout. The SSH agent has the key of the account bb.
import * as kubernetes from "@pulumi/kubernetes";

import { Cluster, nodesOf } from "../../components";
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
    });
    if ("problems" in checked) {
        throw new Error(checked.problems.join("\n"));
    }
    const { cluster: settings } = checked.settings;
    const nodes = nodesOf(settings, checked.settings.nodes);

    const cluster = new Cluster("hex", {
        settings,
        nodes,
        digests: loadDigests(mirrorFolder("hex")),
        reports: await probeNodes(nodes),
    });

    new kubernetes.core.v1.Namespace(
        "shop",
        { metadata: { name: "shop" } },
        { provider: cluster.provider, dependsOn: cluster.ready, deletedWith: cluster.lifetime },
    );

    return { kubeconfig: cluster.kubeconfig, endpoint: cluster.endpoint, certificates: cluster.certificates };
};
