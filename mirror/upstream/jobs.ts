import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { artifacts, forArchitecture, images, type Artifact, type ImageArtifact, type Versions } from "../catalogue";
import { keyOf, type Job } from "../job";
import { download, publishedSum } from "./download";
import { pullImage } from "./registry";
import { cosignIsThere, kubernetesSigner, verifySignature } from "./signature";

/** Jobs that fetch everything from where upstream publishes it. `prefix` stands before `<host>/<path>`. */
export function upstreamJobs(versions: Versions, arch: Architecture, prefix: string): Job[] {
    return [
        ...Object.values(artifacts(versions)).map((artifact) => fileJob(artifact, arch, prefix)),
        ...Object.values(images(versions)).map((image) => imageJob(image, arch, prefix)),
    ];
}

function fileJob(artifact: Artifact, arch: Architecture, prefix: string): Job {
    const target = artifact.path(arch);
    return {
        name: `upstream-${artifact.name}`,
        title: `${artifact.name} ${artifact.version} (${arch})`,
        key: keyOf("upstream", target, prefix),
        paths: [target],
        origin: "upstream",
        remark: artifact.checksums ? undefined : "upstream publishes no checksum beside it",
        async make(context) {
            const sums = artifact.checksums && forArchitecture(artifact.checksums, arch);
            const expected = sums && (await publishedSum(`${prefix}${sums}`, path.basename(target)));
            const file = path.join(context.out, target);
            await download(`${prefix}${target}`, file, { expected, say: context.say });
            const signed =
                artifact.signed &&
                (await cosignIsThere()) &&
                (await verifySignature(`${prefix}${target}`, file, context.work, kubernetesSigner));
            if (sums) {
                context.checked(target, signed ? `${sums}, and its signature` : sums);
            } else {
                context.say("upstream publishes no checksum beside it; the digest of what came is recorded.");
            }
        },
    };
}

function imageJob(image: ImageArtifact, arch: Architecture, prefix: string): Job {
    const target = image.path(arch);
    return {
        name: `upstream-image-${image.name.replaceAll("/", "-")}`,
        title: `image ${image.reference} (${arch})`,
        key: keyOf("upstream", target, prefix),
        paths: [target],
        origin: "upstream",
        async make(context) {
            const digest = await pullImage(image, arch, path.join(context.out, target), {
                prefix,
                say: context.say,
            }).catch((error: Error) => {
                throw new Error(
                    `${error.message} It was asked from ${image.repository}. Ask for a version that is there ` +
                        "(cluster.versions), have it built here (`--source build`), or name a mirror of your own " +
                        "that has it (cluster.source).",
                );
            });
            context.checked(target, `${image.repository}@${digest}`);
        },
    };
}
