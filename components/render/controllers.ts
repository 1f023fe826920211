import type { ClusterSettings } from "../config/schema";
import { ownEndpoint } from "../inventory";
import { nodePrefix } from "../inventory/addressing";
import type { NodeSpec } from "../inventory/node";
import { certificatePaths, paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { kubeconfig } from "./kubeconfig";
import { environmentFiles, kubernetesInputs } from "./services";
import { command, commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags } from "./text";
import { tlsFlags } from "./tls";

/** Flags that controller-manager and scheduler share: who they are, and that only this machine may ask them. */
function common(kubeconfigPath: string) {
    return {
        ...tlsFlags,
        "authentication-kubeconfig": kubeconfigPath,
        "authorization-kubeconfig": kubeconfigPath,
        "bind-address": "127.0.0.1",
        "client-ca-file": paths.ca,
        kubeconfig: kubeconfigPath,
        // Also of a single one: when others go or come, no two must ever believe that they are alone.
        "leader-elect": true,
        profiling: false,
        "requestheader-client-ca-file": paths.frontProxyCa,
    };
}

/**
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
 *
 * @param kit folder of the node kit
 */
export function controllerManager(node: NodeSpec, cluster: ClusterSettings, kit: string): Fragment {
    const settings = {
        ...common(paths.controllerManagerKubeconfig),
        "allocate-node-cidrs": true,
        "cluster-cidr": cluster.network.podCidr,
        "cluster-name": cluster.name,
        "cluster-signing-cert-file": paths.signer,
        "cluster-signing-duration": `${cluster.certificates.hours}h`,
        "cluster-signing-key-file": paths.caKey,
        // tokencleaner is off by default: it deletes bootstrap tokens when they expire.
        controllers: ["*", "tokencleaner"],
        // When it takes the lead each of its controllers asks for a token of its own. At the defaults, 20 a second after the first 30,
        // a new cluster waits 5 s for the last of them.
        "kube-api-burst": 200,
        "kube-api-qps": 100,
        "node-cidr-mask-size": nodePrefix,
        "root-ca-file": paths.ca,
        "service-account-private-key-file": paths.serviceAccountKey,
        "service-cluster-ip-range": cluster.network.serviceCidr,
        // Pods that have ended are kept for whoever looks at them, but not 12,500 of them.
        "terminated-pod-gc-threshold": 500,
        "use-service-account-credentials": true,
    };
    return service({
        node,
        cluster,
        name: "controller-manager",
        description: "Kubernetes controllers",
        kubeconfigPath: paths.controllerManagerKubeconfig,
        arguments: flags(settings),
        inputs: [paths.ca, paths.signer, paths.caKey, paths.frontProxyCa, paths.serviceAccountKey],
        // It keeps its lease when it ends (until 1.36 at least), and whoever comes next would wait until that runs out, 15 s.
        stopped: command("/bin/sh", `${kit}/step`, "release-lease", "kube-controller-manager"),
    });
}

/** https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/ */
export function scheduler(node: NodeSpec, cluster: ClusterSettings): Fragment {
    return service({
        node,
        cluster,
        name: "scheduler",
        description: "Kubernetes scheduler",
        kubeconfigPath: paths.schedulerKubeconfig,
        arguments: flags(common(paths.schedulerKubeconfig)),
        inputs: [paths.ca, paths.frontProxyCa],
    });
}

interface Service {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    /** "scheduler": the command and unit are kube-scheduler, the certificate scheduler.crt. */
    readonly name: string;
    readonly description: string;
    readonly kubeconfigPath: string;
    readonly arguments: readonly string[];
    readonly inputs: readonly string[];
    /** A command line for when it has stopped. */
    readonly stopped?: string;
}

function service(of: Service): Fragment {
    const { node, cluster, name, description, kubeconfigPath, arguments: args, inputs, stopped } = of;
    const { certificate, key } = certificatePaths(paths.pki, name);
    return [
        {
            kind: "file",
            path: kubeconfigPath,
            mode: "0600",
            content: kubeconfig({
                name: cluster.name,
                // Its own machine's and no other: while versions change, another one may be newer or older than it.
                server: ownEndpoint(node, cluster).url,
                authority: { file: paths.ca },
                user: { certificate: { file: certificate }, key: { file: key } },
            }),
        },
        {
            kind: "unit",
            name: `kube-${name}.service`,
            state: "active",
            content: unitText({
                Unit: {
                    Description: description,
                    Documentation: `https://kubernetes.io/docs/reference/command-line-tools-reference/kube-${name}/`,
                    After: "network-online.target kube-apiserver.service kubernetes-hosts.service",
                    Wants: "network-online.target kube-apiserver.service kubernetes-hosts.service",
                    ...neverGiveUp,
                },
                Service: {
                    EnvironmentFile: environmentFiles(),
                    ExecStart: commandLine(`${paths.kubernetes}/kube-${name}`, "$KUBE_LOGGING", ...args),
                    ...(stopped && { ExecStopPost: `-${stopped}` }),
                    ...respawn,
                    NoNewPrivileges: "yes",
                    TimeoutStopSec: "20",
                },
            }),
            after: [...kubernetesInputs, kubeconfigPath, certificate, key, ...inputs],
        },
    ];
}
