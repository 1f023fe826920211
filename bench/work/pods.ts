/** Pods for the measurements, and how soon they run. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { images } from "../../mirror/catalogue";
import type { BenchStack } from "../stack";

/** The namespace of everything that is made for a measurement. */
export const namespace = "bench";

export const namespaceObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
};

/** A Deployment of pods that sleep. */
export function sleepers(name: string, replicas: number): object {
    const labels = { app: name };
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace },
        spec: {
            replicas,
            selector: { matchLabels: labels },
            template: {
                metadata: { labels },
                spec: {
                    terminationGracePeriodSeconds: 0,
                    containers: [{ name: "pause", image: images().pause.reference }],
                },
            },
        },
    };
}

/**
 * Scales a Deployment up and gives the seconds from then until each pod was seen to run, sorted. Told by a watch: the
 * API's own times are whole seconds.
 */
export async function secondsToRunning(stack: BenchStack, name: string, replicas: number): Promise<number[]> {
    const template = '{.object.metadata.name} {.object.status.phase}{"\\n"}';
    const [command, ...words] = stack.kubectlWords(
        ...["get", "pods", "--namespace", namespace, "--selector", `app=${name}`, "--watch"],
        ...["--output-watch-events", "-o", `jsonpath=${template}`],
    );
    const running = new Map<string, number>();
    let started = 0n;
    let watch: ChildProcess | undefined;
    const all = new Promise<void>((resolve, reject) => {
        // A watch may end at any time, of a busy API server above all. The next one begins with all that there is.
        const begin = (left: number) => {
            watch = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
            watch.on("error", reject);
            watch.on("close", () => (left > 0 ? begin(left - 1) : reject(new Error("The watch for pods ends early."))));
            createInterface(watch.stdout!).on("line", (text) => {
                const [pod, phase] = text.split(" ");
                if (phase !== "Running" || running.has(pod)) return;
                running.set(pod, Number(process.hrtime.bigint() - started) / 1e9);
                if (running.size === replicas) resolve();
            });
        };
        begin(20);
    });
    // A failure before it is waited for shall not end the process.
    all.catch(() => undefined);
    try {
        started = process.hrtime.bigint();
        await stack.kubectl("scale", "deployment", name, "--namespace", namespace, "--replicas", String(replicas));
        await all;
    } finally {
        watch!.removeAllListeners("close");
        watch!.kill();
        if (watch!.exitCode === null && watch!.signalCode === null) await once(watch!, "close");
    }
    return [...running.values()].sort((a, b) => a - b);
}

/** Takes the Deployment's pods away, and waits until the API has none of them. */
export async function withoutPods(stack: BenchStack, name: string): Promise<void> {
    await stack.kubectl("delete", "deployment", name, "--namespace", namespace, "--ignore-not-found");
    const gone = ["--for=delete", "--timeout=300s", "--namespace", namespace, "--selector", `app=${name}`];
    await stack.kubectl("wait", "pods", ...gone);
}

/** The value below which this share of sorted values lies: the nearest one that there is. */
export function percentile(sorted: readonly number[], share: number): number {
    return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
