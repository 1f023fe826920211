/** The images of Kubernetes' conformance tests: plain data, by the Kubernetes release whose tests name them. */

/** How much of the tests' images the mirror holds and the nodes have. */
export type Extent = "short" | "whole";

export type TestImageName =
    | "e2eAgnhost"
    | "e2eAgnhostPrevious"
    | "e2eBusybox"
    | "e2eDns"
    | "e2eEtcd"
    | "e2eHttpd"
    | "e2eHttpdNew"
    | "e2eNautilus"
    | "e2eNginx"
    | "e2eNonewprivs"
    | "e2eNonroot"
    | "e2ePause"
    | "e2eSampleApiserver";

/** What the short run needs. */
const short: readonly TestImageName[] = ["e2eAgnhost", "e2eBusybox", "e2ePause"];

type Images = Partial<Record<TestImageName, string>>;

const e2e = (name: string) => `registry.k8s.io/e2e-test-images/${name}`;

/** What differs between releases, by hand from each one's test/utils/image/manifest.go. */
interface Tags {
    readonly agnhost: string;
    readonly agnhostPrevious?: string;
    /** Name and tag of the image with dig on glibc. */
    readonly dns: string;
    readonly etcd: string;
    readonly httpd?: readonly [string, string];
    readonly nautilus: string;
    readonly nginx: string;
    readonly nonewprivs: string;
    readonly nonroot: string;
    readonly pause: string;
}

const of136: Tags = {
    agnhost: "2.63.0",
    agnhostPrevious: "2.55",
    dns: "glibc-dns-testing:2.0.0",
    etcd: "3.6.8-0",
    nautilus: "1.8",
    nginx: "1.15-4",
    nonewprivs: "1.4",
    nonroot: "1.5",
    pause: "3.10.2",
};

const of135: Tags = {
    agnhost: "2.59",
    agnhostPrevious: "2.55",
    dns: "jessie-dnsutils:1.7",
    etcd: "3.6.6-0",
    nautilus: "1.7",
    nginx: "1.14-4",
    nonewprivs: "1.3",
    nonroot: "1.4",
    pause: "3.10.1",
};

const releases: Readonly<Record<string, Tags>> = {
    "1.36.3": of136,
    "1.36.1": of136,
    "1.35.4": of135,
    "1.34.4": {
        ...of135,
        agnhost: "2.56",
        agnhostPrevious: undefined,
        etcd: "3.6.4-0",
        httpd: ["2.4.38-4", "2.4.39-4"],
    },
};

/**
 * References of the images that the tests of a Kubernetes release run, without those that only other tests need, and
 * without the one that a test pulls anew whatever the node has.
 */
export function testImages(kubernetes: string, extent: Extent): Images {
    const tags = releases[kubernetes];
    if (!tags) {
        throw new Error(
            `It isn't known which images the conformance tests of Kubernetes ${kubernetes} need; known are those of ` +
                `${Object.keys(releases).join(", ")}.`,
        );
    }
    const all: Images = {
        e2eAgnhost: `${e2e("agnhost")}:${tags.agnhost}`,
        ...(tags.agnhostPrevious && { e2eAgnhostPrevious: `${e2e("agnhost")}:${tags.agnhostPrevious}` }),
        e2eBusybox: `${e2e("busybox")}:1.37.0-1`,
        e2eDns: e2e(tags.dns),
        e2eEtcd: `registry.k8s.io/etcd:${tags.etcd}`,
        ...(tags.httpd && {
            e2eHttpd: `${e2e("httpd")}:${tags.httpd[0]}`,
            e2eHttpdNew: `${e2e("httpd")}:${tags.httpd[1]}`,
        }),
        e2eNautilus: `${e2e("nautilus")}:${tags.nautilus}`,
        e2eNginx: `${e2e("nginx")}:${tags.nginx}`,
        e2eNonewprivs: `${e2e("nonewprivs")}:${tags.nonewprivs}`,
        e2eNonroot: `${e2e("nonroot")}:${tags.nonroot}`,
        e2ePause: `registry.k8s.io/pause:${tags.pause}`,
        e2eSampleApiserver: `${e2e("sample-apiserver")}:1.29.2`,
    };
    const names = Object.keys(all) as TestImageName[];
    return Object.fromEntries(
        names.filter((name) => extent === "whole" || short.includes(name)).map((name) => [name, all[name]]),
    );
}

/** Can't be put together here: upstream's is Apache's server with pages of its own. Only releases before 1.35 use it. */
export const registryOnlyTestImages: readonly TestImageName[] = ["e2eHttpd", "e2eHttpdNew"];
