import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { controlPlaneCertificates } from "../../components/pki/certificates";
import { controlPlaneCredentials, workerCredentials } from "../../components/pki/credentials";
import {
    agents,
    base,
    containerdRegistries,
    controlPlane,
    Fragment,
    hosts,
    member,
    render,
    stage,
} from "../../components/render";
import { type Manifest, parseManifest } from "../../operations/changes/manifest";
import { unitsToRestart } from "../../operations/changes/restarts";
import { boards, Example, exampleDigests } from "../support";

/** What real nodes get, to the letter. UPDATE_GOLDEN=1 writes the files anew; their diff is what a review reads. */
function golden(name: string, text: string): void {
    const file = path.join(__dirname, "files", `${name}.txt`);
    if (process.env.UPDATE_GOLDEN) {
        fs.writeFileSync(file, text);
    }
    assert.ok(fs.existsSync(file), `${file} doesn't exist: write it with UPDATE_GOLDEN=1 and read it.`);
    assert.equal(text, fs.readFileSync(file, "utf8"), `${name} differs: UPDATE_GOLDEN=1 takes the new text over.`);
}

const kit = "/var/lib/slipway/kit/current";

function steps(example: Example, index: number): Record<string, Fragment[]> {
    const { cluster, nodes } = example;
    const node = nodes[index];
    return {
        base: base(node, cluster, exampleDigests(example), nodes),
        stage: stage(node, cluster, exampleDigests(example)),
        ...(node.roles.includes("control-plane") ? { "control-plane": controlPlane(node, cluster, nodes, kit) } : {}),
        activate: agents(node, cluster, nodes),
    };
}

/** What stands in the file whose lines are kept in /etc/hosts. */
function linesOfHosts(fragments: readonly Fragment[]): string[] {
    const [file] = fragments.flat().filter((entry) => entry.kind === "file" && entry.path === "/etc/kubernetes/hosts");
    return file && "content" in file ? file.content!.trim().split("\n") : [];
}

const parsed = (text: string): Manifest => parseManifest(text)!;

describe("manifests of a board cluster", () => {
    const example = boards();
    for (const [index, role] of ["control-plane", "worker"].entries()) {
        for (const [step, fragments] of Object.entries(steps(example, index))) {
            it(`${role}: ${step}`, () => golden(`${role}.${step}`, render(...fragments)));
        }
    }

    it("control-plane: credentials", () => {
        const { cluster, nodes } = example;
        const pair = (name: string) => ({ certificate: `certificate ${name}\n`, key: `key ${name}\n` });
        const issued = controlPlaneCertificates(cluster, nodes[0]).map((spec) => ({ spec, ...pair(spec.name) }));
        const secrets = {
            trusted: {
                cluster: "certificate cluster CA\n",
                etcd: "certificate etcd CA\n",
                "front-proxy": "certificate front-proxy CA\n",
            },
            signer: pair("cluster CA"),
            admin: pair("admin"),
            serviceAccount: { publicKeys: "public key\n", key: "key\n" },
            encryption: "encryption\n",
            issued,
        };
        golden("control-plane.credentials", render(controlPlaneCredentials(cluster, secrets)));
    });

    it("membership: address, roles, labels and taints", () => {
        const { nodes } = example;
        const taints = [
            { key: "dedicated", value: "db", effect: "NoSchedule" as const },
            { key: "old", effect: "NoExecute" as const },
        ];
        golden("member", member({ ...nodes[1], labels: { disk: "ssd", "example.org/rack": "" }, taints }));
    });

    it("worker: credentials", () => {
        const text = render(
            workerCredentials(example.cluster, "certificate cluster CA\n", "abcdef.0123456789abcdef\n"),
        );
        golden("worker.credentials", text);
    });
});

describe("manifests that differ", () => {
    it("for a worker with containerd", () => {
        const { base: prepared, stage: staged, activate } = steps(boards({ runtime: "containerd" }), 1);
        golden("containerd.base", render(...prepared));
        golden("containerd.stage", render(...staged));
        golden("containerd.activate", render(...activate));
    });

    it("for one node with another runtime: the others are as they were", () => {
        const { cluster, nodes } = boards();
        const mixed = validate({
            cluster: { name: "hex", ssh: { user: "bb" } },
            nodes: nodes.map(({ name, address, roles }, index) => ({
                name,
                address,
                roles,
                ...(index === 1 ? { runtime: "containerd" } : {}),
            })),
        });
        assert.ok("settings" in mixed);
        assert.equal(mixed.settings.cluster.versions.containerd, "2.4.2");
        assert.equal(cluster.versions.containerd, undefined);
        const example = {
            cluster: mixed.settings.cluster,
            nodes: nodesOf(mixed.settings.cluster, mixed.settings.nodes),
        };
        assert.match(render(...steps(example, 0).base), /^package docker\.io$/m);
        assert.doesNotMatch(render(...steps(example, 1).base), /docker/);
    });

    it("for three control planes that take no pods", () => {
        const reserved = boards({}, [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]]);
        const first = steps(reserved, 0);
        golden("three-control-planes.control-plane", render(...first["control-plane"]));
        assert.match(member(reserved.nodes[0]), /^taint node-role\.kubernetes\.io\/control-plane:NoSchedule$/m);
    });

    it("for a worker of three control planes, which asks them through a proxy of its own", () => {
        const three = boards({}, [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]]);
        const worker = steps(three, 3);
        golden("local-proxy.base", render(...worker.base));
        golden("local-proxy.activate", render(...worker.activate));
        // Where such a worker becomes a control plane, the port changes hands.
        const apiServer = parsed(render(...steps(three, 0)["control-plane"])).get("unit kube-apiserver.service")!;
        const text = apiServer.content.join("\n");
        assert.match(text, /^After=.* kube-api-proxy\.service$/m);
        assert.match(text, /^Conflicts=kube-api-proxy\.service$/m);
        assert.doesNotMatch(render(...steps(three, 1).base), /haproxy/);
    });

    it("with a virtual address: proxy and keepalived on control planes, one line on workers", () => {
        const api = { virtualAddress: "192.168.10.10" };
        const three = boards({ api }, [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]]);
        const second = steps(three, 1);
        golden("virtual-address.base", render(...second.base));
        golden("virtual-address.control-plane", render(...second["control-plane"]));
        assert.doesNotMatch(render(...second["control-plane"]), /Conflicts=/);
        const worker = steps(three, 3);
        assert.deepEqual(linesOfHosts(worker.activate), ["192.168.10.10 api.hex.k8s.local"]);
        assert.doesNotMatch(render(...worker.base) + render(...worker.activate), /haproxy|keepalived/);
        const alone = render(...steps(boards({ api }), 0)["control-plane"]);
        assert.match(alone, /unicast_peer \{\n\| +127\.0\.0\.1\n/);
        assert.doesNotMatch(alone, /-j RETURN/);
        const chosen = boards({ api: { ...api, virtualInterface: "ens4" } });
        assert.match(render(...steps(chosen, 0)["control-plane"]), /^\| +192\.168\.10\.10\/32 dev ens4$/m);
    });

    it("with a balancer of the owner's: its address on workers, or its name, looked up again and again", () => {
        const roles = [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]];
        const withBalancer = (loadBalancer: string) => boards({ api: { loadBalancer } }, roles);
        const addressed = steps(withBalancer("192.168.10.9"), 3);
        assert.deepEqual(linesOfHosts(addressed.activate), ["192.168.10.9 api.hex.k8s.local"]);
        const named = steps(withBalancer("lb.example.org"), 3);
        assert.deepEqual(linesOfHosts(named.activate), ["lb.example.org api.hex.k8s.local"]);
        const { cluster, nodes } = withBalancer("lb.example.org");
        golden("balancer.hosts", render(hosts(nodes[3], cluster, nodes)));
        // Who has that in DNS needs no line.
        const known = render(...steps(withBalancer("api.hex.k8s.local"), 3).activate);
        assert.doesNotMatch(known, /^(file|unit) .*hosts/m);
        for (const step of [addressed, named]) {
            assert.doesNotMatch(render(...step.base) + render(...step.activate), /haproxy|keepalived/);
        }
        const own = steps(withBalancer("lb.example.org"), 1)["control-plane"];
        assert.deepEqual(
            linesOfHosts(own),
            ["12", "11", "13"].map((last) => `192.168.10.${last} api.hex.k8s.local`),
        );
    });

    it("from one control plane to three: no kubelet restarts, and on workers only what finds the API", () => {
        const one = boards({}, [["control-plane"], ["worker"], ["worker"], ["worker"]]);
        const three = boards({}, [["control-plane"], ["worker"], ["control-plane"], ["control-plane"]]);
        const [before, after] = [one, three].map((example) => parsed(render(...steps(example, 1).activate)));
        assert.deepEqual(unitsToRestart({ before, after, changedBefore: new Set(), drift: [] }), [
            "kubernetes-hosts.service",
        ]);
        assert.deepEqual(
            [...after.keys()].filter((key) => !before.has(key)),
            [
                "user kube-api-proxy",
                "file /etc/kubernetes/api-proxy.cfg",
                "mask haproxy.service",
                "package haproxy",
                "hold haproxy",
                "unit kube-api-proxy.service",
            ],
        );
        const kubeconfigs = (manifest: Manifest) =>
            [...manifest.values()].filter(({ name }) => name.endsWith("kubeconfig")).map(({ content }) => content);
        assert.deepEqual(kubeconfigs(after), kubeconfigs(before));
    });

    it("in the package that kube-proxy calls with nftables, on all nodes or on one", () => {
        const packages = (example: Example, index: number) => render(...steps(example, index).base);
        assert.doesNotMatch(packages(boards(), 0), /^package nftables$/m);
        assert.match(packages(boards({ kubeProxy: { mode: "nftables" } }), 1), /^package nftables$/m);
        const mixed = boards();
        const nodes = mixed.nodes.map((node, index) =>
            index === 1 ? { ...node, kubeProxy: { mode: "nftables" } } : node,
        );
        assert.match(packages({ ...mixed, nodes }, 1), /^package nftables$/m);
        assert.doesNotMatch(packages({ ...mixed, nodes }, 0), /^package nftables$/m);
    });

    it("in the kernel settings that the configuration names, the node's before the cluster's", () => {
        const tuned = boards({
            sysctls: { "net.core.somaxconn": 4096, "vm.swappiness": "1", "net.ipv4.ip_forward": 1 },
        });
        const nodes = [{ ...tuned.nodes[0], sysctls: { "vm.swappiness": "0" } }];
        const text = render(...steps({ ...tuned, nodes }, 0).base);
        assert.deepEqual(text.match(/^sysctl (net\.core|vm\.swap|net\.ipv4).*$/gm), [
            "sysctl net.core.somaxconn 4096",
            "sysctl net.ipv4.ip_forward 1",
            "sysctl vm.swappiness 0",
        ]);
    });

    it("without the kernel settings that a kubelet protects, where it shall not", () => {
        const free = boards({ kubelet: { protectKernelDefaults: false, shutdownGracePeriod: "1m30s" } });
        const all = steps(free, 1);
        assert.doesNotMatch(render(...all.base), /^sysctl kernel\.panic/m);
        assert.match(render(...steps(boards({}), 1).base), /^sysctl kernel\.panic 10$/m);
        assert.match(render(...all.activate), /^\| InhibitDelayMaxSec=90$/m);
        const none = boards({ kubelet: { shutdownGracePeriod: "0s" } });
        assert.doesNotMatch(render(...steps(none, 1).activate), /logind/);
    });

    it("for a slow disk: its journal stays in memory, and all members of etcd are patient alike", () => {
        const three = boards({}, [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]]);
        const slow = {
            ...three,
            nodes: three.nodes.map((node, i) => (i === 0 ? { ...node, disk: "slow" as const } : node)),
        };
        const patience = (example: Example, index: number) =>
            render(...steps(example, index)["control-plane"]).match(/^\| ETCD_(HEARTBEAT|ELECTION).*$/gm);
        const expected = ['| ETCD_ELECTION_TIMEOUT="5000"', '| ETCD_HEARTBEAT_INTERVAL="500"'];
        for (const index of [0, 1, 2]) assert.deepEqual(patience(slow, index), expected);
        assert.equal(patience(three, 0), null);
        const journal = (index: number) =>
            /^unit systemd-journald\.service active .* after=.*slipway\.conf$/m.test(
                render(...steps(slow, index).base),
            );
        assert.deepEqual([0, 1, 3].map(journal), [true, false, false]);
        const worker = {
            ...three,
            nodes: three.nodes.map((node, i) => (i === 3 ? { ...node, disk: "slow" as const } : node)),
        };
        assert.equal(patience(worker, 0), null);
    });

    it("in where containerd asks for images, by registry", () => {
        const { cluster } = boards({
            registries: [
                { host: "docker.io", mirrors: ["https://one.lan", "https://two.lan:5000"] },
                { host: "registry.lan:5000", authority: "PEM\n", username: "bb", password: "secret" },
            ],
        });
        const text = render(containerdRegistries(cluster));
        assert.equal(
            text,
            `file 0644 root:root /etc/containerd/certs.d/docker.io/hosts.toml
| server = "https://registry-1.docker.io"
|
| [host."https://one.lan"]
| capabilities = ["pull", "resolve"]
|
| [host."https://two.lan:5000"]
| capabilities = ["pull", "resolve"]
file 0644 root:root /etc/containerd/certs.d/registry.lan:5000/ca.crt
| PEM
file 0644 root:root /etc/containerd/certs.d/registry.lan:5000/hosts.toml
| server = "https://registry.lan:5000"
|
| [host."https://registry.lan:5000"]
| ca = "/etc/containerd/certs.d/registry.lan:5000/ca.crt"
`,
        );
    });

    it("without a network of ours: no CNI file is written", () => {
        const bare = boards({ network: { backend: "none" } });
        assert.doesNotMatch(render(...steps(bare, 1).activate), /cni\/net\.d\/\d/);
    });

    it("in the units that a changed kubelet setting restarts, and no other", () => {
        const stamps = (cluster: object) => {
            const text = render(...steps(boards(cluster), 1).activate);
            return Object.fromEntries(
                [...text.matchAll(/^unit (\S+) \S+ stamp=(\S+)/gm)].map((match) => [match[1], match[2]]),
            );
        };
        const [before, after] = [stamps({}), stamps({ kubelet: { maxPods: 50 } })];
        const restarted = Object.keys(before).filter((unit) => before[unit] !== after[unit]);
        assert.deepEqual(restarted, ["kubelet.service"]);
    });

    it("in what a change of the Pod Security default restarts: the API server alone", () => {
        const stamps = (cluster: object) => {
            const text = render(...steps(boards(cluster), 0)["control-plane"]);
            return new Map([...text.matchAll(/^unit (\S+) \S+ stamp=(\S+)/gm)].map((match) => [match[1], match[2]]));
        };
        const [before, after] = [stamps({}), stamps({ podSecurity: "restricted" })];
        const restarted = [...before.keys()].filter((unit) => before.get(unit) !== after.get(unit));
        assert.deepEqual(restarted, ["kube-apiserver.service"]);
    });

    it("in the units that a new Kubernetes version restarts: on a control plane all that run from its link", () => {
        const stamps = (version: string) => {
            const { "control-plane": own, activate } = steps(boards({ kubernetes: { version } }), 0);
            const text = render(...own) + render(...activate);
            return Object.fromEntries(
                [...text.matchAll(/^unit (\S+) \S+ stamp=(\S+)/gm)].map((match) => [match[1], match[2]]),
            );
        };
        const [before, after] = [stamps("1.35.4"), stamps("1.36.3")];
        const kept = Object.keys(before).filter((unit) => before[unit] === after[unit]);
        assert.deepEqual(kept.sort(), [
            "cri-dockerd.service",
            "docker.service",
            "etcd-care.service",
            "etcd-snapshots.service",
            "etcd.service",
            "kubernetes-hosts.service",
        ]);
    });
});
