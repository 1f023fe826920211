import assert from "node:assert/strict";
import type { V1Node } from "@kubernetes/client-node";

import type { NodeReport } from "../../components/remote";
import { describeCluster } from "../../setup/commands/info";
import { describeNodes, joinNodes, type Sources } from "../../setup/nodeInfo";

const outputs = {
    endpoint: "https://192.168.1.11:6443",
    nodes: [
        { name: "hex-n1", address: "192.168.1.11", roles: ["control-plane", "worker"], versions: {} },
        { name: "hex-n2", address: "192.168.1.12", roles: ["worker"], versions: {} },
    ],
};

const machine = {
    reachable: true,
    known: true,
    joined: true,
    architecture: "arm64",
    system: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.12.48-rpi-v8",
    cpus: 4,
    memory: 8_000_000_000,
    disk: 50 * 2 ** 30,
    versions: {
        kubernetes: "1.36.3",
        etcd: "3.6.8",
        "cri-dockerd": "0.4.3",
        docker: "20.10.24+dfsg1-1+deb12u1+b2",
        containerd: "1.6.20~ds1-1+deb12u1",
        runc: "1.1.5+ds1-1+deb12u1",
    },
    units: { "kubelet.service": "active", "kube-proxy.service": "active" },
    kinds: {},
} as unknown as NodeReport;

const silent = { reachable: false, problem: "hex-n2: hex-n2.local:22 gave no answer", versions: {}, units: {} };

const object = (name: string, ready: string, more: object = {}): V1Node =>
    ({
        metadata: { name, labels: { "node-role.kubernetes.io/worker": "", disk: "ssd" } },
        status: {
            conditions: [{ type: "Ready", status: ready }],
            addresses: [{ type: "InternalIP", address: "192.168.1.99" }],
            nodeInfo: { kubeletVersion: "v1.35.4", containerRuntimeVersion: "docker://27.3.1", kernelVersion: "6.1" },
        },
        ...more,
    }) as unknown as V1Node;

const join = (sources: Partial<Sources>) =>
    joinNodes({ outputs, machines: outputs.nodes, reports: { "hex-n1": machine }, live: [], ...sources });

describe("setup: what info shows", () => {
    it("is what the machine says of itself, with what the API says of the node", () => {
        const [first] = join({ live: [object("hex-n1", "True")] });
        assert.deepEqual(first, {
            name: "hex-n1",
            address: "192.168.1.11",
            roles: ["worker"],
            state: "Ready",
            cordoned: false,
            reachable: true,
            architecture: "arm64",
            system: "Debian GNU/Linux 12 (bookworm)",
            kernel: "6.12.48-rpi-v8",
            cpus: 4,
            memory: 8_000_000_000,
            disk: 50 * 2 ** 30,
            versions: {
                kubelet: "1.36.3",
                docker: "20.10.24+dfsg1-1+deb12u1+b2",
                containerd: "1.6.20~ds1-1+deb12u1",
                runc: "1.1.5+ds1-1+deb12u1",
                "cri-dockerd": "0.4.3",
                etcd: "3.6.8",
            },
            units: { "kubelet.service": "active", "kube-proxy.service": "active" },
            notices: [],
        });
    });

    it("names a node that one of the three alone knows", () => {
        const machines = [{ name: "hex-n3", address: "192.168.1.13", roles: ["worker"] }];
        const live = [object("hex-n2", "False", { spec: { unschedulable: true } }), object("old", "Unknown")];
        assert.deepEqual(
            join({ machines, live }).map(({ name, address, state, cordoned }) => [name, address, state, cordoned]),
            [
                ["hex-n1", "192.168.1.11", "missing", false],
                ["hex-n2", "192.168.1.12", "NotReady", true],
                ["hex-n3", "192.168.1.13", "missing", false],
                ["old", "192.168.1.99", "NotReady", false],
            ],
        );
    });

    it("falls back on what the API remembers of a machine that can't be reached", () => {
        const reports = { "hex-n2": silent as unknown as NodeReport };
        const [, second] = join({ reports, live: [object("hex-n2", "True")] });
        assert.equal(second.reachable, false);
        assert.deepEqual(second.versions, { kubelet: "1.35.4", docker: "27.3.1" });
        assert.equal(second.kernel, "6.1");
        assert.equal(second.cpus, undefined);
    });

    it("is readable in 120 columns, and names what is wrong", () => {
        const reports = {
            "hex-n1": {
                ...machine,
                units: { "kubelet.service": "failed", "kube-proxy.service": "active" },
                notices: ["The disk is full."],
            },
            "hex-n2": silent as unknown as NodeReport,
        };
        const live = [object("hex-n1", "True"), object("hex-n2", "False", { spec: { unschedulable: true } })];
        const lines = describeNodes(join({ reports, live })).split("\n");
        assert.deepEqual(lines, [
            "Nodes",
            "  NAME    ROLES   ADDRESS       STATE",
            "  hex-n1  worker  192.168.1.11  Ready",
            "  hex-n2  worker  192.168.1.12  NotReady, cordoned, unreachable",
            "",
            "Machines",
            "  NAME    ARCH   CPUS  MEMORY   DISK FREE  SYSTEM                          KERNEL",
            "  hex-n1  arm64  4     7.5 GiB  50.0 GiB   Debian GNU/Linux 12 (bookworm)  6.12.48-rpi-v8",
            "  hex-n2  -      -     -        -          -                               6.1",
            "",
            "Versions",
            "  NAME    KUBELET  DOCKER    CONTAINERD  RUNC   CRI-DOCKERD  ETCD",
            "  hex-n1  1.36.3   20.10.24  1.6.20      1.1.5  0.4.3        3.6.8",
            "  hex-n2  1.35.4   27.3.1    -           -      -            -",
            "",
            "⚠ hex-n1: The disk is full.",
            "hex-n1: kubelet.service is failed",
            "hex-n2: hex-n2.local:22 gave no answer",
        ]);
        assert.ok(lines.every((line) => line.length <= 120));
    });

    it("stands without the API, whose silence it explains", () => {
        assert.ok(join({ live: "ECONNREFUSED" }).every(({ state }) => state === "unknown"));
        assert.match(describeCluster(outputs, "ECONNREFUSED"), /192\.168\.1\.11:6443 \(no answer: ECONNREFUSED\)/);
    });

    it("reads the versions of Docker's own packages", () => {
        const versions = { docker: "5:27.3.1-1~debian.12~bookworm", containerd: "1.7.22-1" };
        const reports = { "hex-n1": { ...machine, versions } };
        assert.match(describeNodes(join({ reports })), /hex-n1 {2}- {8}27\.3\.1 {2}1\.7\.22/);
    });
});
