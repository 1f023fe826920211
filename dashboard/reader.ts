import { graphQueries, prometheusService } from "../components/addons/monitoring/queries";
import type { Client } from "../standins/kubernetes/client";
import { ApiError, isNotFound } from "../standins/kubernetes/errors";
import { clusterView, quantity, type UsageByName } from "./projection";
import { ranges, type Range } from "./routes";
import type { ClusterView, GraphsView, GraphView, Usage } from "./views";

/** Milliseconds that the API may take for one answer. */
const timeout = 5000;

/** Points of a graph, at most. */
const points = 120;

const noMetrics = "CPU and memory in use: switch on the add-on metrics-server (slipway:addons: metrics-server: {}).";
const noMonitoring = "Graphs over time: switch on the add-on monitoring (slipway:addons: monitoring: {}).";

/** Asks the API for what the page shows: lists, metrics, and Prometheus through the API server's service proxy. */
export class Reader {
    constructor(private readonly client: Pick<Client, "request">) {}

    /** @throws Error with a sentence when the API doesn't answer. */
    async cluster(): Promise<ClusterView> {
        const [nodes, pods, services, events, usage] = await Promise.all([
            this.list("/api/v1/nodes"),
            this.list("/api/v1/pods"),
            this.list("/api/v1/services"),
            this.list("/api/v1/events"),
            this.usage(),
        ]);
        return clusterView({ nodes, pods, services, events, usage } as Parameters<typeof clusterView>[0]);
    }

    async graphs(range: Range, now = Date.now() / 1000): Promise<GraphsView> {
        const step = ranges[range] / points;
        // Whole steps: what was drawn stays where it was when the next point comes.
        const end = Math.floor(now / step) * step;
        const times = Array.from({ length: points + 1 }, (_, index) => end - (points - index) * step);
        try {
            const graphs = await Promise.all(graphQueries.map((graph) => this.graph(graph, times, step)));
            return { times, graphs };
        } catch (error) {
            if (isNotFound(error)) return { off: noMonitoring };
            if (error instanceof ApiError && error.code === 503) return { off: "Prometheus isn't ready yet." };
            throw error;
        }
    }

    private async graph(
        { id, title, unit, query }: (typeof graphQueries)[number],
        times: readonly number[],
        step: number,
    ): Promise<GraphView> {
        const { namespace, name, port } = prometheusService;
        const path = `/api/v1/namespaces/${namespace}/services/${name}:${port}/proxy/api/v1/query_range`;
        const asked = { query, start: String(times[0]), end: String(times.at(-1)), step: String(step) };
        const { data } = await this.client.request<RangeAnswer>("GET", path, { query: asked, timeout });
        const series = data.result.map(({ metric, values }) => {
            const found = new Map(values.map(([at, value]) => [Math.round((at - times[0]) / step), Number(value)]));
            return { node: metric.node ?? "", values: times.map((_, index) => found.get(index) ?? null) };
        });
        return { id, title, unit, series: series.sort((a, b) => a.node.localeCompare(b.node)) };
    }

    /** From the API server's memory, which is some milliseconds old at most: many lists at once cost etcd nothing. */
    private async list(path: string): Promise<unknown[]> {
        const options = { query: { resourceVersion: "0" }, timeout };
        return (await this.client.request<{ items: unknown[] }>("GET", path, options)).items;
    }

    private async usage(): Promise<UsageByName | string> {
        const ask = async <T>(what: "nodes" | "pods") =>
            (await this.client.request<{ items: T[] }>("GET", `/apis/metrics.k8s.io/v1beta1/${what}`, { timeout }))
                .items;
        try {
            const [nodes, pods] = await Promise.all([ask<NodeMetrics>("nodes"), ask<PodMetrics>("pods")]);
            const sum = (all: readonly Measured[]): Usage => ({
                cpu: all.reduce((total, { usage }) => total + quantity(usage.cpu), 0),
                memory: all.reduce((total, { usage }) => total + quantity(usage.memory), 0),
            });
            return {
                nodes: Object.fromEntries(nodes.map((node) => [node.metadata.name, sum([node])])),
                pods: Object.fromEntries(
                    pods.map(({ metadata, containers }) => [`${metadata.namespace}/${metadata.name}`, sum(containers)]),
                ),
            };
        } catch (error) {
            if (isNotFound(error)) return noMetrics;
            // The add-on's own fault, such as a server that is starting; the rest of the page goes on.
            if (error instanceof ApiError)
                return `CPU and memory in use: metrics-server doesn't answer (${error.code}).`;
            throw error;
        }
    }
}

interface Measured {
    readonly usage: { readonly cpu: string; readonly memory: string };
}
interface NodeMetrics extends Measured {
    readonly metadata: { readonly name: string };
}
interface PodMetrics {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly containers: readonly Measured[];
}
interface RangeAnswer {
    readonly data: {
        readonly result: readonly {
            readonly metric: Readonly<Record<string, string>>;
            readonly values: readonly (readonly [number, string])[];
        }[];
    };
}
