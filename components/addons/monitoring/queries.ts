/** One graph: a title, what its values are, and one query whose series carry the label `node`. */
export interface GraphQuery {
    readonly id: string;
    readonly title: string;
    /** "cores", "bytes", "bytes/s" or "pods": decides how values are written. */
    readonly unit: "cores" | "bytes" | "bytes/s" | "pods";
    /** PromQL. One series for each node, told apart by the label `node`. */
    readonly query: string;
}

/**
 * The graphs of a cluster: CPU, memory, network and pods for each node. What the dashboard draws and what tests ask
 * stands here once.
 *
 * The figures are the kubelets' own (cAdvisor and `kubelet_running_pods`): they tell apart nodes that share a kernel,
 * as a lab's do.
 */
export const graphQueries: readonly GraphQuery[] = [
    {
        id: "cpu",
        title: "CPU used by pods",
        unit: "cores",
        query: 'sum by (node) (rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[2m]))',
    },
    {
        id: "memory",
        title: "Memory used by pods",
        unit: "bytes",
        query: 'sum by (node) (container_memory_working_set_bytes{container!="",container!="POD"})',
    },
    {
        id: "network",
        title: "Network of pods, received and sent",
        unit: "bytes/s",
        query:
            'sum by (node) (rate(container_network_receive_bytes_total{interface="eth0"}[2m])' +
            ' + rate(container_network_transmit_bytes_total{interface="eth0"}[2m]))',
    },
    { id: "pods", title: "Running pods", unit: "pods", query: "sum by (node) (kubelet_running_pods)" },
];

/** Where Prometheus answers inside the cluster. */
export const prometheusService = { namespace: "monitoring", name: "prometheus", port: 9090 } as const;
