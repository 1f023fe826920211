import assert from "node:assert/strict";
import * as https from "node:https";

import { mounted } from "../../lab/load";
import { mirrorMount } from "../../lab/nodes";
import { Boards } from "./boards";
import { docker, eventually, onNode, startTimes, TestStack } from "./harness";

type Settings = Record<string, unknown>;

export interface Shape {
    readonly controlPlanes: readonly string[];
    readonly workers: readonly string[];
    /** Laid over `cluster`. */
    readonly cluster?: Settings;
    readonly workloads?: Settings;
}

const certificates = "--cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key";

/** Boards with several control planes, and what one asks of such a cluster. */
export class Fleet {
    readonly stack: TestStack;
    readonly boards: Boards;

    constructor(name: string) {
        this.stack = new TestStack(name);
        this.boards = new Boards(this.stack);
    }

    /** Machines that know nothing of each other, and a mirror for what they are to be. */
    async start(shape: Shape): Promise<void> {
        await this.boards.start();
        await this.configureVersion(shape);
    }

    /** Machines with these roles, and no others. The API is asked on the control planes' own addresses. */
    configure({ controlPlanes, workers, cluster: more, workloads }: Shape): void {
        const configuration = this.boards.configuration([...controlPlanes, ...workers]);
        const nodes = configuration.nodes.map((node) => ({
            ...node,
            roles: controlPlanes.includes(node.name as string) ? ["control-plane", "worker"] : ["worker"],
        }));
        this.stack.configure({
            cluster: { ...configuration.cluster, api: undefined, drainSeconds: 120, ...more },
            nodes,
            workloads: workloads ?? configuration.workloads,
        });
    }

    /** The same with a mirror that holds it: another version has another one, which machines see below the same folder. */
    async configureVersion(shape: Shape): Promise<void> {
        this.configure(shape);
        await this.stack.must(["mirror"]);
        const { mirrorPath } = mounted(this.stack.mirror());
        const { cluster, nodes, workloads } = this.stack.configuration() as Record<string, Settings & Settings[]>;
        nodes.forEach((node) => (node.source = `${mirrorMount}/${mirrorPath}`));
        this.stack.configure({ cluster, nodes, workloads });
    }

    /** Who votes in etcd, as one of its members says. */
    async voters(node: string): Promise<string[]> {
        const words = `member list -w json --endpoints https://127.0.0.1:2379 ${certificates}`;
        const { members } = JSON.parse(await onNode(node, `/opt/etcd/current/etcdctl ${words}`)) as {
            members: { name: string; isLearner?: boolean }[];
        };
        return members
            .filter(({ isLearner }) => !isLearner)
            .map(({ name }) => name)
            .sort();
    }

    async readyNodes(): Promise<string[]> {
        const lines = (await this.stack.kubectl("get", "nodes", "--no-headers")).trim().split("\n");
        return lines.filter((line) => / Ready[ ,]/.test(line)).map((line) => line.split(" ")[0]);
    }

    allReady(...nodes: string[]): Promise<unknown> {
        const wanted = [...nodes].sort().join();
        return eventually(`${wanted} Ready`, 180, async () => (await this.readyNodes()).sort().join() === wanted);
    }

    /** The API server of this control plane says that it is ready. */
    answers(node: string): Promise<unknown> {
        const ask = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=3s get --raw /readyz";
        return eventually(`the API server of ${node}`, 180, async () => (await onNode(node, ask)) === "ok");
    }

    /** Writes something down in the API; `remembered` asks whether it is still there. */
    async remember(name: string): Promise<void> {
        await this.stack.kubectl("create", "configmap", name, `--from-literal=word=${name}`);
    }

    async remembered(...names: string[]): Promise<void> {
        for (const name of names) {
            assert.equal(await this.stack.kubectl("get", "configmap", name, "-o", "jsonpath={.data.word}"), name);
        }
    }

    async emptyPreview(): Promise<void> {
        const { nodes, cluster } = JSON.parse((await this.stack.must(["preview", "--json"])).stdout);
        assert.deepEqual([nodes, cluster], [{}, []]);
    }

    /** Start times of what runs pods on these nodes. */
    async agents(nodes: readonly string[]): Promise<Record<string, string>> {
        const all = Object.entries(await startTimes(nodes));
        return Object.fromEntries(all.filter(([unit]) => /\/(kubelet|kube-proxy|docker|cri-\w+)$/.test(unit)));
    }

    async addressOf(node: string): Promise<string> {
        const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        return (await docker("inspect", "-f", format, node)).stdout.trim();
    }
}

/** What somebody saw who asked again and again. */
export interface Seen {
    readonly good: number;
    readonly bad: number;
    /** Milliseconds between two good answers, at most. */
    readonly longest: number;
}

/** A node that asks the API, by its name, for itself: for `asking`. */
export function asksApi(node: string): string {
    const certificate = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    const words = `--cacert /etc/kubernetes/pki/ca.crt --cert ${certificate} --key ${certificate}`;
    return `curl -fsS --max-time 3 ${words} https://api.hex.k8s.local:6443/api/v1/nodes/${node}`;
}

/**
 * Asks from a node's shell, again and again until told to stop.
 *
 * @param command succeeds with a good answer; may last 3 s
 */
export function asking(node: string, command: string): { stop(): Promise<Seen> } {
    const stop = `/run/enough-${Math.random().toString(36).slice(2)}`;
    const loop = onNode(
        node,
        `until [ -e ${stop} ]; do if ${command} >/dev/null 2>&1; then echo "$(date +%s%3N) good"; else echo "$(date +%s%3N) bad"; fi; done; rm ${stop}`,
    );
    return {
        async stop() {
            await onNode(node, `touch ${stop}`);
            const answers = (await loop)
                .trim()
                .split("\n")
                .map((line) => line.split(" "));
            const good = answers.filter(([, how]) => how === "good").map(([time]) => Number(time));
            const gaps = good.slice(1).map((time, index) => time - good[index]);
            return { good: good.length, bad: answers.length - good.length, longest: Math.max(0, ...gaps) };
        },
    };
}

/** Looks at the API servers of these addresses all the time: how many were away at once, at most. */
export function watchApis(addresses: readonly string[]): { stop(): Promise<number> } {
    let stopped = false;
    let most = 0;
    const isReady = (host: string) =>
        new Promise<boolean>((resolve) => {
            const options = {
                host,
                port: 6443,
                path: "/readyz",
                rejectUnauthorized: false,
                timeout: 2000,
                agent: false,
            };
            const asked = https.get(options, (answer) => {
                answer.resume();
                resolve(answer.statusCode === 200);
            });
            asked.on("timeout", () => asked.destroy(new Error("late")));
            asked.on("error", () => resolve(false));
        });
    const looking = (async () => {
        while (!stopped) {
            const ready = await Promise.all(addresses.map(isReady));
            most = Math.max(most, ready.filter((one) => !one).length);
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
    })();
    return {
        async stop() {
            stopped = true;
            await looking;
            return most;
        },
    };
}
