import assert from "node:assert/strict";

import { onNode } from "../e2e/harness";
import { Upgrades } from "./upgrades";

const fleet = new Upgrades("upgrade");
const { stack, boards, controlPlanes, workers } = fleet;
const [, n2, n3] = controlPlanes;
const all = [...controlPlanes, ...workers];

describe("upgrades", function () {
    this.timeout(90 * 60_000);
    this.bail(true);
    before(() => fleet.start(fleet.shape));
    after(() => boards.end());

    it("three control planes and two workers of 1.34.4", async () => {
        await fleet.to("1.34.4");
        await stack.must(["up"], { show: true });
        await fleet.remember("of-1-34");
        await fleet.isWhole("1.34.4", "of-1-34");
    });

    it("a minor version that is skipped is refused, and nothing is touched", async () => {
        await fleet.to("1.36.3");
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, /can't go from 1\.34\.4 to 1\.36\.3 at once .*Set it to 1\.35\.4/);
        await fleet.isWhole("1.34.4", "of-1-34");
    });

    for (const version of ["1.35.4", "1.36.3"]) {
        it(`to ${version}: no request to nginx fails, and never is more than one API server away`, async () => {
            await fleet.to(version);
            const preview = (await stack.must(["preview"])).output;
            assert.match(preview, /restarts .*kube-apiserver\.service/);
            const seen = await fleet.visitors();
            try {
                await stack.must(["up"], { show: true });
            } finally {
                const { pages, answers, away } = await seen.stop();
                assert.equal(pages.bad, 0, `${pages.bad} of ${pages.good + pages.bad} requests to nginx failed`);
                assert.ok(pages.good > 100 && answers.good > 100);
                assert.equal(away, 1);
            }
            await fleet.isWhole(version, "of-1-34");
            for (const node of controlPlanes) {
                assert.match(await onNode(node, "ls /var/backups/etcd"), /etcd-/, "a snapshot from before");
            }
            await fleet.emptyPreview();
        });
    }

    it("a control plane that doesn't come up with what is new goes back, and the roll halts", async () => {
        await fleet.to("1.36.1");
        const obstacle = "/etc/systemd/system/kube-controller-manager.service.d/obstacle.conf";
        const script = "test $$(readlink /opt/k8s/kubernetes) != v1.36.1";
        await onNode(
            n2,
            `mkdir -p ${obstacle.replace(/\/[^/]*$/, "")} && printf '[Service]\\nExecStartPre=/bin/sh -c "${script}"\\n' >${obstacle} &&
            systemctl daemon-reload`,
        );
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, new RegExp(`${n2} has gone back to what it ran before, and is well`));
        const active = await onNode(
            n2,
            "readlink /opt/k8s/kubernetes; systemctl is-active kube-apiserver kube-controller-manager",
        );
        assert.equal(active, "v1.36.3\nactive\nactive\n");
        assert.equal(await onNode(n3, "readlink /opt/k8s/kubernetes"), "v1.36.3\n");
        assert.deepEqual(
            await fleet.versions(),
            all.map(() => "v1.36.3"),
            "no kubelet has begun",
        );
        await onNode(n2, `rm -r ${obstacle.replace(/\/[^/]*$/, "")} && systemctl daemon-reload`);
        await stack.must(["up"]);
        await fleet.isWhole("1.36.1", "of-1-34");
    });
});
