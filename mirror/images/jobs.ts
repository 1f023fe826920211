import type { Architecture } from "../../components/inventory/node";
import { images, type ImageName, type OptionalImageName, type RegistryOnlyName, type Versions } from "../catalogue";
import type { Extent } from "../conformance/images";
import type { Job } from "../job";
import { agnhost } from "./agnhost";
import { cadvisor } from "./cadvisor";
import {
    agnhostPrevious,
    anyNginx,
    busybox,
    dns,
    etcd,
    nautilus,
    nonewprivs,
    nonroot,
    sampleApiserver,
} from "./conformance/images";
import { coredns } from "./coredns";
import { flannel } from "./flannel";
import { localPathProvisioner } from "./localPathProvisioner";
import { metallbController, metallbSpeaker } from "./metallb";
import { metricsServer } from "./metricsServer";
import { nodeExporter, prometheus } from "./monitoring";
import { nginx } from "./nginx";
import { pause } from "./pause";
import { imageJob, type Recipe } from "./recipe";
import { redis } from "./redis";
import { auth, hello, monolith } from "./services";

/** How each image of the catalogue is put together, given its tag without a leading "v". */
const recipes: Record<
    ImageName | Exclude<OptionalImageName, RegistryOnlyName>,
    (version: string, arch: Architecture, conformance?: Extent) => Recipe
> = {
    pause,
    nginx,
    coredns,
    agnhost,
    flannel,
    redis,
    auth,
    hello,
    helloNext: hello,
    monolith,
    metallbController,
    metallbSpeaker,
    metricsServer,
    localPathProvisioner,
    prometheus,
    nodeExporter,
    cadvisor,
    e2eAgnhost: agnhost,
    e2eAgnhostPrevious: agnhostPrevious,
    e2eBusybox: busybox,
    e2eDns: dns,
    e2eEtcd: etcd,
    e2eNautilus: nautilus,
    e2eNginx: anyNginx,
    e2eNonewprivs: nonewprivs,
    e2eNonroot: nonroot,
    e2ePause: pause,
    e2eSampleApiserver: sampleApiserver,
};

/** Jobs that assemble the images of the catalogue from built programs and Debian's packages, without an engine. */
export function imageJobs(versions: Versions, arch: Architecture): Job[] {
    return Object.entries(images(versions)).flatMap(([name, image]) => {
        if (!(name in recipes)) return [];
        const recipe = recipes[name as keyof typeof recipes](image.tag.replace(/^v/, ""), arch, versions.conformance);
        return imageJob(name, image, recipe, arch);
    });
}
