import type { Architecture } from "../components/inventory/node";

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
}

/** What only some add-on or workload needs: a mirror and the nodes have it where one of those is on. */
export interface OptionalVersions {
    readonly redis: string;
}

/** The versions of what is optional. */
export const optionalVersions: OptionalVersions = {
    // Debian 13's, whose packages the assembled image is made of.
    redis: "8.0.2",
};

/** What each add-on and workload that needs more than the cluster itself is made of. */
export const needs: Readonly<Record<string, readonly (keyof OptionalVersions)[]>> = {
    redis: ["redis"],
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

export type ImageName = "pause" | "coredns" | "flannel" | "nginx" | "agnhost";
export type OptionalImageName = "redis";
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

/** Files that nodes fetch, in upstream's layout, for these versions. */
export function artifacts(versions: Versions = defaultVersions): Record<ArtifactName, Artifact> {
    const { kubernetes, etcd, criDockerd, cniPlugins, flannelCni } = versions;
    const command = (name: ArtifactName) => {
        const template = `dl.k8s.io/release/v${kubernetes}/bin/linux/{arch}/${name}`;
        return artifact(name, kubernetes, { template, checksums: `${template}.sha256` });
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
    };
}

/** Container images for these versions; of what is optional only what has a version. */
export function images(versions: Versions = defaultVersions): Images {
    const optional: Record<OptionalImageName, ImageArtifact | undefined> = {
        redis: versions.redis ? image("redis", versions.redis, "docker.io/library/redis") : undefined,
    };
    return {
        ...(Object.fromEntries(Object.entries(optional).filter(([, image]) => image)) as Partial<typeof optional>),
        pause: image("registry.k8s.io/pause", versions.pause),
        coredns: image("registry.k8s.io/coredns/coredns", `v${versions.coredns}`),
        flannel: image("ghcr.io/flannel-io/flannel", `v${versions.flannel}`),
        nginx: image("nginx", versions.nginx, "docker.io/library/nginx"),
        agnhost: image("registry.k8s.io/e2e-test-images/agnhost", versions.agnhost),
    };
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

type Details = Pick<Artifact, "template" | "members" | "checksums">;

function artifact(name: string, version: string, details: Details): Artifact {
    return { name, version, ...details, path: (arch) => forArchitecture(details.template, arch) };
}

function membersOf(names: readonly string[], prefix: string): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${prefix}${name}`]));
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
