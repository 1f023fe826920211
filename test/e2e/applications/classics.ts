import assert from "node:assert/strict";

import type { Application } from ".";
import { eventually, onNode } from "../harness";
import { ask } from "./requests";

interface Pod {
    metadata: { name: string; annotations?: Record<string, string> };
    spec: { nodeName: string };
}

/** Row W6: the forms that people still meet. */
export const classics: Application = {
    workloads: { classics: {}, "static-pod": {} },
    cases(stack, { nodes, addresses }) {
        const kubectl = (...args: string[]) => stack.kubectl("-n", "classics", ...args);
        const pods = async (app: string) =>
            (await stack.kubectlJson<{ items: Pod[] }>("-n", "classics", "get", "pods", "-l", `app=${app}`)).items;

        it("a ReplicationController's pods answer on every node's port 30080, and are replaced (W6)", async () => {
            const before = (await pods("hello")).map(({ metadata }) => metadata.name);
            assert.equal(before.length, 2);
            for (const address of addresses) {
                const { body } = await ask(`http://${address}:30080/hostname`);
                assert.ok(before.includes(body), body);
            }
            await kubectl("delete", "pod", before[0], "--wait=false");
            await eventually("a pod instead of the deleted one", 30, async () =>
                (await pods("hello")).some(({ metadata }) => !before.includes(metadata.name)),
            );
        });

        it("a DaemonSet has a pod on every node (W6)", async () => {
            const placed = (await pods("hello-everywhere")).map(({ spec }) => spec.nodeName);
            assert.deepEqual(placed.sort(), [...nodes]);
        });

        it("a Job is done, and a CronJob does it whenever its time comes (W6)", async () => {
            assert.match(await kubectl("get", "job", "hello-once"), /hello-once +Complete +1\/1/);
            // Its next time may be minutes away: this is what the controller does then.
            await kubectl("create", "job", "hello-now", "--from=cronjob/hello-often");
            await kubectl("wait", "job/hello-now", "--for=condition=Complete", "--timeout=30s");
            await kubectl("delete", "job", "hello-now");
        });

        it("a static pod runs on its node, from a file there, and is back after it was deleted (W6)", async () => {
            const [, node] = nodes;
            const url = `http://${addresses[1]}:8380/hostname`;
            assert.match(await onNode(node, "ls /etc/kubernetes/manifests"), /^static-pod\.yaml$/m);
            const pod = await eventually("the static pod in the API", 90, () =>
                stack.kubectlJson<Pod>("get", "pod", "-n", "kube-system", `static-pod-${node}`),
            );
            assert.equal(pod.metadata.annotations?.["kubernetes.io/config.source"], "file");
            assert.equal((await ask(url)).body, `static-pod-${node}`);
            await stack.kubectl("delete", "pod", "-n", "kube-system", `static-pod-${node}`, "--wait=false");
            await eventually("the static pod again", 30, async () => (await ask(url)).status === 200);
        });
    },
};
