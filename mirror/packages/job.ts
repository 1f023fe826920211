import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { Apt } from "../build/apt";
import { forArchitecture } from "../catalogue";
import { sha256OfFile } from "../files";
import { keyOf, type Job } from "../job";
import { run } from "../run";
import { archiveOf } from "./archives";
import { indexTemplate, type SystemName } from "./systems";

/** Packages of the distribution that a mirror is to carry. */
export interface WantedPackages {
    readonly systems: readonly SystemName[];
    /** What nodes are to have; what these depend on comes with them. */
    readonly names: readonly string[];
}

/** One job for each system and architecture. */
export function packageJobs({ systems, names }: WantedPackages, architectures: readonly Architecture[]): Job[] {
    return systems.flatMap((system) => architectures.map((arch) => packageJob(system, [...names].sort(), arch)));
}

/** Whether a job's outcome changes with time, though its key is the same. */
export const isPackageJob = (job: Job) => job.paths.some((file) => file.startsWith("packages/"));

/**
 * Fetches packages and everything that they depend on, down to the C library, so that any machine of that system finds
 * what it lacks; and writes an index of them in the form that apt reads, with the digest of each.
 */
function packageJob(system: SystemName, names: readonly string[], arch: Architecture): Job {
    const index = forArchitecture(indexTemplate(system), arch);
    const archive = archiveOf(system, arch);
    return {
        name: `packages-${system}`,
        title: `packages of ${system} (${arch})`,
        key: keyOf("packages", system, arch, names, archive.suites),
        paths: [index],
        origin: "copied",
        remark: `${archive.distribution}'s, as they were when this was filled`,
        needs: ["apt-get", "dpkg-deb"],
        async make(context) {
            const apt = new Apt(archive, arch, context.work);
            await apt.update();
            const wanted = await apt.offered(names);
            const absent = names.filter((name) => !wanted.includes(name));
            if (absent.length > 0) {
                context.say(`${system} has no package ${absent.join(", ")}.`);
            }
            await apt.get(["-y", "install", "--download-only", "--no-install-recommends", ...wanted]);
            const target = path.join(context.out, path.dirname(index));
            fs.mkdirSync(target, { recursive: true });
            const stanzas: string[] = [];
            const downloaded = path.join(context.work, "archives");
            for (const deb of fs.readdirSync(downloaded).filter((name) => name.endsWith(".deb"))) {
                // An epoch's %3a and the signs of versions would have to be written otherwise in a URL.
                const name = deb.replaceAll(/%3a|[^\w.-]/g, "_");
                fs.copyFileSync(path.join(downloaded, deb), path.join(target, name));
                stanzas.push(await stanza(path.join(target, name)));
                context.checked(`${path.dirname(index)}/${name}`, `${archive.distribution}'s signature`);
            }
            fs.writeFileSync(path.join(context.out, index), stanzas.sort().join("\n"));
        },
    };
}

/** https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices */
async function stanza(deb: string): Promise<string> {
    const control = (await run("dpkg-deb", ["-f", deb])).trimEnd();
    const [digest, { size }] = [await sha256OfFile(deb), fs.statSync(deb)];
    return `${control}\nFilename: ./${path.basename(deb)}\nSize: ${size}\nSHA256: ${digest}\n`;
}
