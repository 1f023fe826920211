// A cluster, and applications on it: components that may be taken one by one.
import { Cluster, nodesOf } from "../../components";
import { validate } from "../../components/config";
import { BlueGreen, Microservices, Redis } from "../../components/workloads";
import { probeNodes } from "../../components/remote";
import { images } from "../../mirror/catalogue";
import { loadDigests } from "../../mirror/digests";
import { mirrorFolder } from "../../setup/stackRecord";

export = async () => {
    const checked = validate({
        cluster: { name: "hex", ssh: { user: "bb" } },
        nodes: [
            { name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"] },
            { name: "hex-n2", address: "192.168.1.12" },
        ],
        // So that the machines have the images, and ports that are taken twice are refused.
        workloads: { redis: {}, microservices: {}, "blue-green": {} },
    });
    if ("problems" in checked) {
        throw new Error(checked.problems.join("\n"));
    }
    const { cluster: settings } = checked.settings;
    const nodes = nodesOf(settings, checked.settings.nodes);
    const image = images(settings.versions);

    const cluster = new Cluster("hex", {
        settings,
        nodes,
        digests: loadDigests(mirrorFolder("hex")),
        reports: await probeNodes(nodes),
    });
    const inCluster = {
        providers: { kubernetes: cluster.provider },
        dependsOn: cluster.ready,
        deletedWith: cluster.lifetime,
    };

    const cache = new Redis(
        "cache",
        { image: image.redis!.reference, node: nodes[1], port: 6379, password: cluster.secret("the cache") },
        inCluster,
    );
    const shop = new Microservices(
        "shop",
        {
            images: {
                auth: image.auth!.reference,
                hello: image.hello!.reference,
                nginx: image.nginx.reference,
            },
            replicas: 2,
            port: 443,
            externalAddress: nodes[1].address,
            secret: cluster.secret("the shop's tokens"),
            serve: cluster.serve,
        },
        inCluster,
    );
    const releases = new BlueGreen(
        "releases",
        {
            images: { current: image.hello!.reference, next: image.helloNext!.reference },
            active: "green",
            replicas: 2,
            nodePort: 30081,
            address: nodes[1].address,
        },
        inCluster,
    );

    return { kubeconfig: cluster.kubeconfig, urls: { cache: cache.url, shop: shop.url, releases: releases.url } };
};
