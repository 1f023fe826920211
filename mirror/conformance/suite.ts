import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { kubernetesBuild } from "../build/binaries";
import { goBuild, goPrepare, goRecipe, goTestBuild, type GoBuild } from "../build/go";
import type { Source } from "../digests";
import { keyOf, type Job } from "../job";
import { run } from "../run";
import { download, publishedSum } from "../upstream/download";
import { cosignIsThere, kubernetesSigner, verifySignature } from "../upstream/signature";

/** Kubernetes' tests, and the program that runs several of them at a time. */
export interface Suite {
    readonly tests: string;
    readonly ginkgo: string;
}

/** Where the two lie below their folder. */
export function suitePaths(kubernetes: string, arch: Architecture): Suite {
    const folder = `conformance/v${kubernetes}/linux/${arch}`;
    return { tests: `${folder}/e2e.test`, ginkgo: `${folder}/ginkgo` };
}

/**
 * The job that gets both: out of upstream's release, or built from Kubernetes' module.
 *
 * @param prefix stands before upstream's `<host>/<path>`
 */
export function suiteJob(source: Source, kubernetes: string, arch: Architecture, prefix = "https://"): Job {
    return source === "upstream" ? upstreamJob(kubernetes, arch, prefix) : buildJob(kubernetes, arch);
}

function buildJob(kubernetes: string, arch: Architecture): Job {
    const tests = kubernetesBuild(kubernetes, ["test/e2e"]);
    // In the version that Kubernetes requires: the runner and the tests speak with each other.
    const runner: GoBuild = { ...tests, packages: ["github.com/onsi/ginkgo/v2/ginkgo"], variables: {} };
    const paths = suitePaths(kubernetes, arch);
    return {
        name: "conformance",
        title: `Kubernetes' tests ${kubernetes} (${arch})`,
        key: keyOf(goRecipe, tests, runner, arch, paths),
        paths: Object.values(paths) as string[],
        origin: "built",
        needs: ["go"],
        prepare: async (context) => void (await goPrepare(tests, context, ["-test"])),
        async make(context) {
            const folder = path.join(context.out, path.dirname(paths.tests));
            await goTestBuild(tests, arch, folder, path.basename(paths.tests), context);
            await goBuild(runner, arch, folder, context);
        },
    };
}

function upstreamJob(kubernetes: string, arch: Architecture, prefix: string): Job {
    const archive = `dl.k8s.io/release/v${kubernetes}/kubernetes-test-linux-${arch}.tar.gz`;
    const paths = suitePaths(kubernetes, arch);
    return {
        name: "conformance",
        title: `Kubernetes' tests ${kubernetes} (${arch})`,
        key: keyOf("upstream", archive, prefix),
        paths: Object.values(paths) as string[],
        origin: "upstream",
        remark: `out of ${archive}`,
        async make(context) {
            fs.mkdirSync(context.work, { recursive: true });
            const file = path.join(context.work, path.basename(archive));
            const expected = await publishedSum(`${prefix}${archive}.sha256`, path.basename(archive));
            await download(`${prefix}${archive}`, file, { expected, say: context.say });
            const signed =
                (await cosignIsThere()) &&
                (await verifySignature(`${prefix}${archive}`, file, context.work, kubernetesSigner));
            const folder = path.join(context.out, path.dirname(paths.tests));
            fs.mkdirSync(folder, { recursive: true });
            const members = ["e2e.test", "ginkgo"].map((name) => `kubernetes/test/bin/${name}`);
            await run("tar", ["-xzf", file, "-C", folder, "--strip-components=3", ...members]);
            fs.rmSync(file);
            Object.values(paths).forEach((each) =>
                context.checked(each as string, signed ? `${archive}.sha256, and its signature` : `${archive}.sha256`),
            );
        },
    };
}
