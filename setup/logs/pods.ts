import type * as http from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Client } from "../../standins/kubernetes/client";
import { ApiError, isNotFound, messageOf } from "../../standins/kubernetes/errors";
import type { Sink } from "./line";

export interface PodQuestion {
    /** A label selector ("app=web", "tier in (a,b)"), or a part of pods' names. */
    readonly selector: string;
    /** Absent: all. */
    readonly namespace?: string;
    /** Absent: every container that isn't an init container. */
    readonly container?: string;
    /** Of the container that ran before the present one. */
    readonly previous: boolean;
    /** Seconds to look back. Absent: everything when not following; else the last lines. */
    readonly since?: number;
}

/** Lines of each container to begin with, where nothing says how far to look back. */
const firstLines = 20;

/** Whether it is a label selector; a name has none of these signs. */
const isLabelSelector = (text: string) => /[=!,]|\s(in|notin)\s/.test(text);

/** Prints what there is of the logs of all matching pods. Returns how many containers there were. */
export async function readPods(client: Client, question: PodQuestion, sink: Sink): Promise<number> {
    const { items } = await list(client, question);
    const all = items.filter((pod) => matches(pod, question)).flatMap((pod) => containersOf(pod, question));
    const query = { ...sinceOf(question), ...(question.previous && { previous: "true" }) };
    await Promise.all(all.map((one) => readContainer(client, one, query, { sink })));
    return all.length;
}

/** Follows the logs of all matching pods, those that come later too, until `signal` says so. */
export async function followPods(
    client: Client,
    question: PodQuestion,
    sink: Sink,
    signal: AbortSignal,
): Promise<void> {
    const follower = new Follower(client, question, sink, signal);
    let silent = false;
    while (!signal.aborted) {
        try {
            const { items, metadata } = await list(client, question, signal);
            if (silent) sink.say("The API answers again.");
            silent = false;
            follower.begin(items);
            await follower.watch(metadata.resourceVersion);
        } catch (error) {
            if (signal.aborted) return;
            if (error instanceof ApiError && (error.code === 400 || error.code === 403)) throw error;
            if (!silent) sink.say(`${messageOf(error)} Trying again …`);
            silent = true;
            await sleep(1000, undefined, { signal }).catch(() => undefined);
        }
    }
}

/** A container of a pod that has started. */
interface Container {
    readonly namespace: string;
    readonly pod: string;
    readonly name: string;
    readonly node: string;
    /** "POD", or "POD/CONTAINER" where the pod has several; with "NAMESPACE/" before it outside of default. */
    readonly source: string;
    /** Another one after each restart. */
    readonly instance: string;
}

/** How far a container's log was read: the time of its newest line. */
interface Position {
    time: string;
}

interface PodList {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly V1Pod[];
}

interface WatchEvent {
    readonly type: "ADDED" | "MODIFIED" | "DELETED" | "ERROR" | "BOOKMARK";
    readonly object: V1Pod;
}

const pathOf = ({ namespace }: Pick<PodQuestion, "namespace">) =>
    namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;

const labelsOf = ({ selector }: PodQuestion) => (isLabelSelector(selector) ? { labelSelector: selector } : {});

const sinceOf = ({ since }: PodQuestion): Record<string, string> =>
    since === undefined ? {} : { sinceSeconds: String(since) };

function list(client: Client, question: PodQuestion, signal?: AbortSignal): Promise<PodList> {
    return client.request<PodList>("GET", pathOf(question), { query: labelsOf(question), signal, timeout: 10_000 });
}

function matches({ metadata }: V1Pod, { selector }: PodQuestion): boolean {
    return isLabelSelector(selector) || (metadata?.name ?? "").includes(selector);
}

/** The containers of a pod that have something to say. */
function containersOf(pod: V1Pod, { container, previous }: PodQuestion): Container[] {
    const { name = "", namespace = "" } = pod.metadata ?? {};
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    const wanted = container === undefined ? containerStatuses : [...initContainerStatuses, ...containerStatuses];
    const several = (pod.spec?.containers.length ?? 0) > 1;
    const has = ({ restartCount, state, containerID }: V1ContainerStatus) =>
        previous ? restartCount > 0 : containerID !== undefined && state?.waiting === undefined;
    return wanted
        .filter((one) => container === undefined || one.name === container)
        .filter(has)
        .map((one) => ({
            namespace,
            pod: name,
            name: one.name,
            node: pod.spec?.nodeName ?? "",
            source: `${namespace === "default" ? "" : `${namespace}/`}${name}${several ? `/${one.name}` : ""}`,
            instance: `${pod.metadata?.uid}/${one.name}/${one.containerID}`,
        }));
}

/** Opens one container's log and hands on its lines that are newer than `position`, which goes with them. */
async function readContainer(
    client: Client,
    { namespace, pod, name, node, source }: Container,
    query: Readonly<Record<string, string>>,
    { sink, signal, position = { time: "" } }: { sink: Sink; signal?: AbortSignal; position?: Position },
): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
    const answer = await client.open("GET", path, {
        query: { ...query, container: name, timestamps: "true" },
        signal,
    });
    const known = position.time;
    for await (const written of linesOf(answer)) {
        const space = written.indexOf(" ");
        const time = comparable(written.slice(0, space));
        if (time <= known) continue;
        position.time = time;
        sink.line({ time, source, node, text: written.slice(space + 1) });
    }
}

/** Times as long as each other, so that they sort as text: the API leaves out zeros at the end. */
export function comparable(time: string): string {
    const [, whole, fraction = ""] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
    return whole === undefined ? time : `${whole}.${fraction.padEnd(9, "0")}Z`;
}

async function* linesOf(answer: http.IncomingMessage): AsyncGenerator<string> {
    yield* createInterface({ input: answer, crlfDelay: Infinity });
}

class Follower {
    /** Instances of containers that are followed, or were. */
    private readonly known = new Set<string>();
    /** Names of the pods that are there, by their UID. */
    private readonly pods = new Map<string, string>();
    private first = true;

    constructor(
        private readonly client: Client,
        private readonly question: PodQuestion,
        private readonly sink: Sink,
        private readonly signal: AbortSignal,
    ) {}

    /** Takes in everything that is there now. */
    begin(items: readonly V1Pod[]): void {
        const found = items.filter((pod) => matches(pod, this.question));
        const uids = new Set(found.map(({ metadata }) => metadata?.uid));
        for (const uid of this.pods.keys()) if (!uids.has(uid)) this.leave(uid);
        if (found.length === 0 && this.first) {
            this.sink.say(`No pod matches "${this.question.selector}" yet: waiting for one.`);
        }
        found.forEach((pod) => this.look(pod));
        this.first = false;
    }

    /** Hears of changes until the API ends the watch, as it does every few minutes. */
    async watch(resourceVersion: string): Promise<void> {
        const query = { ...labelsOf(this.question), watch: "true", resourceVersion };
        const answer = await this.client.open("GET", pathOf(this.question), { query, signal: this.signal });
        for await (const line of linesOf(answer)) {
            const { type, object } = JSON.parse(line) as WatchEvent;
            if (type === "ERROR") return;
            if (!matches(object, this.question)) continue;
            if (type === "DELETED") this.leave(object.metadata?.uid ?? "");
            else this.look(object);
        }
    }

    private look(pod: V1Pod): void {
        const uid = pod.metadata?.uid ?? "";
        for (const container of containersOf(pod, this.question)) {
            if (!this.pods.has(uid)) {
                const name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
                this.pods.set(uid, name);
                if (!this.first) this.sink.say(`+ ${name} on ${container.node}`);
            }
            if (this.known.has(container.instance)) continue;
            this.known.add(container.instance);
            // Of those that come later nothing is left out.
            const last: Record<string, string> = this.first ? { tailLines: String(firstLines) } : {};
            void this.follow(container, this.question.since === undefined ? last : sinceOf(this.question));
        }
    }

    private leave(uid: string): void {
        const name = this.pods.get(uid);
        this.pods.delete(uid);
        if (name !== undefined) this.sink.say(`- ${name} is gone`);
    }

    /** Until the container ends. A log that breaks off before is opened again where it ended. */
    private async follow(container: Container, beginning: Record<string, string>): Promise<void> {
        const { client, sink, signal } = this;
        const position = { time: "" };
        while (!signal.aborted) {
            const from = position.time === "" ? beginning : { sinceTime: position.time };
            try {
                await readContainer(client, container, { ...from, follow: "true" }, { sink, signal, position });
                await this.pause();
                if (!(await this.runs(container))) return;
            } catch (error) {
                if (signal.aborted || isNotFound(error)) return;
                if (error instanceof ApiError && error.code < 500) sink.say(`${container.source}: ${error.message}`);
                await this.pause();
            }
        }
    }

    private async runs({ namespace, pod, instance }: Container): Promise<boolean> {
        const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
        const found = await this.client.request<V1Pod>("GET", path, { signal: this.signal });
        const running = (found.status?.containerStatuses ?? []).filter(({ state }) => state?.running);
        return running.some(({ containerID }) => instance.endsWith(`/${containerID}`));
    }

    private async pause(): Promise<void> {
        await sleep(1000, undefined, { signal: this.signal }).catch(() => undefined);
    }
}
