/**
 * What kubeadm wants beside a node's binaries: kubeadm itself, and the control plane's programs as images. The programs
 * in the images are those of the mirror, byte for byte, so that both ways of making a cluster run the same.
 */
import * as fs from "node:fs";
import * as path from "node:path";

import type { Entry } from "../../mirror/archive";
import { kubernetesBuild } from "../../mirror/build/binaries";
import { goBuild, goPrepare, goRecipe } from "../../mirror/build/go";
import { artifacts, type ArtifactName, type ImageArtifact, type Versions } from "../../mirror/catalogue";
import { loadDigests } from "../../mirror/digests";
import { fillMirror } from "../../mirror/fill";
import {
    debianFiles,
    essentials,
    libraries,
    cLibrary,
    prepareDebian,
    registerPackages,
} from "../../mirror/images/base";
import { imageJob, type Recipe } from "../../mirror/images/recipe";
import { keyOf, type Job, type JobContext } from "../../mirror/job";
import { run } from "../../mirror/run";
import { hostArchitecture } from "../../setup/plan";

const arch = hostArchitecture();

/** kubeadm's path in its mirror. */
export const kubeadmPath = ({ kubernetes }: Versions) => `dl.k8s.io/release/v${kubernetes}/bin/linux/${arch}/kubeadm`;

/** The images that kubeadm names in its manifests, and the commands of the mirror that go into them. */
export function kubeadmImages({ kubernetes, etcd }: Versions): { image: ImageArtifact; command: ArtifactName }[] {
    const ofKubernetes = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"] as const;
    return [
        ...ofKubernetes.map((command) => ({ image: imageOf(command, `v${kubernetes}`), command })),
        { image: imageOf("etcd", etcdTag(etcd)), command: "etcd" },
    ];
}

export const etcdTag = (version: string) => `${version}-0`;

function imageOf(command: string, tag: string): ImageArtifact {
    const name = `registry.k8s.io/${command}`;
    const template = `images/${name}/${tag}/{arch}.tar`;
    const path = (architecture: string) => template.replace("{arch}", architecture);
    return { name, tag, repository: name, reference: `${name}:${tag}`, template, path };
}

/** Makes the mirror of kubeadm in `folder`, from the one that nodes use. The second time it only looks. */
export function fillKubeadm(
    folder: string,
    mirror: string,
    versions: Versions,
    progress: (line: string) => void,
): Promise<string> {
    const jobs = [kubeadmJob(versions), ...imageJobs(mirror, versions)];
    return fillMirror({ source: "build", folder, versions, architectures: [arch], jobs, progress });
}

function kubeadmJob(versions: Versions): Job {
    const build = kubernetesBuild(versions.kubernetes, ["cmd/kubeadm"]);
    const target = kubeadmPath(versions);
    return {
        name: "kubeadm",
        title: `kubeadm ${versions.kubernetes} (${arch})`,
        key: keyOf(goRecipe, build, arch),
        paths: [target],
        origin: "built",
        needs: ["go"],
        prepare: async (context) => void (await goPrepare(build, context)),
        make: (context) => goBuild(build, arch, path.join(context.out, path.dirname(target)), context),
    };
}

function imageJobs(mirror: string, versions: Versions): Job[] {
    const { files } = loadDigests(mirror);
    return kubeadmImages(versions).map(({ image, command }) => {
        const artifact = artifacts(versions)[command];
        const source = path.join(mirror, artifact.path(arch));
        const recipe: Recipe = {
            source: `the mirror's ${artifact.path(arch)}`,
            inputs: [files[artifact.path(arch)].sha256, 2],
            needs: command === "kube-proxy" ? ["apt-get", "dpkg-deb"] : [],
            prepare: async (context) => command === "kube-proxy" && prepareDebian(arch, context),
            async assemble(context) {
                const file = artifact.members ? await unpacked(source, context.work, command) : source;
                const tools = command === "kube-proxy" ? await iptables(context) : [];
                const program = {
                    path: `usr/local/bin/${command}`,
                    type: "file",
                    mode: 0o755,
                    content: { file },
                } as const;
                return { entries: [...tools, ...essentials(), program], config: {} };
            },
        };
        return imageJob(`bench-${command}`, image, recipe, arch);
    });
}

const iptablesPackages = registerPackages({
    iptables: [/^usr\/sbin\//, /\/xtables\/[^/]+\.so$/],
    libc6: [cLibrary],
    ...Object.fromEntries(
        [
            "libip4tc2",
            "libip6tc2",
            "libxtables12",
            "libmnl0",
            "libnetfilter-conntrack3",
            "libnfnetlink0",
            "libnftnl11",
        ].map((name) => [name, [libraries]]),
    ),
});

/** What kube-proxy calls, with the links that a package's installation makes: the kind that the nodes have, too. */
async function iptables(context: JobContext): Promise<Entry[]> {
    const { entries } = await debianFiles(iptablesPackages, arch, context);
    const names = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
    const links = names.map((name): Entry => ({ path: `usr/sbin/${name}`, type: "link", target: "xtables-nft-multi" }));
    return [...entries, ...links];
}

/** One command out of an archive. */
async function unpacked(archive: string, folder: string, command: string): Promise<string> {
    fs.mkdirSync(folder, { recursive: true });
    await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1", "--wildcards", `*/${command}`]);
    return path.join(folder, command);
}
