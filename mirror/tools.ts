import type { Job, Tool } from "./job";
import { run } from "./run";

const onDebian =
    "Packages of a distribution are put into images and mirrors on Debian or Ubuntu. Elsewhere take images as they are " +
    "(`--source upstream`), and where the mirror is to carry packages (cluster.packages) fill it on such a machine.";

/** How to ask a program whether it is there, and what to do when it isn't. */
const tools: Record<Tool, { args: string[]; advice: string }> = {
    go: {
        args: ["version"],
        advice: "Install Go 1.26 or newer (https://go.dev/dl/), or fill the mirror from upstream: `--source upstream`.",
    },
    "apt-get": { args: ["--version"], advice: onDebian },
    "dpkg-deb": { args: ["--version"], advice: onDebian },
};

/** Fails with one sentence for each program that these jobs need and that isn't there. */
export async function requireTools(jobs: readonly Job[]): Promise<void> {
    const problems: string[] = [];
    for (const tool of new Set(jobs.flatMap((job) => job.needs ?? []))) {
        await run(tool, tools[tool].args).catch(() => {
            const wanted = jobs.filter((job) => job.needs?.includes(tool)).map((job) => job.name);
            problems.push(
                `The command ${tool} is needed to make ${wanted.join(", ")} and was not found. ${tools[tool].advice}`,
            );
        });
    }
    if (problems.length > 0) {
        throw new Error(problems.join("\n"));
    }
}
