/** From objects of the API to what the page shows. Pure. */
import type { CoreV1Event, V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import type { ClusterView, EventView, NodeView, PodView, ServiceView, Usage } from "./views";

/** The newest events that are shown. */
const eventsShown = 100;

/** Objects as the API's JSON has them: times are texts there. */
export interface Lists {
    readonly nodes: readonly V1Node[];
    readonly pods: readonly V1Pod[];
    readonly services: readonly V1Service[];
    readonly events: readonly CoreV1Event[];
    /** By "NODE" and by "NAMESPACE/POD"; or why there is none. */
    readonly usage: UsageByName | string;
}

export interface UsageByName {
    readonly nodes: Readonly<Record<string, Usage>>;
    readonly pods: Readonly<Record<string, Usage>>;
}

export function clusterView(lists: Lists, now = new Date()): ClusterView {
    const usage = typeof lists.usage === "string" ? { nodes: {}, pods: {} } : lists.usage;
    const pods = lists.pods.map((pod) => podView(pod, usage.pods));
    const counts = new Map<string, number>();
    for (const { node, health } of pods) if (health !== "done") counts.set(node, (counts.get(node) ?? 0) + 1);
    return {
        at: now.toISOString(),
        nodes: lists.nodes.map((node) => nodeView(node, usage.nodes, counts)),
        pods: pods.sort(byName),
        services: lists.services.map(serviceView).sort(byName),
        events: lists.events
            .map(eventView)
            .sort((a, b) => b.at.localeCompare(a.at))
            .slice(0, eventsShown),
        ...(typeof lists.usage === "string" && { noMetrics: lists.usage }),
    };
}

type Named = { readonly namespace: string; readonly name: string };
const byName = (a: Named, b: Named) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);

const rolePrefix = "node-role.kubernetes.io/";

function nodeView(node: V1Node, usage: UsageByName["nodes"], pods: ReadonlyMap<string, number>): NodeView {
    const { name = "", labels = {} } = node.metadata ?? {};
    const { conditions = [], addresses = [], allocatable = {}, nodeInfo } = node.status ?? {};
    const checked = conditions.map(({ type, status, reason, message }) => ({
        name: type,
        // Ready shall be true, everything else is a complaint.
        good: status === (type === "Ready" ? "True" : "False"),
        text: `${type} is ${status}: ${message || reason || "no reason given"}`,
    }));
    const ready = conditions.find(({ type }) => type === "Ready")?.status;
    return {
        name,
        roles: Object.keys(labels)
            .filter((label) => label.startsWith(rolePrefix))
            .map((label) => label.slice(rolePrefix.length))
            .sort(),
        state: ready === "True" ? "Ready" : ready === "False" ? "NotReady" : "Unknown",
        cordoned: node.spec?.unschedulable ?? false,
        problems: checked.filter(({ good }) => !good).map(({ text }) => text),
        conditions: checked.map(({ name, good }) => ({ name, good })),
        addresses: addresses.filter(({ type }) => type !== "Hostname").map(({ address }) => address),
        version: nodeInfo?.kubeletVersion ?? "",
        runtime: nodeInfo?.containerRuntimeVersion.replace("://", " ") ?? "",
        system: nodeInfo?.osImage ?? "",
        kernel: nodeInfo?.kernelVersion ?? "",
        architecture: nodeInfo?.architecture ?? "",
        room: {
            cpu: quantity(allocatable.cpu),
            memory: quantity(allocatable.memory),
            pods: quantity(allocatable.pods),
        },
        ...(usage[name] && { usage: usage[name] }),
        pods: pods.get(name) ?? 0,
        since: time(node.metadata?.creationTimestamp),
    };
}

function podView(pod: V1Pod, usage: UsageByName["pods"]): PodView {
    const { namespace = "", name = "", deletionTimestamp, creationTimestamp } = pod.metadata ?? {};
    const {
        phase = "Unknown",
        reason,
        podIP = "",
        containerStatuses = [],
        initContainerStatuses = [],
    } = pod.status ?? {};
    const ready = containerStatuses.filter((one) => one.ready).length;
    const all = pod.spec?.containers.length ?? 0;
    // What a container waits for says more than the phase: ImagePullBackOff, CrashLoopBackOff …
    const stuck = [...initContainerStatuses, ...containerStatuses]
        .map(({ state }) => state?.waiting?.reason ?? (phase === "Running" ? state?.terminated?.reason : undefined))
        .find((why) => why !== undefined && why !== "Completed" && why !== "PodInitializing");
    const state = deletionTimestamp
        ? "Terminating"
        : phase === "Succeeded"
          ? "Completed"
          : (stuck ?? reason ?? (phase === "Running" && ready < all ? "NotReady" : phase));
    const known = usage[`${namespace}/${name}`];
    return {
        namespace,
        name,
        node: pod.spec?.nodeName ?? "",
        state,
        health: healthOf(state),
        ready: `${ready}/${all}`,
        restarts: containerStatuses.reduce((sum, one) => sum + one.restartCount, 0),
        address: podIP,
        ...(known && { usage: known }),
        since: time(creationTimestamp),
    };
}

function healthOf(state: string): PodView["health"] {
    if (state === "Running") return "good";
    if (state === "Completed") return "done";
    return ["Pending", "ContainerCreating", "NotReady", "Terminating"].includes(state) ? "waiting" : "bad";
}

function serviceView(service: V1Service): ServiceView {
    const { namespace = "", name = "", creationTimestamp } = service.metadata ?? {};
    const { type = "ClusterIP", clusterIP = "", externalIPs = [], externalName, ports = [] } = service.spec ?? {};
    const balanced = (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
    return {
        namespace,
        name,
        type,
        address: externalName ?? clusterIP,
        external: [...new Set([...externalIPs, ...balanced])],
        ports: ports.map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`),
        since: time(creationTimestamp),
    };
}

function eventView(event: CoreV1Event): EventView {
    const { kind = "", namespace, name = "" } = event.involvedObject;
    const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime;
    return {
        at: time(last ?? event.metadata.creationTimestamp),
        type: event.type ?? "Normal",
        reason: event.reason ?? "",
        about: `${kind} ${namespace ? `${namespace}/` : ""}${name}`,
        message: event.message ?? "",
        count: event.series?.count ?? event.count ?? 1,
    };
}

/** The client's types say Date, and JSON has a text; times of whole and of split seconds sort alike this way. */
const time = (value: unknown) => (value ? new Date(String(value)).toISOString() : "");

const suffixes: Readonly<Record<string, number>> = {
    ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
    ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

/** A quantity as a number: "250m" is 0.25, "2Gi" is 2147483648; 0 for what is none. */
export function quantity(text: string | undefined): number {
    const [, digits, suffix] = /^([\d.]+)([A-Za-z]*)$/.exec(text ?? "") ?? [];
    return digits === undefined ? 0 : Number(digits) * (suffixes[suffix] ?? 0);
}
