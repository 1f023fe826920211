import assert from "node:assert/strict";

import { onNode } from "../e2e/harness";
import { asking, asksApi, Fleet, watchApis } from "../e2e/fleet";
import { Random } from "./random";

const fleet = new Fleet("upgrade");
const { stack, boards } = fleet;
const [n1, n2, n3, n4, n5] = boards.names;
const controlPlanes = [n1, n2, n3];
const workers = [n4, n5];
const all = [...controlPlanes, ...workers];
const workloads = { "my-nginx": { replicas: 3 }, "hello-kube": { replicas: 2 } };
const to = (version: string, cluster: object = {}) =>
    fleet.configureVersion({ controlPlanes, workers, workloads, cluster: { kubernetes: { version }, ...cluster } });

const versions = async () =>
    (await stack.kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}")).split(" ");

/** Every node runs this version and takes pods, and everything that was written is there. */
async function isWhole(version: string, ...words: string[]): Promise<void> {
    await fleet.allReady(...all);
    assert.deepEqual(
        await versions(),
        all.map(() => `v${version}`),
    );
    const cordoned = await stack.kubectl("get", "nodes", "-o", "jsonpath={.items[*].spec.unschedulable}");
    assert.equal(cordoned, "");
    await stack.kubectl("rollout", "status", "deployment/my-nginx", "--timeout=120s");
    await fleet.remembered(...words);
    assert.deepEqual(await fleet.voters(n1), controlPlanes);
}

/** Somebody who asks nginx, and somebody who asks the API by its name, both from a worker; and who looks at all API servers. */
async function visitors() {
    const ip = await stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
    const nginx = asking(n4, `curl -fsS --max-time 3 http://${ip}/`);
    const asked = asking(n4, asksApi(n4));
    const apis = watchApis(await Promise.all(controlPlanes.map((node) => fleet.addressOf(node))));
    return {
        async stop() {
            const [pages, answers, away] = await Promise.all([nginx.stop(), asked.stop(), apis.stop()]);
            console.log(
                "      nginx",
                JSON.stringify(pages),
                "API",
                JSON.stringify(answers),
                `${away} API servers away at most`,
            );
            return { pages, answers, away };
        },
    };
}

describe("upgrades", function () {
    this.timeout(90 * 60_000);
    before(() => fleet.start({ controlPlanes, workers }));
    after(() => boards.end());

    it("three control planes and two workers of 1.34.4", async () => {
        await to("1.34.4");
        await stack.must(["up"], { show: true });
        await fleet.remember("of-1-34");
        await isWhole("1.34.4", "of-1-34");
    });

    it("a minor version that is skipped is refused, and nothing is touched", async () => {
        await to("1.36.3");
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, /can't go from 1\.34\.4 to 1\.36\.3 at once .*Set it to 1\.35\.4/);
        await isWhole("1.34.4", "of-1-34");
    });

    for (const version of ["1.35.4", "1.36.3"]) {
        it(`to ${version}: no request to nginx fails, and never is more than one API server away`, async () => {
            await to(version);
            const preview = (await stack.must(["preview"])).output;
            assert.match(preview, /restarts .*kube-apiserver\.service/);
            const seen = await visitors();
            try {
                await stack.must(["up"], { show: true });
            } finally {
                const { pages, answers, away } = await seen.stop();
                assert.equal(pages.bad, 0, `${pages.bad} of ${pages.good + pages.bad} requests to nginx failed`);
                assert.ok(pages.good > 100 && answers.good > 100);
                assert.equal(away, 1);
            }
            await isWhole(version, "of-1-34");
            for (const node of controlPlanes) {
                assert.match(await onNode(node, "ls /var/backups/etcd"), /etcd-/, "a snapshot from before");
            }
            await fleet.emptyPreview();
        });
    }

    it("a control plane that doesn't come up with what is new goes back, and the roll halts", async () => {
        await to("1.36.1");
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
            await versions(),
            all.map(() => "v1.36.3"),
            "no kubelet has begun",
        );
        await onNode(n2, `rm -r ${obstacle.replace(/\/[^/]*$/, "")} && systemctl daemon-reload`);
        await stack.must(["up"]);
        await isWhole("1.36.1", "of-1-34");
    });

    const seed = Number(process.env.SLIPWAY_SEED ?? 7);
    it(`killed at 20 moments of upgrades (seed ${seed}), up finishes each; never two API servers are away`, async () => {
        const random = new Random(seed);
        const there = await stack.kubectl("get", "deploy,svc", "-A", "-o", "name");
        const seen = await visitors();
        const steps: string[] = [];
        for (let kill = 0; kill < 20; kill++) {
            const version = kill % 2 === 0 ? "1.36.3" : "1.36.1";
            if (kill > 0 && kill % 4 === 0) await fleet.remember(`kill-${kill}`);
            await to(version);
            // From the first moment on which something may be touched to what an upgrade takes.
            const moment = Math.round(2000 + random.next() * 50_000);
            let begun = 0;
            const { status } = await stack.slipway(["up"], {
                killAfter: (output) => {
                    if (begun === 0 && /Updating/.test(output)) begun = Date.now();
                    return begun > 0 && Date.now() - begun > moment;
                },
            });
            steps.push(`${(moment / 1000).toFixed(0)} s${status === 0 ? " (it was done)" : ""}`);
            await stack.must(["up"]);
        }
        console.log(`      killed after ${steps.join(", ")}`);
        const { pages, away } = await seen.stop();
        assert.equal(pages.bad, 0, `${pages.bad} of ${pages.good + pages.bad} requests to nginx failed`);
        assert.equal(away, 1);
        await isWhole("1.36.1", "of-1-34", "kill-4", "kill-8", "kill-12", "kill-16");
        assert.equal(await stack.kubectl("get", "deploy,svc", "-A", "-o", "name"), there);
        await fleet.emptyPreview();
    });
});
