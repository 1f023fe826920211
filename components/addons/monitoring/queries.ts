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
 * The control group of all pods, by either of the kubelet's cgroup drivers. Containers' own series carry no pod's name
 * where docker runs them.
 */
const pods = '{job="cadvisor",id=~"/kubepods([.]slice)?"}';

/** A node's own interfaces, without those of pods and of the overlay. */
const links = '{job="cadvisor",id="/",interface!~"(cni|flannel|veth|docker|br-).*"}';

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
        query: `sum by (node) (rate(container_cpu_usage_seconds_total${pods}[2m]))`,
    },
    {
        id: "memory",
        title: "Memory used by pods",
        unit: "bytes",
        query: `sum by (node) (container_memory_working_set_bytes${pods})`,
    },
    {
        id: "network",
        title: "Network of nodes, received and sent",
        unit: "bytes/s",
        query:
            `sum by (node) (rate(container_network_receive_bytes_total${links}[2m])` +
            ` + rate(container_network_transmit_bytes_total${links}[2m]))`,
    },
    { id: "pods", title: "Running pods", unit: "pods", query: "sum by (node) (kubelet_running_pods)" },
];

/** Where Prometheus answers inside the cluster. */
export const prometheusService = { namespace: "monitoring", name: "prometheus", port: 9090 } as const;
