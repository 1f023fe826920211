import assert from "node:assert/strict";

import { validate } from "../../components/config/validate";

const node = (number: number, more: object = {}) => ({
    name: `hex-n${number}`,
    address: `192.168.10.${10 + number}`,
    roles: number === 1 ? ["control-plane", "worker"] : ["worker"],
    ...more,
});

const valid = { cluster: { name: "hex" }, nodes: [node(1), node(2)] };

function problems(raw: unknown): readonly string[] {
    const result = validate(raw);
    return "problems" in result ? result.problems : [];
}

function settings(raw: unknown) {
    const result = validate(raw);
    assert.ok("settings" in result, `expected no problems, but: ${JSON.stringify(result)}`);
    return result.settings;
}

/** The cluster of the valid configuration with other settings. */
const cluster = (more: object) => ({ ...valid, cluster: { name: "hex", ...more } });

describe("configuration", () => {
    it("is complete with a name and the machines", () => {
        const { cluster, nodes, workloads } = settings(valid);
        assert.equal(cluster.domain, "hex.k8s.local");
        assert.equal(cluster.kubernetes.version, cluster.versions.kubernetes);
        assert.deepEqual(cluster.network, {
            podCidr: "10.244.0.0/16",
            serviceCidr: "10.96.0.0/16",
            backend: "vxlan",
        });
        assert.equal(cluster.api.port, 6443);
        assert.equal(cluster.kubeProxy.mode, "iptables");
        assert.ok(cluster.certificates.renewHours < cluster.certificates.hours);
        assert.deepEqual(nodes[1].roles, ["worker"]);
        assert.deepEqual(workloads, {});
    });

    it("deploys only the workloads that are named, with their defaults", () => {
        const { workloads } = settings({ ...valid, workloads: { "my-nginx": {} } });
        assert.deepEqual(workloads, { "my-nginx": { replicas: 3, port: 80 } });
    });

    it("takes a lab instead of machines", () => {
        assert.deepEqual(settings({ cluster: { name: "dev" }, lab: { workers: 2 } }).lab, { workers: 2 });
    });

    it("takes one port on two nodes, and a workload on any node", () => {
        const { workloads } = settings({
            ...valid,
            workloads: { redis: { node: "hex-n1" }, "static-pod": { node: "hex-n2", port: 6379 } },
        });
        assert.deepEqual([workloads.redis?.node, workloads["static-pod"]?.port], ["hex-n1", 6379]);
    });

    it("lets versions and overrides through", () => {
        const { cluster: changed } = settings(
            cluster({ kubernetes: { version: "1.35.4" }, versions: { etcd: "3.6.9" }, kubelet: { maxPods: 50 } }),
        );
        assert.equal(changed.versions.kubernetes, "1.35.4");
        assert.equal(changed.versions.etcd, "3.6.9");
        assert.deepEqual(changed.kubelet, { maxPods: 50 });
    });

    it("takes images of the operator's own where the nodes have a mirror, or are a lab's", () => {
        const images = [{ reference: "registry.local:5000/team/shop_web:v1.4", archive: "./shop-{arch}.tar" }];
        assert.deepEqual(settings({ ...cluster({ source: "/mnt/mirror/" }), images }).cluster.images, images);
        assert.deepEqual(settings({ cluster: { name: "dev" }, lab: {}, images }).cluster.images, images);
    });

    it("takes packages from a mirror that nodes reach, or in a lab", () => {
        const packages = { packages: "mirror", systems: ["debian-12"] };
        assert.equal(settings(cluster({ ...packages, source: "/mnt/mirror/" })).cluster.packages, "mirror");
        assert.equal(settings({ cluster: { name: "dev", ...packages }, lab: {} }).cluster.packages, "mirror");
        assert.deepEqual(problems(cluster({ packages: "mirror" })), [
            'cluster.systems must say what the machines run, such as ["debian-12"]: cluster.packages is mirror.',
            "cluster.packages is mirror, but a node's source is upstream itself (https://): set cluster.source to a " +
                "mirror that the nodes reach (docs/airgap.md).",
        ]);
    });

    const s3 = { endpoint: "https://s3.lan", bucket: "backups", accessKey: "AKIA", secretKey: "a/b+c" };

    it("takes places for copies of snapshots, one or both, with the defaults of each", () => {
        const { snapshots } = settings(cluster({ snapshots: { copies: { folder: "/mnt/nas", s3 } } })).cluster;
        assert.deepEqual(snapshots.copies, { folder: "/mnt/nas", s3: { ...s3, region: "us-east-1" } });
        assert.equal(settings(cluster({ snapshots: { copies: { s3 } } })).cluster.snapshots.copies?.folder, undefined);
        assert.equal(settings(valid).cluster.snapshots.copies, undefined);
        assert.equal(settings(cluster({ etcd: { quota: "8Gi" } })).cluster.etcd.quota, "8Gi");
    });

    const shop = { reference: "shop:1.4", archive: "shop.tar" };
    const refused: [what: string, raw: unknown, problem: RegExp][] = [
        ["an unknown key", cluster({ domian: "x" }), /^cluster\.domian is not a setting: did you mean "domain"\?$/],
        ["an unknown section", { ...valid, nods: [] }, /^nods is not a setting: did you mean "nodes"\?$/],
        ["an unknown key of a node", { ...valid, nodes: [node(1, { ssh: { usr: "bb" } })] }, /^nodes\[0\]\.ssh\.usr /],
        ["an unknown workload", { ...valid, workloads: { "my-ngnix": {} } }, /did you mean "my-nginx"/],
        [
            "an unknown system",
            cluster({ systems: ["debian-8"] }),
            /^cluster\.systems\[0\] must be one of "debian-12", /,
        ],
        [
            "a registry's login by half",
            cluster({ registries: [{ host: "registry.lan", username: "bb" }] }),
            /^cluster\.registries\[0\] needs a username and a password, or neither\.$/,
        ],
        [
            "a registry twice",
            cluster({ registries: [{ host: "registry.lan" }, { host: "registry.lan" }] }),
            /^cluster\.registries\[1\]\.host registry\.lan is there twice\.$/,
        ],
        [
            "mirrors that docker doesn't know",
            cluster({ registries: [{ host: "quay.io", mirrors: ["https://mirror.lan"] }] }),
            /^cluster\.registries\[0\]\.mirrors: docker knows mirrors of docker\.io only, and a node runs docker\.$/,
        ],
        [
            "a password in a proxy",
            cluster({ proxies: { http: "http://bb:secret@proxy:3128" } }),
            /^cluster\.proxies\.http must be a proxy such as .* a user and a password can't be in it/,
        ],
        [
            "a strange word in a proxy's exceptions",
            cluster({ proxies: { no: ["a b"] } }),
            /^cluster\.proxies\.no\[0\] /,
        ],
        [
            "copies of snapshots without a place",
            cluster({ snapshots: { copies: { keep: 3 } } }),
            /^cluster\.snapshots\.copies names no place: give it a folder, or s3, or both\.$/,
        ],
        [
            "copies among the snapshots",
            cluster({ snapshots: { copies: { folder: "/var/backups/etcd/copies" } } }),
            /^cluster\.snapshots\.copies\.folder .* lie in each other: a copy belongs on another disk\.$/,
        ],
        [
            "snapshots among the copies",
            cluster({ snapshots: { folder: "/mnt/nas/etcd", copies: { folder: "/mnt/nas" } } }),
            /^cluster\.snapshots\.copies\.folder .* lie in each other/,
        ],
        [
            "a store without TLS",
            cluster({ snapshots: { copies: { s3: { ...s3, endpoint: "http://minio.lan:9000" } } } }),
            /^cluster\.snapshots\.copies\.s3\.endpoint must be .* so it goes over TLS only\.$/,
        ],
        [
            "a store's key that would break out of its line",
            cluster({ snapshots: { copies: { s3: { ...s3, secretKey: 'a"b' } } } }),
            /^cluster\.snapshots\.copies\.s3\.secretKey must be 1 to 256 letters/,
        ],
        [
            "a store without a bucket",
            cluster({ snapshots: { copies: { s3: { ...s3, bucket: undefined } } } }),
            /^cluster\.snapshots\.copies\.s3\.bucket is missing/,
        ],
        [
            "a quota that nobody can have",
            cluster({ etcd: { quota: "9Gi" } }),
            /^cluster\.etcd\.quota 9Gi must be 64Mi to 8Gi\.$/,
        ],
        [
            "a quota without a unit",
            cluster({ etcd: { quota: "2G" } }),
            /^cluster\.etcd\.quota must be a size such as "2Gi"\.$/,
        ],
        ["a wrong type", cluster({ api: { port: "x" } }), /^cluster\.api\.port must be a number, not text \("x"\)\.$/],
        [
            "an image without a tag",
            { ...valid, images: [{ ...shop, reference: "shop" }] },
            /^images\[0\]\.reference must/,
        ],
        [
            "an image twice",
            { ...cluster({ source: "/m/" }), images: [shop, shop] },
            /^images\[1\]\.reference shop:1\.4 is there twice\.$/,
        ],
        [
            "an image of the catalogue",
            { ...cluster({ source: "/m/" }), images: [{ ...shop, reference: "redis:8.0.2" }] },
            /^images\[0\]\.reference redis:8\.0\.2 is one of Slipway's own images/,
        ],
        ["an image without a mirror", { ...valid, images: [shop] }, /^images come from a mirror, but a node's source/],
        ["a missing name", { nodes: [node(1)], cluster: {} }, /^cluster\.name is missing/],
        ["no cluster", { nodes: [node(1)] }, /^cluster is missing/],
        ["nothing at all", undefined, /^cluster is missing/],
        ["a port out of range", cluster({ api: { port: 70000 } }), /^cluster\.api\.port must be 1 to 65535/],
        ["a malformed name", cluster({ name: "Hex_1" }), /^cluster\.name must be lower-case/],
        ["a malformed domain", cluster({ domain: "a..b" }), /^cluster\.domain must be a domain/],
        ["a malformed address", { ...valid, nodes: [node(1, { address: "10.0.0.300" })] }, /IPv4 address/],
        ["a malformed CIDR", cluster({ network: { podCidr: "10.244.0.0/33" } }), /^cluster\.network\.podCidr must be/],
        ["a CIDR off its boundary", cluster({ network: { podCidr: "10.244.3.0/16" } }), /: 10\.244\.0\.0\/16 is\.$/],
        ["a wrong backend", cluster({ network: { backend: "vxla" } }), /must be one of "vxlan", "host-gw", "none"/],
        ["an unsupported version", cluster({ kubernetes: { version: "1.30.0" } }), /supported are .*1\.36\.3/],
        ["one name twice", { ...valid, nodes: [node(1), node(2, { name: "hex-n1" })] }, /taken by nodes\[0\]/],
        [
            "one address twice",
            { ...valid, nodes: [node(1), node(2, { address: "192.168.10.11" })] },
            /^nodes\[1\]\.address 192\.168\.10\.11 is taken by nodes\[0\]/,
        ],
        ["no control plane", { ...valid, nodes: [node(2)] }, /no control plane/],
        ["no machine", { ...valid, nodes: [] }, /no control plane/],
        ["two control planes", { ...valid, nodes: [node(1), node(2, { roles: ["control-plane"] })] }, /odd number/],
        [
            "networks that overlap",
            cluster({ network: { podCidr: "10.96.128.0/17" } }),
            /podCidr 10\.96\.128\.0\/17 and cluster\.network\.serviceCidr 10\.96\.0\.0\/16 overlap/,
        ],
        [
            "a machine in the pods' network",
            cluster({ network: { podCidr: "192.168.0.0/16" } }),
            /^nodes\[0\]\.address 192\.168\.10\.11 lies in cluster\.network\.podCidr/,
        ],
        ["too few pod networks", cluster({ network: { podCidr: "10.244.0.0/24" } }), /room for 1 nodes .* there are 2/],
        ["a tiny service network", cluster({ network: { serviceCidr: "10.96.0.0/28" } }), /too small/],
        [
            "an operator's certificate that outlives",
            cluster({ certificates: { operatorHours: 9000 } }),
            /operatorHours/,
        ],
        [
            "authorities that are trusted twice",
            cluster({ certificates: { generation: 2, trusted: [1, 2] } }),
            /^cluster\.certificates\.trusted names 2, which is cluster\.certificates\.generation/,
        ],
        [
            "keys that are trusted twice",
            cluster({ serviceAccounts: { generation: 3, trusted: [1, 1] } }),
            /^cluster\.serviceAccounts\.trusted names a generation twice/,
        ],
        [
            "a generation that is none",
            cluster({ certificates: { trusted: [0] } }),
            /certificates\.trusted\[0\] must be at least 1/,
        ],
        ["certificates always due", cluster({ certificates: { hours: 10, renewHours: 10 } }), /renewHours/],
        ["a gate nobody passes", cluster({ minimumReady: 3 }), /minimumReady is 3, but there are 2 nodes/],
        [
            "an external address of nobody",
            { ...valid, workloads: { "hello-kube": { externalAddress: "1.2.3.4" } } },
            /no node's address/,
        ],
    ];
    const workloads = (more: object, rest: object = {}) => ({ ...valid, ...rest, workloads: more });
    refused.push(
        [
            "a node of nobody",
            workloads({ redis: { node: "hex-n3" } }),
            /^workloads\.redis\.node hex-n3 is no node: did/,
        ],
        [
            "a host port taken twice",
            workloads({ redis: {}, "static-pod": { port: 6379 } }),
            /^workloads\.static-pod\.port 6379 is taken on hex-n2 by workloads\.redis\.port already\.$/,
        ],
        [
            "a host port that a service has there",
            workloads({ redis: { port: 8300 }, "hello-kube": { externalAddress: "192.168.10.12" } }),
            /^workloads\.hello-kube\.port 8300 is taken on hex-n2 by workloads\.redis\.port/,
        ],
        [
            "the kubelet's port",
            workloads({ redis: { port: 10250 } }),
            /^workloads\.redis\.port .* by the kubelet already/,
        ],
        [
            "the API's port",
            workloads({ "static-pod": { node: "hex-n1", port: 6443 } }),
            /^workloads\.static-pod\.port 6443 is taken on hex-n1 by kube-apiserver already/,
        ],
        [
            "an add-on's port",
            workloads({ redis: { port: 9100 } }, { addons: { monitoring: {} } }),
            /^workloads\.redis\.port 9100 is taken on hex-n2 by addons\.monitoring already\.$/,
        ],
        ["a host port among node ports", workloads({ redis: { port: 30500 } }), /range of node ports, 30000 to 32767/],
        ["a node port out of range", workloads({ classics: { nodePort: 8080 } }), /nodePort must be 30000 to 32767/],
        [
            "one node port twice",
            workloads({ canary: { nodePort: 30080 }, classics: {} }),
            /^workloads\.canary\.nodePort 30080 is taken on every node by workloads\.classics\.nodePort already/,
        ],
        [
            "a share that no number of pods has",
            workloads({ canary: { replicas: 3, percent: 25 } }),
            /^workloads\.canary\.percent 25 can't be had with 3 pods: 0 of them are 0 %, 1 of them are 33\.3 %\.$/,
        ],
        ["a color of nobody", workloads({ "blue-green": { active: "red" } }), /active must be one of "blue", "green"/],
        [
            "a frontend on an address of nobody",
            workloads({ microservices: { externalAddress: "1.2.3.4" } }),
            /^workloads\.microservices\.externalAddress 1\.2\.3\.4 is no node's address/,
        ],
        ["a volume without a class", workloads({ redis: { storage: "1Gi" } }), /switch on addons\.local-path/],
        ["a size without a unit", workloads({ redis: { storage: "1" } }), /storage must be a size such as "1Gi"/],
        ["a schedule that isn't one", workloads({ classics: { schedule: "often" } }), /must be five fields/],
    );
    for (const [what, raw, problem] of refused) {
        it(`refuses ${what}`, () => {
            const found = problems(raw);
            assert.ok(
                found.some((text) => problem.test(text)),
                `no problem matches ${problem}:\n${found.join("\n")}`,
            );
            assert.deepEqual(
                found.filter((text) => !/^\w[^ ]* .*[.?]$/.test(text)),
                [],
                "each problem is a sentence that starts with its path",
            );
        });
    }

    it("says everything at once", () => {
        const found = problems({
            clustr: {},
            cluster: {
                name: "Hex",
                network: { podCidr: "10.96.0.0/16", backend: "x" },
                kubernetes: { version: "1.2.3" },
            },
            nodes: [{ name: "a", address: "10.96.0.5" }, { name: "a" }],
        });
        for (const part of [
            "clustr",
            "cluster.name",
            "backend",
            "1.2.3",
            "overlap",
            "lies in",
            "taken by",
            "no control plane",
            "nodes[1].address is missing",
        ]) {
            assert.ok(
                found.some((text) => text.includes(part)),
                `"${part}" is missing in:\n${found.join("\n")}`,
            );
        }
    });
});
