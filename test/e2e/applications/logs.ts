import assert from "node:assert/strict";

import { defaultVersions, images } from "../../../mirror/catalogue";
import type { Application } from ".";
import { start } from "./running";

/** Row W7: the logs of all matching pods in one place, and those of units. Every cluster has them. */
export const logs: Application = {
    cases(stack, lab) {
        const image = images(defaultVersions).agnhost.reference;
        const run = (name: string) =>
            stack.kubectl(
                "run",
                name,
                `--image=${image}`,
                "--labels=app=logs-test",
                "--",
                "netexec",
                "--http-port=8080",
            );
        const remove = (...names: string[]) =>
            stack.kubectl("delete", "pod", ...names, "--now", "--wait=false", "--ignore-not-found");

        after(() => remove("logs-one", "logs-two"));

        it("follows matching pods, those that come later too, and tells of those that go (W7)", async () => {
            await run("logs-one");
            const following = start(stack, "logs", "app=logs-test", "-n", "default");
            await following.says(/^logs-one \S+ \| .*Started HTTP server/m, 40);
            await run("logs-two");
            await following.says(/^\+ default\/logs-two on /m, 30);
            await following.says(/^logs-two \S+ \| .*Started HTTP server/m, 30);
            await remove("logs-one");
            await following.says(/^- default\/logs-one is gone$/m, 30);
            assert.equal(await following.interrupt(), 0);
            for (const line of following.stdout().trim().split("\n")) assert.match(line, /^logs-(one|two) \S+ \| /);
        });

        it("prints what there is of pods by a part of their names, and says when there is none", async () => {
            const { stdout } = await stack.must(["logs", "coredns", "--no-follow"]);
            assert.match(stdout, /^kube-system\/coredns-\S+ \S+ \| .*CoreDNS/m);
            const none = await stack.slipway(["logs", "no-such-pod", "--no-follow"]);
            assert.equal(none.status, 1);
            assert.match(none.output, /No container that has run matches "no-such-pod"/);
        });

        it("reads units on every node, in the order of their times, and says which nodes there are", async () => {
            const { stdout } = await stack.must(["logs", "--unit", "kubelet,etcd", "--no-follow"]);
            for (const node of lab.nodes) assert.match(stdout, new RegExp(`^kubelet ${node} \\| `, "m"));
            assert.match(stdout, new RegExp(`^etcd ${lab.nodes[0]} \\| `, "m"));
            const wrong = await stack.slipway(["logs", "--unit", "kubelet", "--node", `${lab.nodes[0]}x`]);
            assert.match(wrong.output, new RegExp(`no node .* \\(did you mean "${lab.nodes[0]}"\\?\\)`));
            const following = start(stack, "logs", "--unit", "kubelet", "--node", lab.nodes[1]);
            await following.says(new RegExp(`^kubelet ${lab.nodes[1]} \\| `, "m"), 30);
            assert.equal(await following.interrupt(), 0);
        });
    },
};
