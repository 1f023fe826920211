import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { dataFolder } from "./paths";
import { which } from "./run";
import { readRecord } from "./stackRecord";

/**
 * How this user runs kubectl: by its name when PATH has one; else the one of the mirror, at the cluster's version,
 * under a short name in our data folder.
 */
export function kubectlFor(stack: string): string {
    if (which("kubectl")) return "kubectl";
    const { mirror } = readRecord(stack);
    const found = mirror && os.platform() === "linux" ? mirrored(mirror) : undefined;
    if (!found) return "kubectl";
    const file = path.join(dataFolder(), "bin", "kubectl");
    const draft = `${file}.${process.pid}`;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.copyFileSync(found, draft);
    fs.chmodSync(draft, 0o755);
    fs.renameSync(draft, file);
    return file;
}

/** The mirror's kubectl for this machine. A mirror is filled for one Kubernetes version. */
function mirrored(mirror: string): string | undefined {
    const releases = path.join(mirror, "dl.k8s.io", "release");
    if (!fs.existsSync(releases)) return undefined;
    const arch = os.arch() === "arm64" ? "arm64" : "amd64";
    return fs
        .readdirSync(releases)
        .map((version) => path.join(releases, version, "bin", "linux", arch, "kubectl"))
        .find((file) => fs.existsSync(file));
}
