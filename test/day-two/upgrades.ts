import assert from "node:assert/strict";

import { asking, asksApi, Fleet, watchApis } from "../e2e/fleet";

/** Three control planes and two workers whose version changes while somebody asks. */
export class Upgrades extends Fleet {
    readonly controlPlanes = this.boards.names.slice(0, 3);
    readonly workers = this.boards.names.slice(3, 5);
    readonly shape = {
        controlPlanes: this.controlPlanes,
        workers: this.workers,
        workloads: { "my-nginx": { replicas: 3 }, "hello-kube": { replicas: 2 } },
    };

    /** Configures this version of Kubernetes. */
    to(version: string): Promise<void> {
        return this.configureVersion({ ...this.shape, cluster: { kubernetes: { version } } });
    }

    async versions(): Promise<string[]> {
        const path = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
        return (await this.stack.kubectl("get", "nodes", "-o", path)).split(" ");
    }

    /** Every node runs this version and takes pods, and everything that was written is there. */
    async isWhole(version: string, ...words: string[]): Promise<void> {
        const all = [...this.controlPlanes, ...this.workers];
        await this.allReady(...all);
        assert.deepEqual(
            await this.versions(),
            all.map(() => `v${version}`),
        );
        const cordoned = await this.stack.kubectl("get", "nodes", "-o", "jsonpath={.items[*].spec.unschedulable}");
        assert.equal(cordoned, "");
        await this.stack.kubectl("rollout", "status", "deployment/my-nginx", "--timeout=120s");
        await this.remembered(...words);
        assert.deepEqual(await this.voters(this.controlPlanes[0]), this.controlPlanes);
    }

    /** Somebody who asks nginx, and somebody who asks the API by its name, both from a worker; and who looks at all API servers. */
    async visitors() {
        const [from] = this.workers;
        const ip = await this.stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
        const nginx = asking(from, `curl -fsS --max-time 3 http://${ip}/`);
        const asked = asking(from, asksApi(from));
        const apis = watchApis(await Promise.all(this.controlPlanes.map((node) => this.addressOf(node))));
        return {
            async stop() {
                const [pages, answers, away] = await Promise.all([nginx.stop(), asked.stop(), apis.stop()]);
                const said = [JSON.stringify(pages), "API", JSON.stringify(answers)];
                console.log("      nginx", ...said, `${away} API servers away at most`);
                return { pages, answers, away };
            },
        };
    }
}
