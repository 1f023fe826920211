import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";

import { images } from "../../mirror/catalogue";
import { cacheFolder } from "../../setup/paths";
import type { NodeInfo } from "../../setup/nodeInfo";
import { differences, type Inventory, inventoryOf } from "../inventory";
import { Boards } from "./boards";
import { driftCases } from "./drifts";
import { editCases } from "./edits";
import { eventually, onNode, restarted, startTimes, TestStack, traces } from "./harness";
import { type Configuration, previewShows } from "./tables";

const stack = new TestStack("hex");
const boards = new Boards(stack);
const { names } = boards;
const except = (...gone: string[]) => names.filter((name) => !gone.includes(name));
/** Short, so that the test of a budget that blocks is. */
const drain = { drainSeconds: 10 };

/** Pods of this deployment are on as many nodes as it has: no two share one. */
function everywhere(replicas: number): string {
    const labels = { app: "everywhere" };
    const labelSelector = { matchLabels: labels };
    const antiAffinity = [{ labelSelector, topologyKey: "kubernetes.io/hostname" }];
    return stringify({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "everywhere" },
        spec: {
            replicas,
            selector: labelSelector,
            template: {
                metadata: { labels },
                spec: {
                    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: antiAffinity } },
                    containers: [{ name: "hello", image: images().agnhost.reference, args: ["netexec"] }],
                },
            },
        },
    });
}

/** The state of everything of ours on these nodes: when units started, and when each step last changed anything. */
async function marks(nodes: readonly string[]): Promise<Record<string, string>> {
    const found = await startTimes(nodes);
    for (const node of nodes) {
        found[`${node}/steps`] = await onNode(node, "stat -c '%n %y' /var/lib/slipway/manifests/*");
    }
    return found;
}

async function readyNodes(): Promise<string[]> {
    const lines = (await stack.kubectl("get", "nodes", "--no-headers")).trim().split("\n");
    return lines.filter((line) => / Ready[ ,]/.test(line)).map((line) => line.split(" ")[0]);
}

const allReady = (nodes: readonly string[]) =>
    eventually(`${nodes.join(", ")} Ready`, 120, async () => (await readyNodes()).join() === nodes.join());

/** The address that nginx answers on inside the cluster. */
const nginx = () => stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");

/** Boards whose belongings are compared: the one that is removed. */
const compared = ["hex-n5"];
const belongings = (node: string) => inventoryOf((command) => onNode(node, command));

describe("six boards, an inventory of machines like any other", function () {
    this.timeout(30 * 60_000);

    const [three, five] = [3, 5].map((count) => names.slice(0, count));
    let configuration: Configuration;
    const found: Record<string, Inventory> = {};
    before(async () => {
        await boards.start();
        for (const node of compared) found[node] = await belongings(node);
    });
    after(() => boards.end());

    it("check asks the fresh boards; what it refuses keeps up from all of them (A1, B9)", async () => {
        boards.configure(three, drain);
        const { stdout } = await stack.must(["check"]);
        assert.match(stdout, /Machines: 3 were asked/);
        await onNode("hex-n2", "mkdir /var/lib/k0s");
        const refused = await stack.slipway(["up"]);
        assert.equal(refused.status, 1);
        assert.match(
            refused.output,
            /✘ hex-n2: another Kubernetes is installed \(\/var\/lib\/k0s\): remove it first\./,
        );
        await onNode("hex-n2", "rmdir /var/lib/k0s");
        for (const board of three)
            assert.equal(await onNode(board, "ls -d /var/lib/slipway* ~bb/.slipway* || true"), "");
    });

    it("up builds a cluster on the first three", async () => {
        configuration = boards.configuration(three, drain);
        stack.configure({ ...configuration });
        await stack.must(["up"], { show: true });
        await allReady(three);
    });

    const tables = { stack, nodes: three, configuration: () => configuration };
    editCases(tables);
    driftCases(tables);

    it("all that was edited is taken back, and two boards join, in one up", async () => {
        // The version of etcd was edited, too: its mirror is another one, and the boards are told below which folder.
        boards.configure(five, drain);
        await stack.must(["mirror"]);
        boards.configure(five, drain);
        await stack.must(["up"]);
        await allReady(five);
        await previewShows(stack, {});
    });

    it("the sixth is one more entry: preview names it alone, up touches it alone (A3, X3)", async () => {
        const before = await marks(five);
        boards.configure(names, drain);
        const { nodes, cluster } = JSON.parse((await stack.must(["preview", "--json"])).stdout);
        assert.deepEqual(Object.keys(nodes), ["hex-n6"]);
        assert.deepEqual([nodes["hex-n6"].op, cluster], ["create", []]);
        await stack.must(["up"]);
        assert.deepEqual(restarted(before, await marks(five)), []);
        await allReady(names);
    });

    it("every board takes pods, the master included, and finds services by name (B1, B2)", async () => {
        const file = path.join(stack.home, "everywhere.yaml");
        fs.writeFileSync(file, everywhere(names.length));
        await stack.kubectl("apply", "-f", file);
        await stack.kubectl("rollout", "status", "deployment/everywhere", "--timeout=120s");
        const { items } = await stack.kubectlJson<{
            items: { spec: { nodeName: string }; status: { podIP: string } }[];
        }>("get", "pods", "-l", "app=everywhere");
        assert.deepEqual(items.map(({ spec }) => spec.nodeName).sort(), names);
        const query = "host=my-nginx.default.svc.hex.k8s.local&port=80&protocol=http&request=/";
        for (const { status } of items) {
            const dialled = await onNode(
                "hex-n1",
                `curl -sS --max-time 20 'http://${status.podIP}:8080/dial?${query}'`,
            );
            assert.match(dialled, /Welcome to nginx/);
        }
        const labels = await stack.kubectl("get", "node", "hex-n6", "--show-labels", "--no-headers");
        assert.match(labels, /disk=ssd/);
    });

    it("the kubeconfig's cluster, context and user are hex, and merge into one's own (B2, B3)", async () => {
        const home = path.join(stack.home, "home");
        const file = path.join(home, ".kube", "config");
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(
            file,
            "apiVersion: v1\nkind: Config\ncurrent-context: tea\ncontexts:\n- {name: tea, context: {}} # mine\n",
        );
        const env = { HOME: home, KUBECONFIG: "", SLIPWAY_CACHE: cacheFolder() };
        const { stdout } = await stack.must(["kubeconfig", "--merge"], { env });
        assert.match(stdout, /Merged hex into .*\/home\/\.kube\/config/);
        const text = fs.readFileSync(file, "utf8");
        assert.match(text, /# mine/);
        const { clusters, contexts, users, "current-context": current } = parse(text);
        assert.equal(current, "hex");
        assert.deepEqual(contexts[1], { name: "hex", context: { cluster: "hex", user: "hex" } });
        assert.deepEqual([clusters.length, clusters[0].name, users.length, users[0].name], [1, "hex", 1, "hex"]);
        assert.match((await stack.must(["kubeconfig", "--merge"], { env })).stdout, /nothing was changed/);
        assert.equal(fs.readdirSync(path.dirname(file)).length, 2, "the file and one backup");
        assert.match(await stack.kubectl("--kubeconfig", file, "get", "nodes"), /hex-n6/);
    });

    it("info shows what each machine is and what runs there (A2)", async () => {
        const { nodes } = JSON.parse((await stack.must(["info", "--json"])).stdout) as { nodes: NodeInfo[] };
        assert.deepEqual(
            nodes.map(({ name, state, reachable }) => [name, state, reachable]),
            names.map((name) => [name, "Ready", true]),
        );
        for (const { name, architecture, kernel, system, cpus, memory, disk, versions } of nodes) {
            for (const fact of [architecture, kernel, cpus, memory, disk]) assert.ok(fact, name);
            assert.match(`${system}`, name === "hex-n3" ? /GNU\/Linux 13/ : /GNU\/Linux 12/);
            const own = { "hex-n1": ["cri-dockerd", "etcd"], "hex-n4": [] }[name] ?? ["cri-dockerd"];
            const programs = ["containerd", "docker", "kubelet", "runc", ...own];
            assert.deepEqual(Object.keys(versions).sort(), programs.sort(), name);
        }
        const { stdout } = await stack.must(["info"]);
        const programs = /^  hex-n2 +1\.36\.3( +\d+\.\d+\S*){4} +-$/m;
        assert.match(stdout, programs);
        assert.ok(stdout.split("\n").every((line) => line.length <= 120));
    });

    it("a second up changes nothing (X2)", async () => {
        const before = await marks(names);
        const logins = await boards.logins();
        const { output } = await stack.must(["up"]);
        assert.doesNotMatch(output, /[1-9]\d* (created|updated|replaced|deleted)/);
        const fresh = (await boards.logins()) - logins;
        assert.ok(fresh >= 1 && fresh <= 4, `${fresh} logins to the bastion, which all boards stand behind`);
        assert.deepEqual(restarted(before, await marks(names)), []);
    });

    it("a board moves from docker to containerd in its turn, its pods elsewhere; no request to nginx fails", async () => {
        boards.runtimes["hex-n6"] = "containerd";
        boards.configure(names, drain);
        assert.match((await stack.must(["preview"])).output, /hex-n6.*container runtime\s+docker → containerd/s);
        const before = await marks(except("hex-n6"));
        const asking = `curl -sS -o /dev/null --max-time 5 http://${await nginx()}`;
        const visits = onNode(
            "hex-n1",
            `rm -f /tmp/enough; good=0; bad=0
            until [ -e /tmp/enough ]; do if ${asking}; then good=$((good + 1)); else bad=$((bad + 1)); fi; done
            rm /tmp/enough; echo $good $bad`,
        );
        try {
            await stack.must(["up"]);
            await allReady(names);
        } finally {
            await onNode("hex-n1", "touch /tmp/enough");
        }
        const [good, bad] = (await visits).trim().split(" ").map(Number);
        assert.equal(bad, 0, `${bad} of ${good + bad} requests failed`);
        assert.ok(good > 50, `${good} answers`);
        assert.deepEqual(restarted(before, await marks(except("hex-n6"))), []);
        const { items } = await stack.kubectlJson<{
            items: { metadata: { name: string }; status: { nodeInfo: { containerRuntimeVersion: string } } }[];
        }>("get", "nodes");
        const runtimes = items.map(({ metadata, status }) => [
            metadata.name,
            status.nodeInfo.containerRuntimeVersion.split(":")[0],
        ]);
        assert.deepEqual(
            runtimes,
            names.map((name) => [name, boards.runtimes[name] ?? "docker"]),
        );
        await stack.kubectl("rollout", "status", "deployment/everywhere", "--timeout=60s");
    });

    it("a worker is drained before it goes, unless a disruption budget stands against it (X5)", async () => {
        const budget = ["poddisruptionbudget", "everywhere"];
        await stack.kubectl("create", ...budget, "--selector=app=everywhere", "--max-unavailable=0");
        boards.configure(except("hex-n5"), drain);
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, /hex-n5 was not drained within 10 s: a PodDisruptionBudget keeps default\/everywhere-/);
        assert.match(output, /relax the budget/);
        assert.deepEqual(await readyNodes(), names, "it goes on as a node");
        assert.match(await onNode("hex-n1", `curl -sS --max-time 5 ${await nginx()}`), /Welcome to nginx/);

        await stack.kubectl("patch", ...budget, "--type=merge", "-p", '{"spec":{"maxUnavailable":1}}');
        const before = await marks(except("hex-n5"));
        await stack.must(["up"]);
        assert.deepEqual(await readyNodes(), except("hex-n5"));
        assert.deepEqual(restarted(before, await marks(except("hex-n5"))), []);
    });

    it("what was removed has left nothing: not in the API, not on the machine (X5, B11)", async () => {
        const left = await stack.kubectl("get", "csr,leases,nodes", "-A", "-o", "yaml");
        assert.doesNotMatch(left, /hex-n5/);
        assert.deepEqual(differences(found["hex-n5"], await belongings("hex-n5")), []);
    });

    it("a dead board is forgotten without being reached (X5)", async () => {
        await boards.machine("hex-n4").container.kill();
        const { output } = await stack.must(["forget", "hex-n4"]);
        assert.match(output, /hex-n4 is out of the cluster/);
        assert.doesNotMatch(await stack.kubectl("get", "csr,leases,nodes", "-A", "-o", "yaml"), /hex-n4/);
        assert.ok(!stack.state().includes("::hex-n4"), "a resource of it is left in the state");
    });

    it("flashed anew under their old names, a forgotten board and a living one come back with one up", async () => {
        const rest = except("hex-n3", "hex-n4", "hex-n5");
        const before = await marks(rest);
        await Promise.all([boards.boot("hex-n3"), boards.boot("hex-n4")]);
        boards.configure(except("hex-n5"), drain);
        await stack.must(["up"]);
        await allReady(except("hex-n5"));
        assert.deepEqual(restarted(before, await marks(rest)), []);
        const { nodes, cluster } = JSON.parse((await stack.must(["preview", "--json"])).stdout);
        assert.deepEqual([nodes, cluster], [{}, []]);
    });

    it("down deletes the data of machines that stay only after an explicit word, and leaves nothing (B11)", async () => {
        const { status, output } = await stack.slipway(["down"]);
        assert.equal(status, 1);
        assert.match(output, /etcd's data.*machines that stay.*--delete-data/s);
        assert.equal((await readyNodes()).length, 5, "nothing was touched");
        await stack.must(["down", "--delete-data"]);
        assert.deepEqual(await traces("hex-n1"), []);
    });
});
