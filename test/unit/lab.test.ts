import assert from "node:assert/strict";
import { utils } from "ssh2";

import { flavourOf, flavoursOf, labProblems, parseLab } from "../../lab/config";
import type { EngineFacts, LabKeys } from "../../lab/facts";
import { makeKeyPair } from "../../lab/keys";
import { machine } from "../../lab/machine";
import { labNodes, misfits } from "../../lab/nodes";
import { boards } from "../support";

const desktop: EngineFacts = {
    id: "ABCD",
    version: "28.0.0",
    privileged: true,
    cgroupVersion: "2",
    kernelModules: true,
    reachable: false,
};
const confined: EngineFacts = { ...desktop, privileged: false, cgroupVersion: "1", kernelModules: false };
const pair = (name: string) => ({ private: `${name} private`, public: `ssh-ed25519 ${name}` });
const keys: LabKeys = { user: pair("user"), host: pair("host") };
const nodesOf = (raw: object, engine = desktop) =>
    labNodes(parseLab({ name: "dev", ...raw }), { engine, keys, mirrorPath: "build-1/" });

describe("the lab's configuration", () => {
    it("needs a name and nothing else", () => {
        assert.deepEqual(labProblems({ name: "dev" }), []);
        const lab = parseLab({ name: "dev" });
        assert.deepEqual([lab.controlPlanes, lab.workers, lab.sshPort, lab.user], [1, 2, 2231, "slipway"]);
    });

    const cases: [what: string, raw: object, problems: RegExp[]][] = [
        ["a key that is near another", { worker: 3 }, [/^lab\.worker is not a setting: did you mean "workers"\?/]],
        [
            "every wrong value at once",
            { workers: -1, sshPort: 70000, subnet: "172.31.231.0", user: "Big Boss" },
            [
                /^lab\.subnet must be a network/,
                /^lab\.workers must not be/,
                /^lab\.sshPort must be/,
                /^lab\.user must be/,
            ],
        ],
        ["a subnet that is an address", { subnet: "172.31.231.7/24" }, [/first address: 172\.31\.231\.0\/24 is/]],
        ["too many nodes for the subnet", { subnet: "172.31.231.0/28", workers: 4 }, [/too small for 5 nodes/]],
        ["ports that meet", { sshPort: 6441 }, [/^lab\.sshPort \(6441 to 6443\) and lab\.apiPort \(6443\) overlap/]],
        ["ports beyond the last", { sshPort: 65534 }, [/^lab\.sshPort is too high.* 65534 to 65536/]],
        [
            "nodes there aren't",
            { bare: ["dev-4"], overHttp: ["x"], debian13: ["y"] },
            [/lab\.bare names dev-4/, /lab\.debian13 names y/, /lab\.overHttp names x/],
        ],
    ];
    for (const [what, raw, expected] of cases) {
        it(`names ${what}`, () => {
            const problems = labProblems({ name: "dev", ...raw });
            assert.equal(problems.length, expected.length, problems.join("\n"));
            expected.forEach((pattern, index) => assert.match(problems[index], pattern));
        });
    }

    it("gives each node its image, and builds each once", () => {
        const lab = parseLab({ name: "dev", workers: 3, bare: ["dev-2", "dev-3"], conflicting: ["dev-3"] });
        const flavours = ["dev-1", "dev-2", "dev-3", "dev-4"].map((name) => flavourOf(lab, name));
        assert.deepEqual(flavours, ["node", "bare", "conflicting", "node"]);
        assert.deepEqual(flavoursOf(lab), ["node", "bare", "conflicting"]);
    });

    it("makes a node of Debian 13, whatever else it is", () => {
        const lab = parseLab({ name: "dev", bare: ["dev-3"], debian13: ["dev-2", "dev-3"] });
        assert.deepEqual(
            ["dev-1", "dev-2", "dev-3"].map((name) => flavourOf(lab, name)),
            ["node", "debian13-node", "debian13-bare"],
        );
    });
});

describe("a lab and its cluster", () => {
    const problemsWith = (cluster: object, lab: object) =>
        misfits({ ...boards(cluster), workloads: {}, addons: {} }, parseLab({ name: "dev", ...lab }));

    it("fit by default", () => assert.deepEqual(problemsWith({}, {}), []));

    it("may not have networks that overlap, also where no machine has an address in them", () => {
        assert.deepEqual(problemsWith({}, { subnet: "10.244.7.0/24" }), [
            "lab.subnet 10.244.7.0/24 overlaps cluster.network.podCidr 10.244.0.0/16.",
        ]);
        const services = { network: { serviceCidr: "172.31.231.128/25" } };
        assert.deepEqual(problemsWith(services, {}), [
            "lab.subnet 172.31.231.0/24 overlaps cluster.network.serviceCidr 172.31.231.128/25.",
        ]);
    });

    it("refuse workloads on nodes and ports that the lab doesn't have", () => {
        const workloads = { "static-pod": { node: "dev-4", port: 10250 }, redis: { port: 10250 } };
        assert.deepEqual(misfits({ ...boards(), workloads, addons: {} }, parseLab({ name: "dev" })), [
            'workloads.static-pod.node dev-4 is no node: did you mean "dev-1"?',
            "workloads.redis.port 10250 is taken on dev-2 by the kubelet already.",
        ]);
    });

    it("need an odd number of control planes, and room for the pods of every node", () => {
        assert.match(problemsWith({}, { controlPlanes: 2 })[0], /^lab has 2 control planes: etcd needs an odd number/);
        assert.match(problemsWith({ network: { podCidr: "10.1.0.0/23" } }, {})[0], /room for 2 nodes.*there are 3/);
    });
});

describe("the lab's nodes", () => {
    it("have names, roles, addresses and ports that follow from the configuration", () => {
        const nodes = nodesOf({ controlPlanes: 3, workers: 1, subnet: "10.9.0.0/24", sshPort: 3001 });
        assert.deepEqual(
            nodes.map(({ name, address, roles, ssh }) => [name, address, roles.join("+"), ssh.port]),
            [
                ["dev-1", "10.9.0.11", "control-plane+worker", 3001],
                ["dev-2", "10.9.0.12", "control-plane+worker", 3002],
                ["dev-3", "10.9.0.13", "control-plane+worker", 3003],
                ["dev-4", "10.9.0.14", "worker", 3004],
            ],
        );
    });

    it("are reached as the ordinary user, with a pinned host key, on the loopback address", () => {
        const [{ ssh }] = nodesOf({ user: "bb" });
        const { private: privateKey } = keys.user;
        assert.deepEqual(ssh, { host: "127.0.0.1", port: 2231, user: "bb", privateKey, hostKey: "ssh-ed25519 host" });
    });

    it("take artifacts from the mounted mirror, or over HTTP where the configuration says so", () => {
        const [first, second] = nodesOf({ overHttp: ["dev-2"] });
        assert.equal(first.source, "/mnt/mirror/build-1/");
        assert.equal(second.source, "http://172.31.231.2/build-1/");
    });

    it("get work-arounds only for what the engine can't do", () => {
        const [free] = nodesOf({});
        assert.deepEqual(free.docker, {});
        assert(!("cgroupDriver" in free.kubelet) && !("failCgroupV1" in free.kubelet));
        const [limited] = nodesOf({}, confined);
        assert.equal(limited.docker["default-runtime"], "lab-runc");
        assert.deepEqual(limited.docker["exec-opts"], ["native.cgroupdriver=cgroupfs"]);
        assert.equal(limited.kubelet.cgroupDriver, "cgroupfs");
        assert.equal(limited.kubelet.failCgroupV1, false);
    });

    it("share the host's disk and kernel, whatever the engine", () => {
        const [{ kubelet, kubeProxy }] = nodesOf({});
        assert(
            Object.entries(kubelet.evictionHard as object).every(
                ([key, value]) => key.includes("Free") || /Gi|Mi/.test(value),
            ),
        );
        assert.equal(kubelet.protectKernelDefaults, false);
        assert.equal(kubelet.imageGCHighThresholdPercent, 100);
        assert.equal((kubeProxy.conntrack as { maxPerCore: number }).maxPerCore, 0);
    });
});

describe("a lab machine", () => {
    const made = (engine: EngineFacts) =>
        machine({ name: "dev-1", image: "i", engine, keys, user: "bb", mirrorRoot: "/cache/mirror" });

    it("is privileged where the engine allows it, and else has everything but CAP_SYS_RESOURCE", () => {
        assert.equal(made(desktop).privileged, true);
        assert(!("capabilities" in made(desktop)));
        const { capabilities, privileged } = made(confined);
        assert.equal(privileged, undefined);
        assert(capabilities!.adds.includes("CAP_SYS_ADMIN") && !capabilities!.adds.includes("CAP_SYS_RESOURCE"));
    });

    it("sees mirrors and kernel modules read-only, and has /var of its own", () => {
        assert.deepEqual(made(desktop).volumes, [
            { containerPath: "/var" },
            { containerPath: "/mnt/mirror", hostPath: "/cache/mirror", readOnly: true },
            { containerPath: "/lib/modules", hostPath: "/lib/modules", readOnly: true },
        ]);
        assert.equal(made(confined).volumes.length, 2);
    });

    it("has its keys before it boots, the host's for root only", () => {
        const uploads = made(desktop).uploads.map(({ file, permissions }) => `${file} ${permissions}`);
        assert.deepEqual(uploads, ["/etc/ssh/authorized_keys/bb 0644", "/etc/ssh/ssh_host_ed25519_key 0600"]);
    });
});

describe("the lab's keys", () => {
    it("are keys, each of them", () => {
        // As many as it takes to meet one whose public half begins with zero.
        for (let i = 0; i < 1500; i++) {
            const pair = makeKeyPair("dev");
            const [own, shown] = [utils.parseKey(pair.private), utils.parseKey(pair.public)];
            assert(!(own instanceof Error) && !(shown instanceof Error));
            assert.deepEqual(own.getPublicSSH(), shown.getPublicSSH());
        }
    });
});
