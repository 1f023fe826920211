import * as os from "node:os";
import { loadDigests, verifyMirror } from "../../mirror/digests";
import { lockFile, pinMirror } from "../../mirror/lock";
import { serveMirror } from "../../mirror/serve";
import type { Arguments, MirrorTask } from "../arguments";
import { Failure } from "../failure";
import { untilInterrupted } from "../interrupt";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { mirrorFolder } from "../stackRecord";
import { commandFor } from "../texts";

/** `slipway mirror`: makes the stack's mirror complete, and keeps where it is; or does something with a filled one. */
export async function mirror(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile, source, task } = args;
    if (task) return asSentence(() => work(args, mirrorFolder(stack), task));
    const freshPackages = args.switches.includes("--packages");
    await prepare({ stack, configFile, source, root, progress, purpose: "mirror", freshPackages });
    return 0;
}

async function work(args: Arguments, folder: string, task: MirrorTask): Promise<number> {
    switch (task.what) {
        case "verify":
            return verify(args, folder);
        case "pin": {
            pinMirror(folder);
            const { files, source } = loadDigests(folder);
            say(`Pinned ${Object.keys(files).length} digests of ${folder} in ${lockFile}, for the source ${source}.`);
            return 0;
        }
        case "serve":
            return serve(folder, task);
    }
}

async function verify(args: Arguments, folder: string): Promise<number> {
    const problems = await verifyMirror(folder, true);
    const count = Object.keys(loadDigests(folder).files).length;
    if (problems.length === 0) {
        say(`All ${count} files of ${folder} are as its manifest says.`);
        return 0;
    }
    throw new Failure(
        `${problems.join("\n")}\n${problems.length} of ${count} files of ${folder} aren't as its manifest says: ` +
            `${commandFor("mirror", args)} makes them again.`,
    );
}

async function serve(folder: string, task: { host: string; port: number }): Promise<number> {
    const { url, close } = await serveMirror({ folder, ...task });
    const urls = task.host === "0.0.0.0" ? ownAddresses().map((address) => `http://${address}:${task.port}/`) : [url];
    say(`Serving ${folder} until Ctrl-C. Machines take it with this under slipway:cluster:`);
    urls.forEach((prefix) => say(`  source: ${prefix}`));
    await untilInterrupted();
    await close();
    return 0;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

/** By which others may reach this machine. */
function ownAddresses(): string[] {
    const all = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const found = all.filter(({ internal, family }) => !internal && family === "IPv4").map(({ address }) => address);
    return found.length > 0 ? found : ["127.0.0.1"];
}

/** The mirror's errors are sentences for the user. */
async function asSentence<T>(work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        throw error instanceof Failure ? error : new Failure((error as Error).message);
    }
}
