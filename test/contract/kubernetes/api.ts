/** The cases' own hands in the cluster: requests beside the plugin, and what kubelets would do where there are none. */
import { KubeConfig } from "@kubernetes/client-node";
import { Client } from "../../../standins/kubernetes/client";
import type { KubeObject } from "../../../standins/kubernetes/objects";
import type { Values } from "../../../standins/values";

export type Request = (method: string, path: string, body?: unknown, type?: string) => Promise<KubeObject & Values>;

/** Sends requests to the API server of a kubeconfig. */
export function openApi(kubeconfig: string): { request: Request; close(): void } {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfig);
    const client = new Client(kubeConfig);
    const request: Request = (method, path, body, type) => {
        const [plain, search] = path.split("?");
        const query = Object.fromEntries(new URLSearchParams(search));
        return client.request(method, plain, { query, body, contentType: type });
    };
    return { request, close: () => client.close() };
}

export const merge = "application/merge-patch+json";
export const apply = "application/apply-patch+yaml";

const isTrue = (type: string) => ({ type, status: "True" });

/** What a pod's status becomes, by its label `kubelet`: "ready", "done", "failed"; without the label nothing. */
const statuses: Record<string, Values> = {
    ready: {
        phase: "Running",
        conditions: ["PodScheduled", "Initialized", "Ready", "ContainersReady"].map(isTrue),
    },
    done: { phase: "Succeeded", conditions: [isTrue("PodScheduled")] },
    failed: { phase: "Failed", conditions: [isTrue("PodScheduled")] },
    broken: {
        phase: "Pending",
        conditions: [isTrue("PodScheduled"), isTrue("Initialized")],
        containerStatuses: [
            {
                name: "main",
                ready: false,
                restartCount: 0,
                image: "x",
                imageID: "",
                state: { waiting: { reason: "ErrImagePull", message: "no such image" } },
            },
        ],
    },
};

const node = "hollow";

/** Binds a namespace's pods and sets their status as their label says, every 50 ms, until it is stopped. */
export function playKubelet(request: Request, namespace: string): { stop(): Promise<void> } {
    let stopped = false;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const play = async (pod: KubeObject) => {
        const status = statuses[pod.metadata.labels?.kubelet ?? ""];
        if (!status || (pod.status?.phase === status.phase && pod.status?.conditions)) return;
        const { name } = pod.metadata;
        const target = { metadata: { name }, target: { kind: "Node", name: node } };
        if (!pod.spec.nodeName) await request("POST", `${path}/${name}/binding`, target);
        const body = { status: { ...status, podIP: "10.1.1.1", podIPs: [{ ip: "10.1.1.1" }] } };
        await request("PATCH", `${path}/${name}/status`, body, merge);
    };
    const run = async () => {
        await request("POST", "/api/v1/nodes", { metadata: { name: node } });
        while (!stopped) {
            const { items = [] } = await request("GET", path).catch(() => ({ items: [] as KubeObject[] }));
            // Pods come and go between the requests.
            for (const pod of items) await play(pod).catch(() => undefined);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await request("DELETE", `/api/v1/nodes/${node}`);
    };
    const running = run();
    return { stop: () => ((stopped = true), running) };
}
