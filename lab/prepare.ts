import Docker from "dockerode";
import * as fs from "node:fs";
import * as path from "node:path";
import { utils } from "ssh2";

import { parseLab } from "./config";
import { LabFacts, labFolder } from "./facts";
import { prepareImages } from "./images";

export interface PrepareLabOptions {
    /** Keys and facts go below it. */
    readonly dataFolder: string;
    /** The base image's archive goes below it. */
    readonly cacheFolder: string;
    /** `slipway:lab` as it stands in the configuration. */
    readonly lab: unknown;
    readonly progress: (text: string) => void;
}

/** Makes what the lab's containers need before the first `up`: SSH keys, node images, and what the engine can do. */
export async function prepareLab(options: PrepareLabOptions): Promise<void> {
    const { dataFolder, cacheFolder, progress } = options;
    const lab = parseLab(options.lab);
    const folder = labFolder(dataFolder, lab.name);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    makeKey(path.join(folder, "id_ed25519"), `${lab.name} operator`);
    makeKey(path.join(folder, "host_ed25519"), `${lab.name} nodes`);

    const docker = new Docker();
    const images = await prepareImages(docker, {
        cacheFolder: path.join(cacheFolder, "lab"),
        user: lab.user,
        flavours: lab.bare.length > 0 ? ["node", "bare"] : ["node"],
        progress,
    });
    progress("asking the engine what it can do");
    const info = (await docker.info()) as { CgroupVersion?: string };
    const facts: LabFacts = {
        images,
        privileged: await givesPrivileged(docker, images.node),
        cgroupVersion: info.CgroupVersion === "2" ? "2" : "1",
        nameservers: hostNameservers(),
    };
    writePrivate(path.join(folder, "facts.json"), `${JSON.stringify(facts, null, 2)}\n`);
    progress(
        `${images.node}, ${facts.privileged ? "privileged" : "reduced capabilities"}, cgroup v${facts.cgroupVersion}`,
    );
}

/** A key pair of its own for each lab, made once. The public half is written last: it says that both are there. */
function makeKey(file: string, comment: string): void {
    if (fs.existsSync(`${file}.pub`)) {
        return;
    }
    const pair = utils.generateKeyPairSync("ed25519", { comment });
    writePrivate(file, pair.private);
    writePrivate(`${file}.pub`, `${pair.public}\n`);
}

function writePrivate(file: string, text: string): void {
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, text, { mode: 0o600 });
    fs.renameSync(draft, file);
}

/** Some engines run in a sandbox that doesn't hold every capability: there `--privileged` fails at start. */
async function givesPrivileged(docker: Docker, image: string): Promise<boolean> {
    const container = await docker.createContainer({
        Image: image,
        Cmd: ["true"],
        HostConfig: { Privileged: true, NetworkMode: "none" },
        Labels: { "slipway.lab": "probe" },
    });
    try {
        await container.start();
        return true;
    } catch {
        return false;
    } finally {
        await container.remove({ force: true, v: true });
    }
}

/** Nameservers that something outside this machine's loopback device can ask. */
export function hostNameservers(files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]): string[] {
    for (const file of files.filter((candidate) => fs.existsSync(candidate))) {
        const lines = fs.readFileSync(file, "utf8").split("\n");
        const addresses = lines.flatMap((line) => /^nameserver\s+([\d.]+)\s*$/.exec(line)?.[1] ?? []);
        const usable = addresses.filter((address) => !address.startsWith("127."));
        if (usable.length > 0) {
            return usable;
        }
    }
    // A host without any (Docker Desktop's virtual machine, for one): public ones.
    return ["1.1.1.1", "8.8.8.8"];
}
