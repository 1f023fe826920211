import * as assert from "node:assert/strict";

import {
    artifacts,
    defaultVersions,
    images,
    missingFrom,
    needs,
    optionalVersions,
    supportedKubernetes,
    unbuildable,
} from "../../mirror/catalogue";
import { mirrorFolder } from "../../mirror/fill";
import { mirrorJobs } from "../../mirror/jobs";

describe("the mirror's catalogue", () => {
    it("lays files out as upstream does", () => {
        const paths = Object.values(artifacts()).map((artifact) => artifact.path("arm64"));
        assert.deepEqual(paths.slice(5), [
            "dl.k8s.io/release/v1.36.3/bin/linux/arm64/kubectl",
            "github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-arm64.tar.gz",
            "github.com/Mirantis/cri-dockerd/releases/download/v0.4.3/cri-dockerd-0.4.3.arm64.tgz",
            "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz",
            "github.com/flannel-io/cni-plugin/releases/download/v1.9.1-flannel1/" +
                "cni-plugin-flannel-linux-arm64-v1.9.1-flannel1.tgz",
        ]);
        assert.equal(artifacts().etcd.members?.etcdctl, "etcd-v3.6.8-linux-{arch}/etcdctl");
        assert.equal(artifacts()["cni-plugins"].members?.["host-local"], "./host-local");
    });

    it("names images as users know them", () => {
        assert.deepEqual(
            Object.values(images()).map((image) => [image.reference, image.path("amd64")]),
            [
                ["registry.k8s.io/pause:3.10.2", "images/registry.k8s.io/pause/3.10.2/amd64.tar"],
                ["registry.k8s.io/coredns/coredns:v1.14.7", "images/registry.k8s.io/coredns/coredns/v1.14.7/amd64.tar"],
                ["ghcr.io/flannel-io/flannel:v0.28.4", "images/ghcr.io/flannel-io/flannel/v0.28.4/amd64.tar"],
                ["nginx:1.26.3", "images/docker.io/library/nginx/1.26.3/amd64.tar"],
                [
                    "registry.k8s.io/e2e-test-images/agnhost:2.63.0",
                    "images/registry.k8s.io/e2e-test-images/agnhost/2.63.0/amd64.tar",
                ],
            ],
        );
    });

    const everything = { ...defaultVersions, ...optionalVersions };

    it("has what is optional only where a version of it is asked for", () => {
        const optional = Object.values(images(everything)).slice(0, -Object.keys(images()).length);
        assert.deepEqual(
            optional.map((image) => [image.reference, image.repository]),
            [
                ["redis:8.0.2", "docker.io/library/redis"],
                ["kelseyhightower/auth:1.0.0", "docker.io/kelseyhightower/auth"],
                ["kelseyhightower/hello:1.0.0", "docker.io/kelseyhightower/hello"],
                ["kelseyhightower/hello:2.0.0", "docker.io/kelseyhightower/hello"],
                ["kelseyhightower/monolith:1.0.0", "docker.io/kelseyhightower/monolith"],
                ["quay.io/metallb/controller:v0.15.2", "quay.io/metallb/controller"],
                ["quay.io/metallb/speaker:v0.15.2", "quay.io/metallb/speaker"],
                [
                    "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
                    "registry.k8s.io/metrics-server/metrics-server",
                ],
                ["rancher/local-path-provisioner:v0.0.30", "docker.io/rancher/local-path-provisioner"],
                ["quay.io/prometheus/prometheus:v3.15.0", "quay.io/prometheus/prometheus"],
                ["quay.io/prometheus/node-exporter:v1.12.1", "quay.io/prometheus/node-exporter"],
                ["gcr.io/cadvisor/cadvisor:v0.52.1", "gcr.io/cadvisor/cadvisor"],
                ["ghcr.io/headlamp-k8s/headlamp:v0.44.0", "ghcr.io/headlamp-k8s/headlamp"],
            ],
        );
        assert.equal(images({ ...defaultVersions, redis: "8.0.3" }).redis?.reference, "redis:8.0.3");
    });

    it("has containerd, as upstream packs it, only where a version of it is asked for", () => {
        assert.equal(artifacts().containerd, undefined);
        const { containerd } = artifacts(everything);
        const folder = "github.com/containerd/containerd/releases/download/v2.4.2";
        assert.equal(containerd?.path("arm64"), `${folder}/containerd-2.4.2-linux-arm64.tar.gz`);
        assert.equal(containerd?.members?.["containerd-shim-runc-v2"], "bin/containerd-shim-runc-v2");
    });

    it("says for every optional version what needs it", () => {
        const needed = new Set(Object.values(needs).flat());
        assert.deepEqual([...needed].sort(), Object.keys(optionalVersions).sort());
    });

    it("says which image can't be made here, where it comes from, and what to do", () => {
        assert.deepEqual(unbuildable(defaultVersions), []);
        const [sentence, ...others] = unbuildable(everything);
        assert.match(sentence, /^The image ghcr\.io\/headlamp-k8s\/headlamp:v0\.44\.0 can't .*from ghcr\.io only/);
        assert.match(sentence, /--source upstream.*cluster\.source.*take headlamp out/);
        assert.deepEqual(others, []);
    });

    it("knows what a mirror lacks: a file of one architecture is enough", () => {
        const items = [...Object.values(artifacts()), ...Object.values(images())];
        const files = Object.fromEntries(items.map((item) => [item.path("arm64"), {}]));
        assert.deepEqual(missingFrom(files, defaultVersions), []);
        assert.deepEqual(missingFrom(files, { ...defaultVersions, etcd: "3.6.9", nginx: "1.26.4" }), [
            "etcd 3.6.9",
            "nginx:1.26.4",
        ]);
    });

    it("supports its own default", () => {
        assert.ok(supportedKubernetes.includes(defaultVersions.kubernetes));
    });

    for (const source of ["build", "upstream"] as const) {
        it(`is covered by the jobs of "${source}", each file by one of them`, () => {
            const made = mirrorJobs(source, everything, "amd64").flatMap((job) => job.paths);
            const { headlamp: registryOnly, ...others } = images(everything);
            const wanted = [
                ...Object.values(artifacts(everything)),
                ...Object.values(others),
                ...(source === "build" ? [] : [registryOnly!]),
            ].map((each) => each.path("amd64"));
            assert.deepEqual([...made].sort(), wanted.sort());
        });
    }

    it("keeps what doesn't depend on the Kubernetes version when that changes", () => {
        const keys = (kubernetes: string) =>
            new Map(mirrorJobs("build", { ...defaultVersions, kubernetes }, "amd64").map((job) => [job.name, job.key]));
        const [before, after] = [keys("1.36.1"), keys("1.36.3")];
        assert.deepEqual(
            [...after].filter(([name, key]) => before.get(name) !== key).map(([name]) => name),
            ["kubernetes"],
        );
    });

    it("gives each content a folder of its own", () => {
        const folders = [
            mirrorFolder("build", defaultVersions, "/c"),
            mirrorFolder("upstream", defaultVersions, "/c"),
            mirrorFolder("build", { ...defaultVersions, kubernetes: "1.36.1" }, "/c"),
        ];
        assert.equal(new Set(folders).size, 3);
        assert.equal(folders[0], mirrorFolder("build", { ...defaultVersions }, "/c"));
    });
});
