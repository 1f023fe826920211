import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import type { Arguments } from "../arguments";
import { obtainKubectl } from "../kubectl";
import { kubeconfigFile, kubeconfigOf, readOutputs, writeKubeconfig } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { findStack } from "../stack";

/** `slipway kubectl …`: kubectl at the cluster's version, as the cluster's administrator. Ends as kubectl ends. */
export async function kubectl(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, rest } = args;
    const { cluster } = checkSettings(findStack(root, { name, configFile, needed: true }));
    const file = obtainKubectl(args, cluster.versions);
    let kubeconfig = kubeconfigFile(name);
    if (!fs.existsSync(kubeconfig)) {
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        kubeconfig = writeKubeconfig(name, kubeconfigOf(await readOutputs(prepared), name));
    }
    return inForeground(file, rest, { ...process.env, KUBECONFIG: kubeconfig });
}

/** Runs a program with our terminal; Ctrl-C is its business. */
function inForeground(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
    return new Promise((resolve, reject) => {
        const child = spawn(file, args, { env, stdio: "inherit" });
        const stay = () => undefined;
        const end = () => child.kill("SIGTERM");
        process.on("SIGINT", stay).on("SIGTERM", end);
        child.on("error", reject);
        child.on("close", (code, signal) => {
            process.off("SIGINT", stay).off("SIGTERM", end);
            resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0));
        });
    });
}
