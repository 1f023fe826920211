import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";

import type { Application } from ".";
import { images } from "../../../mirror/catalogue";
import { eventually, type TestStack } from "../harness";
import { apply } from "./manifests";

const labels = { app: "busy" };
const busy = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "busy", namespace: "default" },
    spec: {
        selector: { matchLabels: labels },
        template: {
            metadata: { labels },
            spec: {
                terminationGracePeriodSeconds: 0,
                containers: [
                    {
                        name: "busy",
                        image: images().agnhost.reference,
                        args: ["pause"],
                        resources: { requests: { cpu: "20m" }, limits: { cpu: "200m" } },
                    },
                ],
            },
        },
    },
};
const autoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "busy", namespace: "default" },
    spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "busy" },
        minReplicas: 1,
        maxReplicas: 3,
        metrics: [
            { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
        ],
        // A test has no five minutes to see that it is over.
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
};

const replicas = (stack: TestStack) => stack.kubectl("get", "deployment", "busy", "-o", "jsonpath={.spec.replicas}");
let load: ChildProcess | undefined;

/** Row W8: `kubectl top`; and a load begins. */
export const metrics: Application = {
    addons: { "metrics-server": { resolution: 10 } },
    cases(stack, { nodes }) {
        it("kubectl top shows nodes and pods (W8)", async () => {
            await eventually("the metrics of every node", 30, async () => {
                const shown = await stack.kubectl("top", "nodes", "--no-headers");
                return nodes.every((node) => new RegExp(`^${node} +\\d+m +\\d+% +\\d+Mi`, "m").test(shown));
            });
            assert.match(await stack.kubectl("top", "pods", "-n", "kube-system"), /coredns-\S+ +\d+m +\d+Mi/);
        });

        it("an autoscaler is set on pods, and they get much to do", async () => {
            await apply(stack, busy, autoscaler);
            await stack.kubectl("rollout", "status", "deployment/busy", "--timeout=60s");
            const [command, ...words] = stack.kubectlWords("exec", "deployment/busy", "--", "sh", "-c");
            load = spawn(command, [...words, "timeout 120 sh -c 'while :; do :; done'"], { stdio: "ignore" });
        });
    },
};

/** The load has been there for a while. */
export const grown: Application = {
    cases(stack) {
        it("the autoscaler has added pods (W8)", async () => {
            await eventually("three pods under load", 60, async () => (await replicas(stack)) === "3");
            load?.kill();
            await stack.kubectl("rollout", "restart", "deployment/busy");
        });
    },
};

/** The load has been gone for a while. */
export const shrunk: Application = {
    cases(stack) {
        it("the autoscaler has taken them away again (W8)", async () => {
            await eventually("one pod without load", 90, async () => (await replicas(stack)) === "1");
            await stack.kubectl("delete", "hpa/busy", "deployment/busy");
        });
    },
};
