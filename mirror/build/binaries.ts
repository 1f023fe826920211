import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { writeArchive } from "../archive";
import {
    artifacts,
    cniPluginNames,
    forArchitecture,
    type Artifact,
    type ArtifactName,
    type Versions,
} from "../catalogue";
import { keyOf, type Job } from "../job";
import { goBuild, goPrepare, goRecipe, type GoBuild } from "./go";

/** Jobs that build everything nodes install, from Go modules, in upstream's layout. */
export function binaryJobs(versions: Versions, arch: Architecture): Job[] {
    const all = artifacts(versions);
    return [
        archiveJob(all["cni-plugins"], arch, cniPluginsBuild(versions.cniPlugins)),
        archiveJob(all["flannel-cni"], arch, flannelCniBuild, {
            remark: `built from github.com/containernetworking/plugins ${flannelCniSource}, the last that had this plugin`,
        }),
        archiveJob(all.etcd, arch, etcdBuild(versions.etcd), { renamed: { etcd: "server" } }),
        kubernetesJob(versions, arch),
        archiveJob(all["cri-dockerd"], arch, criDockerdBuild(versions.criDockerd)),
        ...(all.containerd ? [archiveJob(all.containerd, arch, containerdBuild(all.containerd.version))] : []),
    ];
}

const kubernetesCommands: readonly ArtifactName[] = [
    "kubelet",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubectl",
];

/** Packages of k8s.io/kubernetes, with its staging modules and its version stamped in. */
export function kubernetesBuild(version: string, packages: readonly string[]): GoBuild {
    const [major, minor] = version.split(".");
    const stamps = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
    return {
        require: { "k8s.io/kubernetes": `v${version}` },
        staging: `v0.${version.slice(version.indexOf(".") + 1)}`,
        packages: packages.map((name) => `k8s.io/kubernetes/${name}`),
        variables: Object.fromEntries(
            ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((module) =>
                Object.entries(stamps).map(([name, value]) => [`${module}.${name}`, value]),
            ),
        ),
    };
}

function kubernetesJob(versions: Versions, arch: Architecture): Job {
    const build = kubernetesBuild(
        versions.kubernetes,
        kubernetesCommands.map((name) => `cmd/${name}`),
    );
    const all = artifacts(versions);
    return {
        name: "kubernetes",
        title: `Kubernetes ${versions.kubernetes} (${arch})`,
        key: keyOf(goRecipe, build, arch),
        paths: kubernetesCommands.map((name) => all[name].path(arch)),
        origin: "built",
        needs: ["go"],
        prepare: async (context) => void (await goPrepare(build, context)),
        // One `go build` for all of them: the packages they share are compiled once.
        make: (context) => goBuild(build, arch, path.join(context.out, path.dirname(all.kubelet.path(arch))), context),
    };
}

/** etcd with its tools; the server's executable is called `server`. */
export const etcdBuild = (version: string): GoBuild => ({
    require: Object.fromEntries(
        ["server", "etcdctl", "etcdutl"].map((name) => [`go.etcd.io/etcd/${name}/v3`, `v${version}`]),
    ),
    packages: ["server", "etcdctl", "etcdutl"].map((name) => `go.etcd.io/etcd/${name}/v3`),
});

const criDockerdBuild = (version: string): GoBuild => ({
    require: { "github.com/Mirantis/cri-dockerd": `v${version}` },
    copyReplaces: true,
    packages: ["github.com/Mirantis/cri-dockerd"],
    variables: { "github.com/Mirantis/cri-dockerd/cmd/version.Version": version },
});

const containerdModule = "github.com/containerd/containerd/v2";

const containerdBuild = (version: string): GoBuild => ({
    require: { [containerdModule]: `v${version}` },
    packages: ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => `${containerdModule}/cmd/${name}`),
    variables: { [`${containerdModule}/version.Version`]: `v${version}` },
});

const cniModule = "github.com/containernetworking/plugins";

const cniPluginsBuild = (version: string): GoBuild => ({
    require: { [cniModule]: `v${version}` },
    packages: cniPluginNames.map((name) => `${cniModule}/plugins/${cniKind(name)}/${name}`),
    variables: { [`${cniModule}/pkg/utils/buildversion.BuildVersion`]: `v${version}` },
});

function cniKind(name: string): string {
    const kinds: Record<string, readonly string[]> = {
        ipam: ["dhcp", "host-local", "static"],
        meta: ["bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"],
    };
    return Object.keys(kinds).find((kind) => kinds[kind].includes(name)) ?? "main";
}

/** flannel-io/cni-plugin isn't served as a Go module; the plugin's former home is. */
const flannelCniSource = "v0.9.1";

const flannelCniBuild: GoBuild = {
    require: { [cniModule]: flannelCniSource },
    packages: [`${cniModule}/plugins/meta/flannel`],
    variables: { [`${cniModule}/pkg/utils/buildversion.BuildVersion`]: flannelCniSource },
};

/** An archive of upstream's layout with the executables of one build; `renamed` maps command → executable built. */
function archiveJob(
    artifact: Artifact,
    arch: Architecture,
    build: GoBuild,
    options: { renamed?: Record<string, string>; remark?: string } = {},
): Job {
    const target = artifact.path(arch);
    return {
        name: artifact.name,
        title: `${artifact.name} ${artifact.version} (${arch})`,
        key: keyOf(goRecipe, build, arch, artifact.template, artifact.members),
        paths: [target],
        origin: "built",
        remark: options.remark,
        needs: ["go"],
        prepare: async (context) => void (await goPrepare(build, context)),
        async make(context) {
            const built = path.join(context.work, "bin");
            await goBuild(build, arch, built, context);
            const file = path.join(context.out, target);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            await writeArchive(
                file,
                Object.entries(artifact.members ?? {}).map(([command, member]) => ({
                    path: forArchitecture(member, arch),
                    type: "file",
                    mode: 0o755,
                    content: { file: path.join(built, options.renamed?.[command] ?? command) },
                })),
            );
        },
    };
}
