/** One entry of Prometheus' `scrape_configs`, as its documentation has it. */
type Job = Readonly<Record<string, unknown>>;

const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What answers with a certificate of the cluster's authority and asks who calls. */
const verified = {
    scheme: "https",
    tls_config: { ca_file: `${accountFolder}/ca.crt` },
    authorization: { credentials_file: `${accountFolder}/token` },
};

const nodes = [{ role: "node" }];
const endpoints = (namespace: string) => [{ role: "endpointslice", namespaces: { names: [namespace] } }];
const keep = (label: string, value: string) => ({
    source_labels: [`__meta_kubernetes_${label}`],
    regex: value,
    action: "keep",
});
/** Every graph asks by this label. */
const nodeFrom = (label: string) => ({ source_labels: [`__meta_kubernetes_${label}`], target_label: "node" });

/** The pods of one of this namespace's DaemonSets. */
const ownPods = (job: keyof typeof daemonSets): Job => ({
    job_name: job,
    kubernetes_sd_configs: [{ role: "pod", namespaces: { own_namespace: true } }],
    relabel_configs: [keep("pod_label_app_kubernetes_io_name", daemonSets[job]), nodeFrom("pod_node_name")],
});

/** "cadvisor" is the kubelets' own. */
const daemonSets = { "node-exporter": "node-exporter", containers: "cadvisor" } as const;

const jobs: readonly Job[] = [
    {
        job_name: "kubelet",
        ...verified,
        kubernetes_sd_configs: nodes,
        relabel_configs: [nodeFrom("node_name")],
    },
    {
        job_name: "cadvisor",
        ...verified,
        metrics_path: "/metrics/cadvisor",
        kubernetes_sd_configs: nodes,
        relabel_configs: [nodeFrom("node_name")],
    },
    ownPods("node-exporter"),
    ownPods("containers"),
    {
        job_name: "apiserver",
        ...verified,
        kubernetes_sd_configs: endpoints("default"),
        relabel_configs: [keep("service_name", "kubernetes"), keep("endpointslice_port_name", "https")],
    },
    {
        job_name: "coredns",
        kubernetes_sd_configs: endpoints("kube-system"),
        relabel_configs: [
            keep("service_name", "kube-dns"),
            keep("endpointslice_port_name", "metrics"),
            nodeFrom("endpointslice_endpoint_topology_kubernetes_io_hostname"),
        ],
    },
];

/**
 * Prometheus' configuration: kubelets, their cAdvisor, node_exporter, the API server and CoreDNS, found through the API.
 * Whoever speaks TLS is checked against the cluster's authority.
 *
 * @param interval seconds between two looks at a target
 */
export function prometheusConfig(interval: number): string {
    return JSON.stringify(
        {
            global: { scrape_interval: `${interval}s`, scrape_timeout: `${Math.min(interval, 10)}s` },
            scrape_configs: jobs,
        },
        undefined,
        2,
    );
}

/** What Prometheus needs to be allowed for these. */
export const scrapeRights = [
    { apiGroups: [""], resources: ["nodes", "services", "pods"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
    { nonResourceURLs: ["/metrics"], verbs: ["get"] },
];
