import assert from "node:assert/strict";

import type { Application } from ".";
import { docker, eventually, onNode } from "../harness";
import { preview, previewShows } from "../tables";
import { askOften, Visitor } from "./requests";

interface Pod {
    metadata: { name: string; deletionTimestamp?: string };
    spec: { nodeName: string };
    status: { containerStatuses?: { ready: boolean; restartCount: number }[] };
}

/** Row A8: what dies comes back, and the service goes on. */
export const healing: Application = {
    workloads: { canary: {} },
    cases(stack, { nodes, addresses }) {
        const [, address] = addresses;
        const last = nodes[nodes.length - 1];
        const url = `http://${address}:30082/version`;
        const pods = async () =>
            (await stack.kubectlJson<{ items: Pod[] }>("-n", "canary", "get", "pods")).items.filter(
                ({ metadata }) => metadata.deletionTimestamp === undefined,
            );
        const ready = async () =>
            (await pods()).filter(({ status }) => status.containerStatuses?.every((each) => each.ready));
        const fourReady = (what: string, seconds: number, except: (pod: Pod) => boolean = () => false) =>
            eventually(what, seconds, async () => (await ready()).filter((pod) => !except(pod)).length === 4);

        it("a deleted pod is replaced, and no request fails (A8)", async () => {
            const before = (await pods()).map(({ metadata }) => metadata.name);
            const visitor = new Visitor(url);
            await stack.kubectl("-n", "canary", "delete", "pod", before[0]);
            await fourReady("another pod", 30);
            const { answers, failures } = await visitor.stop();
            assert.deepEqual(failures, []);
            assert.ok(answers > 50, `${answers} answers`);
            assert.ok(!(await pods()).some(({ metadata }) => metadata.name === before[0]));
        });

        it("a container that is killed is started anew; few requests see it (A8)", async () => {
            const [victim] = await pods();
            const { name } = victim.metadata;
            const visitor = new Visitor(url);
            const id = await onNode(victim.spec.nodeName, `docker ps -q -f name=k8s_hello_${name}_canary`);
            await onNode(victim.spec.nodeName, `docker kill ${id.trim()}`);
            await eventually("a restart", 30, async () => {
                const now = (await ready()).find(({ metadata }) => metadata.name === name);
                return now && now.status.containerStatuses![0].restartCount > 0;
            });
            const { answers, failures } = await visitor.stop();
            // Whoever was just sent there is refused, until the kubelet has seen it: a second or two, of four pods.
            assert.ok(failures.length < answers / 4, `${failures.length} of ${answers + failures.length} failed`);
        });

        it("a node that is switched off: its pods come back on others, and an up is held up by nothing (A8, D16)", async () => {
            const configuration = stack.configuration();
            const cluster = { ...configuration.cluster, kubelet: { maxPods: 112 } };
            await docker("stop", "--time", "1", last);
            try {
                stack.configure({ ...configuration, cluster });
                const { output } = await stack.must(["up"]);
                assert.match(output, new RegExp(`${last}: .*left as it is in this run`));
                assert.match(output, /2 updated/);
                const isReady = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`;
                await eventually(`${last} not Ready`, 120, async () => {
                    const status = await stack.kubectl("get", "node", last, "-o", isReady);
                    return status !== "True";
                });
                // From here on no endpoint is there any more: nobody is sent to it.
                await eventually("requests without a failure", 20, () => askOften(url, 100));
                await fourReady("four pods elsewhere", 90, ({ spec }) => spec.nodeName === last);
            } finally {
                await docker("start", last);
            }
            await eventually(`${last} Ready again`, 120, async () =>
                / Ready /.test(await stack.kubectl("get", "node", last, "--no-headers")),
            );
            // It may still be booting: a unit that comes up a moment later is no drift.
            await eventually(`${last} lacks what the others got, and nothing else`, 60, async () => {
                const { nodes: changing, cluster } = await preview(stack);
                const steps = Object.entries(changing).flatMap(([node, { changes }]) =>
                    changes.map(({ step, what }) => `${node} ${step} ${what}`),
                );
                assert.deepEqual([steps, cluster], [[`${last} activate file /var/lib/kubelet/config.yaml`], []]);
                return true;
            });
            await stack.must(["up"]);
            await previewShows(stack, {});
        });
    },
};
