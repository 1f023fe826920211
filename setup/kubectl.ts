import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { artifacts, type Versions } from "../mirror/catalogue";
import type { Arguments } from "./arguments";
import { Failure } from "./failure";
import { dataFolder } from "./paths";
import { hostArchitecture } from "./plan";
import { isExecutable, which } from "./run";
import { readRecord } from "./stackRecord";
import { commandFor, optionsFor } from "./texts";

/** How this user runs kubectl: by its name when PATH has one; else ours. */
export function kubectlFor(args: Pick<Arguments, "stack" | "configFile">, kubeconfig: string): string {
    if (which("kubectl")) return `kubectl --kubeconfig ${kubeconfig}`;
    return ["npm run kubectl --", ...optionsFor(args)].join(" ");
}

/**
 * The kubectl of the stack's mirror, which has the cluster's version, under a name of its own in our data folder.
 *
 * @throws Failure when no mirror was filled yet.
 */
export function obtainKubectl(args: Pick<Arguments, "stack" | "configFile">, versions: Versions): string {
    const name = `kubectl v${versions.kubernetes}`;
    if (os.platform() !== "linux") {
        // The mirror holds what nodes run.
        const own = which("kubectl");
        if (own) return own;
        throw new Failure(`The mirror's ${name} is for Linux, and PATH has no kubectl: install one, then try again.`);
    }
    const { mirror } = readRecord(args.stack);
    const found = mirror && path.join(mirror, artifacts(versions).kubectl.path(hostArchitecture()));
    if (!found || !fs.existsSync(found)) {
        const why = mirror ? `holds no ${name} (${mirror})` : `was not filled yet, and ${name} comes from it`;
        throw new Failure(
            `The mirror of stack ${args.stack} ${why}: run ${commandFor("mirror", args)}, then try again.`,
        );
    }
    if (!isExecutable(found)) fs.chmodSync(found, 0o755);
    const link = path.join(dataFolder(), "bin", `kubectl-v${versions.kubernetes}`);
    const draft = `${link}.${process.pid}`;
    fs.mkdirSync(path.dirname(link), { recursive: true, mode: 0o700 });
    fs.symlinkSync(found, draft);
    fs.renameSync(draft, link);
    return link;
}
