import type { Architecture } from "../../components/inventory/node";
import { images, type ImageName, type Versions } from "../catalogue";
import type { Job } from "../job";
import { agnhost } from "./agnhost";
import { coredns } from "./coredns";
import { flannel } from "./flannel";
import { nginx } from "./nginx";
import { pause } from "./pause";
import { imageJob, type Recipe } from "./recipe";

/** Jobs that assemble the images of the catalogue from built programs and Debian's packages, without an engine. */
export function imageJobs(versions: Versions, arch: Architecture): Job[] {
    const recipes: Record<ImageName, Recipe> = {
        pause: pause(versions.pause, arch),
        nginx: nginx(versions.nginx, arch),
        coredns: coredns(versions.coredns, arch),
        agnhost: agnhost(versions.agnhost, arch),
        flannel: flannel(versions.flannel, arch),
    };
    const all = images(versions);
    return (Object.keys(recipes) as ImageName[]).map((name) => imageJob(name, all[name], recipes[name], arch));
}
