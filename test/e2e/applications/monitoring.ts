import assert from "node:assert/strict";

import type { Application } from ".";
import { graphQueries, prometheusService } from "../../../components/addons/monitoring/queries";
import { eventually } from "../harness";

const { namespace, name } = prometheusService;
const api = `/api/v1/namespaces/${namespace}/services/${name}:http/proxy/api/v1`;

interface Target {
    readonly labels: { readonly job: string; readonly node?: string };
    readonly health: string;
    readonly lastError: string;
}

/** Row W7: monitoring that one can look at. */
export const monitoring: Application = {
    addons: { monitoring: { interval: 5, cadvisor: true } },
    cases(stack, { nodes }) {
        const ask = async <T>(path: string) =>
            (JSON.parse(await stack.kubectl("get", "--raw", `${api}/${path}`)) as { data: T }).data;

        it("Prometheus reaches every kubelet, its cAdvisor, every node and its containers, the API server and DNS (W7)", async () => {
            const targets = await eventually("every target up", 40, async () => {
                const { activeTargets } = await ask<{ activeTargets: Target[] }>("targets?state=active");
                const down = activeTargets.filter(({ health }) => health !== "up");
                if (down.length > 0)
                    throw new Error(down.map(({ labels, lastError }) => `${labels.job} ${lastError}`).join());
                return activeTargets.length > 0 && activeTargets;
            });
            for (const job of ["kubelet", "cadvisor", "node-exporter", "containers"]) {
                const found = targets.filter(({ labels }) => labels.job === job).map(({ labels }) => labels.node);
                assert.deepEqual(found.sort(), [...nodes], job);
            }
            for (const job of ["apiserver", "coredns"])
                assert.ok(
                    targets.some(({ labels }) => labels.job === job),
                    job,
                );
        });

        for (const { id, query } of graphQueries) {
            it(`has figures of each node for the graph "${id}" (W7)`, () =>
                eventually("figures", 30, async () => {
                    const { result } = await ask<{ result: { metric: { node: string }; value: [number, string] }[] }>(
                        `query?query=${encodeURIComponent(query)}`,
                    );
                    const known = result.filter(({ value }) => Number(value[1]) > 0).map(({ metric }) => metric.node);
                    return nodes.every((node) => known.includes(node));
                }));
        }
    },
};
