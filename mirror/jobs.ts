import type { Architecture } from "../components/inventory/node";
import { binaryJobs } from "./build/binaries";
import type { Versions } from "./catalogue";
import type { Source } from "./digests";
import { imageJobs } from "./images/jobs";
import type { Job } from "./job";
import { upstreamJobs } from "./upstream/jobs";

/** Everything that a mirror of these versions holds, as jobs, quick ones first. */
export function mirrorJobs(source: Source, versions: Versions, arch: Architecture, upstream = "https://"): Job[] {
    if (source === "upstream") {
        return upstreamJobs(versions, arch, upstream);
    }
    return [...binaryJobs(versions, arch), ...imageJobs(versions, arch)].sort((a, b) => weight(a) - weight(b));
}

/** Long jobs come last, so that their downloads run while short ones compile. */
function weight(job: Job): number {
    return [
        "image-flannel",
        "image-localPathProvisioner",
        "image-cadvisor",
        "image-metallbController",
        "image-metallbSpeaker",
        "cri-dockerd",
        "containerd",
        "image-metricsServer",
        "image-prometheus",
        "kubernetes",
        "image-agnhost",
        "image-e2eAgnhost",
        "image-e2eSampleApiserver",
    ].indexOf(job.name);
}
