import type { Architecture } from "../components/inventory/node";
import { registryOnlyTestImages, testImages, type Extent, type TestImageName } from "./conformance/images";

/** What a mirror holds: one version of each thing that a cluster is made of, without a leading "v". */
export interface Versions extends Partial<OptionalVersions> {
    readonly kubernetes: string;
    readonly etcd: string;
    readonly criDockerd: string;
    /** The reference CNI plugins (bridge, host-local, loopback, portmap …). */
    readonly cniPlugins: string;
    /** flannel's own CNI plugin, by the tag of its release. */
    readonly flannelCni: string;
    readonly flannel: string;
    readonly coredns: string;
    readonly pause: string;
    /** The hello image: Kubernetes' own test server. */
    readonly agnhost: string;
    readonly nginx: string;
    /** The images of Kubernetes' conformance tests, where nodes are to have them: all, or those of the short run. */
    readonly conformance?: Extent;
}

/** What only some add-on, workload or runtime needs: a mirror and the nodes have it where one of those is on. */
export interface OptionalVersions {
    readonly redis: string;
    /** The micro-services of the well-known tutorial. */
    readonly auth: string;
    readonly hello: string;
    /** The version of hello that a roll-out goes to. */
    readonly helloNext: string;
    /** auth and hello in one. */
    readonly monolith: string;
    readonly metallb: string;
    readonly metricsServer: string;
    readonly localPathProvisioner: string;
    readonly prometheus: string;
    readonly nodeExporter: string;
    readonly cadvisor: string;
    readonly headlamp: string;
    /** A node's container runtime, instead of docker. */
    readonly containerd: string;
}

/** The versions of what is optional. */
export const optionalVersions: OptionalVersions = {
    // Debian 13's, whose packages the assembled image is made of.
    redis: "8.0.2",
    auth: "1.0.0",
    hello: "1.0.0",
    helloNext: "2.0.0",
    monolith: "1.0.0",
    // The newest whose Go module can be built: 0.16.2 requires a module that no proxy serves.
    metallb: "0.15.2",
    metricsServer: "0.9.0",
    localPathProvisioner: "0.0.30",
    prometheus: "3.15.0",
    nodeExporter: "1.12.1",
    // The newest whose client speaks with docker 20.10, too.
    cadvisor: "0.52.1",
    headlamp: "0.44.0",
    containerd: "2.4.2",
};

/** What each add-on, workload and runtime that needs more than the cluster itself is made of. */
export const needs: Readonly<Record<string, readonly (keyof OptionalVersions)[]>> = {
    metallb: ["metallb"],
    "metrics-server": ["metricsServer"],
    "local-path": ["localPathProvisioner"],
    monitoring: ["prometheus", "nodeExporter", "cadvisor"],
    headlamp: ["headlamp"],
    containerd: ["containerd"],
    redis: ["redis"],
    microservices: ["auth", "hello", "helloNext"],
    monolith: ["monolith"],
    "healthy-monolith": ["monolith"],
    "secure-monolith": ["monolith"],
    "blue-green": ["hello", "helloNext"],
    canary: ["hello", "helloNext"],
};

/**
 * The versions that are tested together. etcd, the CNI plugins, pause and agnhost are those that Kubernetes 1.36.3
 * names in its `build/dependencies.yaml`; nginx is the one of Debian 13, whose packages the assembled image is made of.
 */
export const defaultVersions: Versions = {
    kubernetes: "1.36.3",
    etcd: "3.6.8",
    criDockerd: "0.4.3",
    cniPlugins: "1.9.1",
    flannelCni: "1.9.1-flannel1",
    flannel: "0.28.4",
    coredns: "1.14.7",
    pause: "3.10.2",
    agnhost: "2.63.0",
    nginx: "1.26.3",
};

/** Kubernetes releases that Slipway is tested with, oldest first. */
export const supportedKubernetes: readonly string[] = ["1.34.4", "1.35.4", "1.36.1", "1.36.3"];

/** A file that nodes fetch: one executable, or an archive of several. */
export interface Artifact {
    readonly name: string;
    readonly version: string;
    /** Upstream's path `<host>/<path>` with {arch} in it. */
    readonly template: string;
    /** Upstream's path for one architecture. */
    path(arch: Architecture): string;
    /** For an archive (.tar.gz, .tgz): which member holds which command, with {arch} in it. */
    readonly members?: Readonly<Record<string, string>>;
    /** The file of SHA-256 sums that upstream publishes beside it, with {arch} in it. Absent: upstream has none. */
    readonly checksums?: string;
    /** Whether Kubernetes' release managers sign it (mirror/upstream/signature.ts). Default: no. */
    readonly signed?: boolean;
}

/** A container image, kept as an archive that `docker load` takes. */
export interface ImageArtifact {
    /** "registry.k8s.io/pause" */
    readonly name: string;
    readonly tag: string;
    /** The reference that manifests name, and that the archive carries: `name:tag`. */
    readonly reference: string;
    /** Where a registry has it: "registry.k8s.io/pause", "docker.io/library/nginx". */
    readonly repository: string;
    /** The archive's path with {arch} in it: `images/<name>/<tag>/{arch}.tar`. */
    readonly template: string;
    path(arch: Architecture): string;
}

export type ArtifactName =
    | "kubelet"
    | "kube-apiserver"
    | "kube-controller-manager"
    | "kube-scheduler"
    | "kube-proxy"
    | "kubectl"
    | "etcd"
    | "cri-dockerd"
    | "cni-plugins"
    | "flannel-cni";

/** What has a version only where some node uses it. */
export type OptionalArtifactName = "containerd";
export type Artifacts = Record<ArtifactName, Artifact> & Partial<Record<OptionalArtifactName, Artifact>>;

export type ImageName = "pause" | "coredns" | "flannel" | "nginx" | "agnhost";
/** An image of what is optional; MetalLB has two. */
export type OptionalImageName =
    Exclude<keyof OptionalVersions, "metallb" | "containerd"> | "metallbController" | "metallbSpeaker" | TestImageName;
/** What can't be put together from source or Debian's packages: only registries have it. */
export type RegistryOnlyName = "headlamp" | "e2eHttpd" | "e2eHttpdNew";
export type Images = Record<ImageName, ImageArtifact> & Partial<Record<OptionalImageName, ImageArtifact>>;

/** Everything that containernetworking/plugins ships for Linux. */
export const cniPluginNames: readonly string[] = [
    "bandwidth",
    "bridge",
    "dhcp",
    "dummy",
    "firewall",
    "host-device",
    "host-local",
    "ipvlan",
    "loopback",
    "macvlan",
    "portmap",
    "ptp",
    "sbr",
    "static",
    "tap",
    "tuning",
    "vlan",
    "vrf",
];

/** Files that nodes fetch, in upstream's layout, for these versions; of what is optional only what has a version. */
export function artifacts(versions: Versions = defaultVersions): Artifacts {
    const { kubernetes, etcd, criDockerd, cniPlugins, flannelCni, containerd } = versions;
    const command = (name: ArtifactName) => {
        const template = `dl.k8s.io/release/v${kubernetes}/bin/linux/{arch}/${name}`;
        return artifact(name, kubernetes, { template, checksums: `${template}.sha256`, signed: true });
    };
    const onGitHub = (repository: string, version: string) => `github.com/${repository}/releases/download/v${version}`;

    const etcdFolder = onGitHub("etcd-io/etcd", etcd);
    const cniPluginsFile = `${onGitHub("containernetworking/plugins", cniPlugins)}/cni-plugins-linux-{arch}-v${cniPlugins}.tgz`;
    const flannelCniFile = `${onGitHub("flannel-io/cni-plugin", flannelCni)}/cni-plugin-flannel-linux-{arch}-v${flannelCni}.tgz`;
    return {
        kubelet: command("kubelet"),
        "kube-apiserver": command("kube-apiserver"),
        "kube-controller-manager": command("kube-controller-manager"),
        "kube-scheduler": command("kube-scheduler"),
        "kube-proxy": command("kube-proxy"),
        kubectl: command("kubectl"),
        etcd: artifact("etcd", etcd, {
            template: `${etcdFolder}/etcd-v${etcd}-linux-{arch}.tar.gz`,
            members: membersOf(["etcd", "etcdctl", "etcdutl"], `etcd-v${etcd}-linux-{arch}/`),
            checksums: `${etcdFolder}/SHA256SUMS`,
        }),
        "cri-dockerd": artifact("cri-dockerd", criDockerd, {
            template: `${onGitHub("Mirantis/cri-dockerd", criDockerd)}/cri-dockerd-${criDockerd}.{arch}.tgz`,
            members: membersOf(["cri-dockerd"], "cri-dockerd/"),
        }),
        "cni-plugins": artifact("cni-plugins", cniPlugins, {
            template: cniPluginsFile,
            members: membersOf(cniPluginNames, "./"),
            checksums: `${cniPluginsFile}.sha256`,
        }),
        "flannel-cni": artifact("flannel-cni", flannelCni, {
            template: flannelCniFile,
            members: { flannel: "flannel-{arch}" },
            checksums: `${flannelCniFile}.sha256`,
        }),
        ...(containerd === undefined ? {} : { containerd: containerdArtifact(containerd, onGitHub) }),
    };
}

function containerdArtifact(version: string, onGitHub: (repository: string, version: string) => string): Artifact {
    const template = `${onGitHub("containerd/containerd", version)}/containerd-${version}-linux-{arch}.tar.gz`;
    return artifact("containerd", version, {
        template,
        members: membersOf(["containerd", "containerd-shim-runc-v2", "ctr"], "bin/"),
        checksums: `${template}.sha256sum`,
    });
}

/** Container images for these versions; of what is optional only what has a version. */
export function images(versions: Versions = defaultVersions): Images {
    const ofDocker = (name: string) => (tag: string) => image(name, tag, `docker.io/${name}`);
    const ofQuay = (name: string) => (tag: string) => image(`quay.io/${name}`, `v${tag}`);
    const optional: Record<Exclude<OptionalImageName, TestImageName>, ImageArtifact | undefined> = {
        redis: ofVersion(versions.redis, (tag) => image("redis", tag, "docker.io/library/redis")),
        auth: ofVersion(versions.auth, ofDocker("kelseyhightower/auth")),
        hello: ofVersion(versions.hello, ofDocker("kelseyhightower/hello")),
        helloNext: ofVersion(versions.helloNext, ofDocker("kelseyhightower/hello")),
        monolith: ofVersion(versions.monolith, ofDocker("kelseyhightower/monolith")),
        metallbController: ofVersion(versions.metallb, ofQuay("metallb/controller")),
        metallbSpeaker: ofVersion(versions.metallb, ofQuay("metallb/speaker")),
        metricsServer: ofVersion(versions.metricsServer, (tag) =>
            image("registry.k8s.io/metrics-server/metrics-server", `v${tag}`),
        ),
        localPathProvisioner: ofVersion(versions.localPathProvisioner, (tag) =>
            image("rancher/local-path-provisioner", `v${tag}`, "docker.io/rancher/local-path-provisioner"),
        ),
        prometheus: ofVersion(versions.prometheus, ofQuay("prometheus/prometheus")),
        nodeExporter: ofVersion(versions.nodeExporter, ofQuay("prometheus/node-exporter")),
        cadvisor: ofVersion(versions.cadvisor, (tag) => image("gcr.io/cadvisor/cadvisor", `v${tag}`)),
        headlamp: ofVersion(versions.headlamp, (tag) => image("ghcr.io/headlamp-k8s/headlamp", `v${tag}`)),
    };
    const always: Record<ImageName, ImageArtifact> = {
        pause: image("registry.k8s.io/pause", versions.pause),
        coredns: image("registry.k8s.io/coredns/coredns", `v${versions.coredns}`),
        flannel: image("ghcr.io/flannel-io/flannel", `v${versions.flannel}`),
        nginx: image("nginx", versions.nginx, "docker.io/library/nginx"),
        agnhost: image("registry.k8s.io/e2e-test-images/agnhost", versions.agnhost),
    };
    return {
        ...(Object.fromEntries(Object.entries(optional).filter(([, image]) => image)) as Partial<typeof optional>),
        ...imagesOfTests(versions, Object.values(always)),
        ...always,
    };
}

/** Those of the conformance tests, without what every cluster has. */
function imagesOfTests(
    { kubernetes, conformance }: Versions,
    known: readonly ImageArtifact[],
): Partial<Record<TestImageName, ImageArtifact>> {
    if (conformance === undefined) return {};
    const references = Object.entries(testImages(kubernetes, conformance));
    const fresh = references.filter(([, reference]) => known.every((each) => each.reference !== reference));
    return Object.fromEntries(fresh.map(([name, reference]) => [name, ownImage(reference)]));
}

/** The operator's own image of this name and tag, which comes from an archive and from no registry. */
export function ownImage(reference: string): ImageArtifact {
    const colon = reference.lastIndexOf(":");
    return image(reference.slice(0, colon), reference.slice(colon + 1));
}

/** A sentence for each image of these versions that can't be made here: which, from where it comes, what to do. */
export function unbuildable(versions: Versions): string[] {
    const all = images(versions);
    const ofTests = registryOnlyTestImages.flatMap((name) => all[name] ?? []);
    return [
        ...(all.headlamp ? [sentence(all.headlamp)] : []),
        ...ofTests.map(
            ({ reference }) =>
                `The image ${reference}, which the conformance tests of Kubernetes ${versions.kubernetes} run, can't be ` +
                "put together from source: take everything from upstream (`--source upstream`), or leave out " +
                "cluster.conformance.",
        ),
    ];
}

function sentence({ reference, repository }: ImageArtifact): string {
    return (
        `The image ${reference} can't be put together from source: it comes from ${repository.split("/")[0]} only. ` +
        "Where that can be reached take everything from upstream (`--source upstream`), or from a mirror of your " +
        "own that has it (cluster.source); else take headlamp out of slipway:addons: `npm run dashboard` needs no image."
    );
}

/** What of these versions a mirror lacks, for every architecture: "etcd 3.6.9", "nginx:1.26.4". */
export function missingFrom(files: Readonly<Record<string, unknown>>, versions: Versions): string[] {
    const lacks = ({ path }: Pick<Artifact, "path">) =>
        files[path("amd64")] === undefined && files[path("arm64")] === undefined;
    return [
        ...Object.values(artifacts(versions))
            .filter(lacks)
            .map(({ name, version }) => `${name} ${version}`),
        ...Object.values(images(versions))
            .filter(lacks)
            .map(({ reference }) => reference),
    ];
}

/** Puts an architecture into a path or member that has {arch} in it. */
export function forArchitecture(template: string, arch: Architecture): string {
    return template.replaceAll("{arch}", arch);
}

type Details = Pick<Artifact, "template" | "members" | "checksums" | "signed">;

function artifact(name: string, version: string, details: Details): Artifact {
    return { name, version, ...details, path: (arch) => forArchitecture(details.template, arch) };
}

function membersOf(names: readonly string[], prefix: string): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${prefix}${name}`]));
}

function ofVersion(version: string | undefined, make: (version: string) => ImageArtifact): ImageArtifact | undefined {
    return version === undefined ? undefined : make(version);
}

function image(name: string, tag: string, full = name): ImageArtifact {
    const template = `images/${full}/${tag}/{arch}.tar`;
    return {
        name,
        tag,
        reference: `${name}:${tag}`,
        repository: full,
        template,
        path: (arch) => forArchitecture(template, arch),
    };
}
