/** What is wrong with pods: the reasons that `kubectl describe` would show. */
import type { Cluster } from "../cluster";
import type { KubeObject } from "../objects";
import { condition, selectorText, titleOf } from "./awaiter";

interface Terminated {
    reason?: string;
    message?: string;
    exitCode: number;
}

interface ContainerStatus {
    name: string;
    ready: boolean;
    state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated; running?: unknown };
    lastState?: { terminated?: Terminated };
}

/** No more pods than these are spoken of, and no more events of each. */
const podsShown = 5;
const eventsShown = 3;

const withMessage = (reason = "", message = ""): string => (message ? `${reason}: ${message.trim()}` : reason);

const ended = ({ reason, message, exitCode }: Terminated): string =>
    withMessage(`${reason ?? "ended"} with exit code ${exitCode}`, message);

/** What keeps a container from being ready, or undefined when it just takes its time. */
export function containerProblem(status: ContainerStatus): string | undefined {
    if (status.ready) return undefined;
    const { waiting, terminated } = status.state ?? {};
    const last = status.lastState?.terminated;
    const parts: string[] = [];
    if (waiting && !["ContainerCreating", "PodInitializing"].includes(waiting.reason ?? "")) {
        parts.push(withMessage(waiting.reason, waiting.message));
    }
    if (terminated && terminated.exitCode !== 0) parts.push(ended(terminated));
    if (last) parts.push(`ended before: ${ended(last)}`);
    if (parts.length === 0 && status.state?.running) parts.push("runs, but isn't ready");
    return parts.length > 0 ? `container ${status.name}: ${parts.join("; ")}` : undefined;
}

/** What keeps a pod from being ready, by its own status. */
export function podProblems(pod: KubeObject): string[] {
    const title = titleOf(pod);
    if (condition(pod, "Ready")?.status === "True" || pod.status?.phase === "Succeeded") return [];
    const scheduled = condition(pod, "PodScheduled");
    if (scheduled?.status !== "True") {
        return [`${title} has no node: ${withMessage(scheduled?.reason ?? "not scheduled yet", scheduled?.message)}`];
    }
    const statuses: ContainerStatus[] = [
        ...(pod.status?.initContainerStatuses ?? []).filter((status: ContainerStatus) => !status.state?.terminated),
        ...(pod.status?.containerStatuses ?? []),
    ];
    const found = statuses.map(containerProblem).filter((text) => text !== undefined);
    const reason = pod.status?.reason && withMessage(pod.status.reason, pod.status.message);
    const where = `on node ${pod.spec?.nodeName ?? "?"}`;
    return [...found, ...(reason ? [reason] : [])].map((text) => `${title} ${where}: ${text}`);
}

/** The latest warnings about an object. */
export async function warningsOf(cluster: Cluster, object: KubeObject): Promise<string[]> {
    const fields = `involvedObject.uid=${object.metadata.uid},type=Warning`;
    const kind = { apiVersion: "v1", kind: "Event", namespace: object.metadata.namespace };
    const events = await cluster.list(kind, { fieldSelector: fields }).catch(() => []);
    const time = (event: KubeObject) => String(event.lastTimestamp ?? event.eventTime ?? "");
    const latest = events.sort((a, b) => (time(a) < time(b) ? 1 : -1)).slice(0, eventsShown);
    return latest.map((event) => `${titleOf(object)}: ${withMessage(event.reason, event.message)}`);
}

/** What is wrong with the pods of an object that selects some (spec.selector), and with itself. */
export async function problemsOfPods(cluster: Cluster, object: KubeObject): Promise<string[]> {
    const labelSelector = selectorText(object.spec?.selector ?? {});
    const kind = { apiVersion: "v1", kind: "Pod", namespace: object.metadata.namespace };
    const pods = await cluster.list(kind, { labelSelector }).catch(() => []);
    const unwell = pods.filter((pod) => podProblems(pod).length > 0).slice(0, podsShown);
    const texts = await Promise.all(
        unwell.map(async (pod) => [...podProblems(pod), ...(await warningsOf(cluster, pod))]),
    );
    return [...new Set([...(await warningsOf(cluster, object)), ...texts.flat()])];
}
