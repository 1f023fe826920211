import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { images } from "../mirror/catalogue";
import { clusterProvider, NodeAccess, Viewer } from "./access";
import { CoreDns, Flannel } from "./addons";
import { ClusterSettings } from "./config/schema";
import { controlPlanesInTurn } from "./controlplane";
import { clusterEndpoint, dnsServiceIp, isControlPlane, minimumReady, NodeSpec, operatorEndpoint } from "./inventory";
import { nodeMember, NodeAgents, PreparedNode, spokesman, stepsOf, Turns, whoHasData } from "./node";
import { Derive, Pki, Serve } from "./pki";
import { NodeReport, nodesReady, restartClients, rewriteSecrets } from "./remote";
import { Digests } from "./render/artifacts";

export interface ClusterArgs {
    readonly settings: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    /** Digests of everything that nodes fetch: `loadDigests(mirror)`. */
    readonly digests: Digests;
    /** What `probeNodes` found. Without it drift isn't seen, and a node that can't be reached fails its steps. */
    readonly reports?: Readonly<Record<string, NodeReport>>;
}

/** A Kubernetes cluster on machines that are reached over SSH. The constructor is the list of phases. */
export class Cluster extends pulumi.ComponentResource {
    /** The operator's kubeconfig, a secret. */
    readonly kubeconfig: pulumi.Output<string>;
    /** Where the operator reaches the API: "https://HOST:PORT". */
    readonly endpoint: string;
    /** For `opts.provider` of everything that is deployed to this cluster. */
    readonly provider: kubernetes.Provider;
    /**
     * For `opts.deletedWith` of everything that is deployed to this cluster. What lives in the API ends with it: deleting
     * it one by one would wait for kubelets that are taken away at the same time.
     */
    readonly lifetime: pulumi.Resource;
    /** What a workload waits for that asks for no names: enough nodes that take pods. */
    readonly nodesReady: pulumi.Resource[];
    /** What the others wait for: enough nodes, names resolved. */
    readonly ready: pulumi.Resource[];
    /** Certificates of the cluster's own authority for servers that run in the cluster. */
    readonly serve: Serve;
    /** Secrets for what runs in the cluster, each for one purpose; 256 bits in hexadecimal. */
    readonly secret: Derive;

    private readonly pki: Pki;

    constructor(name: string, args: ClusterArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("slipway:index:Cluster", name, {}, opts);
        const { settings, nodes, digests, reports } = args;
        const child = { parent: this };
        const controlPlane = spokesman(nodes, reports);
        const pki = new Pki(`${name}-pki`, { cluster: settings, nodes, through: controlPlane }, child);
        this.serve = (served, parent) => pki.serve(served, parent);
        this.secret = (purpose) => pki.secret(purpose);
        const machines = nodes.map((node) => {
            const report = reports?.[node.name];
            const shared = { node, cluster: settings, nodes, pki, report, step: stepsOf(node, report) };
            const { fingerprint, fingerprints } = pki;
            const prepared = new PreparedNode(node.name, { ...shared, digests, fingerprint, fingerprints }, child);
            return { ...shared, prepared };
        });

        const planes = machines.filter(({ node }) => isControlPlane(node));
        const answering = controlPlanesInTurn(name, { planes, data: whoHasData(nodes, reports) }, child);

        const { generation } = settings.encryption;
        if (generation > 1) {
            const args = { controlPlane, generation };
            rewriteSecrets(`${name}-rewrite-secrets`, args, { ...child, dependsOn: answering });
        }

        this.kubeconfig = pki.operatorKubeconfig;
        this.endpoint = operatorEndpoint(settings, nodes, controlPlane).url;
        this.pki = pki;
        this.provider = clusterProvider(
            name,
            { cluster: settings.name, kubeconfig: pki.adminKubeconfig },
            { ...child, dependsOn: answering },
        );
        this.lifetime = this.provider;
        const inCluster = { ...child, providers: { kubernetes: this.provider }, deletedWith: this.lifetime };

        const access = new NodeAccess(`${name}-node-access`, inCluster);
        new Viewer(`${name}-viewer`, inCluster);
        const turns = new Turns(settings.maxUnavailable, reports);
        // Votes in etcd go one after the other.
        let lastVote: pulumi.Resource[] = [];
        const nodesActivated: pulumi.Resource[] = [];
        for (const machine of machines) {
            const { node } = machine;
            const after = [...answering, ...turns.before(node)];
            const args = { ...machine, controlPlane, after, access };
            const { activated } = new NodeAgents(`${node.name}-agents`, args, child);
            const voter = isControlPlane(node);
            const member = nodeMember(
                `${node.name}-member`,
                { node, cluster: settings, nodes, reports },
                {
                    ...child,
                    deletedWith: this.lifetime,
                    dependsOn: [...answering, activated, ...(voter ? lastVote : [])],
                },
            );
            if (voter) lastVote = [member];
            turns.after(node, activated);
            nodesActivated.push(activated);
        }

        if (settings.certificates.trusted.length > 0) {
            // Before another authority signs, whoever calls the API has to know it.
            restartClients(
                `${name}-restart-clients`,
                { controlPlane, trust: pki.trust },
                { ...child, dependsOn: nodesActivated },
            );
        }

        const image = images(settings.versions);
        const { backend, podCidr, serviceCidr } = settings.network;
        const network =
            backend === "none"
                ? []
                : [
                      new Flannel(
                          "flannel",
                          { image: image.flannel.reference, podCidr, backend, api: clusterEndpoint(settings) },
                          inCluster,
                      ),
                  ];
        // Without a network no node is Ready: whoever brings one installs it when this is done.
        const gate =
            backend === "none"
                ? answering
                : [
                      nodesReady(
                          `${name}-nodes-ready`,
                          { controlPlane, nodes: nodes.length, minimum: minimumReady(settings, nodes) },
                          { parent: this, dependsOn: [...answering, ...network] },
                      ),
                  ];
        const dns = new CoreDns(
            "coredns",
            {
                image: image.coredns.reference,
                address: dnsServiceIp(serviceCidr),
                domain: settings.domain,
                replicas: Math.min(2, nodes.length),
                awaited: backend !== "none",
            },
            { ...inCluster, dependsOn: network },
        );

        this.nodesReady = gate;
        this.ready = [...gate, dns];
        this.registerOutputs({ kubeconfig: this.kubeconfig, endpoint: this.endpoint });
    }

    /** When each certificate ends, RFC 3339; those that were served until it is read are there, too. */
    get certificates(): pulumi.Output<Record<string, string>> {
        return this.pki.expiries;
    }
}
