import { supportedKubernetes } from "../../mirror/catalogue";

/** The versions of one member, as its probe tells. */
export interface MemberVersions {
    readonly name: string;
    readonly controlPlane: boolean;
    readonly versions: Readonly<Record<string, string | undefined>>;
}

type Wanted = { readonly kubernetes: string; readonly etcd: string };

/**
 * Steps between versions that Kubernetes and etcd don't allow: every problem, each with the way there. Pure.
 *
 * An API server goes up by one minor version at a time and never back by one, for what it has stored
 * (https://kubernetes.io/releases/version-skew-policy/); so does etcd (https://etcd.io/docs/v3.6/upgrades/). Patches may
 * go either way. Of kubelets only those count that would be more than three minor versions behind.
 *
 * @param silent control planes of which nothing is known now
 */
export function skewProblems(
    wanted: Wanted,
    members: readonly MemberVersions[],
    silent: readonly string[] = [],
): string[] {
    const planes = members.filter(({ controlPlane }) => controlPlane);
    return [
        ...stepProblems("cluster.kubernetes.version", wanted.kubernetes, "kubernetes", planes),
        ...stepProblems("cluster.versions.etcd", wanted.etcd, "etcd", planes),
        ...oldKubelets(wanted.kubernetes, members),
        ...absentPlanes(wanted, planes, silent),
    ];
}

/** How many minor versions a kubelet may be behind its API server. */
const kubeletMayLag = 3;

function oldKubelets(wanted: string, members: readonly MemberVersions[]): string[] {
    const old = members.filter(({ versions }) => stepTo(wanted, versions.kubernetes) > kubeletMayLag);
    return old.length === 0
        ? []
        : [
              `cluster.kubernetes.version ${wanted}: the kubelets of ${old.map(({ name }) => name).join(", ")} are more than ` +
                  `${kubeletMayLag} minor versions behind it (${old[0].name} runs ${old[0].versions.kubernetes}), and an API ` +
                  "server of it doesn't speak with them. Let them catch up with a version in between first.",
          ];
}

/** No kubelet may be newer than an API server that it might ask: so all control planes move first, and must be there. */
function absentPlanes(wanted: Wanted, planes: readonly MemberVersions[], silent: readonly string[]): string[] {
    const moving = (["kubernetes", "etcd"] as const).find((what) =>
        planes.some(({ versions }) => stepTo(wanted[what], versions[what]) > 0),
    );
    return moving === undefined || silent.length === 0
        ? []
        : [
              `${moving === "etcd" ? "etcd" : "Kubernetes"} can't go to ${wanted[moving]} while the control plane ` +
                  `${silent.join(", ")} gives no answer: all of them go before any kubelet does. Bring it back, or take it out ` +
                  "of the cluster (docs/replacing.md), then go on.",
          ];
}

function stepProblems(path: string, wanted: string, what: keyof Wanted, planes: readonly MemberVersions[]): string[] {
    const far = planes.find(({ versions }) => {
        const step = stepTo(wanted, versions[what]);
        return step < 0 || step > 1;
    });
    if (far === undefined) return [];
    const has = far.versions[what]!;
    return stepTo(wanted, has) < 0
        ? [
              `${path} can't go back from ${has} to ${wanted} (${far.name} runs ${has}): what is stored in the new form can't be ` +
                  `read in the old one. Leave it at ${minorOf(has).join(".")}, or restore a snapshot from before into a new cluster.`,
          ]
        : [
              `${path} can't go from ${has} to ${wanted} at once (${far.name} runs ${has}): minor versions come one after the ` +
                  `other. Set it to ${nextAfter(has, what)} and run \`up\`, then go on.`,
          ];
}

/** How many minor versions lie between; 0 where nothing is known. */
export function stepTo(wanted: string, has: string | undefined): number {
    if (has === undefined) return 0;
    const [[major, minor], [majorHas, minorHas]] = [minorOf(wanted), minorOf(has)];
    return major === majorHas ? minor - minorHas : Math.sign(major - majorHas) * 1000;
}

const minorOf = (version: string) => version.split(".").slice(0, 2).map(Number);

/** The newest known version of the next minor: "1.35.4"; where none is known, its name: "3.6". */
function nextAfter(has: string, what: keyof Wanted): string {
    const [major, minor] = minorOf(has);
    const next = `${major}.${minor + 1}`;
    const known = what === "kubernetes" ? supportedKubernetes.filter((version) => version.startsWith(`${next}.`)) : [];
    return known.at(-1) ?? next;
}
