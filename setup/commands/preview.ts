import type { Arguments } from "../arguments";
import { runPulumi } from "../engine";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { nodeCount } from "../stack";
import { parallelism } from "./up";

/** `slipway preview`: what `up` would change. Makes no stack, no engine, no mirror; the cache may get Pulumi itself. */
export async function preview(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "preview" });
    try {
        const { pulumi, env, stack } = prepared;
        const config = prepared.configFile ? ["--config-file", prepared.configFile] : [];
        const parallel = ["--parallel", String(parallelism(nodeCount(stack)))];
        const words = ["preview", "--stack", name, "--suppress-outputs", ...config, ...parallel, ...args.rest];
        return await runPulumi(pulumi, words, { cwd: root, env });
    } finally {
        await prepared.close();
    }
}
