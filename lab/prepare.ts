import Docker from "dockerode";
import * as fs from "node:fs";
import * as path from "node:path";

import { flavoursOf, parseLab } from "./config";
import { identify, probeEngine } from "./engine";
import { labFolder, readFacts, writeFacts, writePrivate, type EngineFacts, type LabFacts } from "./facts";
import { prepareImages } from "./images";
import { makeKeyPair } from "./keys";

export interface PrepareLabOptions {
    /** Keys and facts go below it. */
    readonly dataFolder: string;
    /** The base image's archive goes below it. */
    readonly cacheFolder: string;
    /** `slipway:lab` as it stands in the configuration. */
    readonly lab: unknown;
    readonly progress: (text: string) => void;
}

/**
 * Makes what the lab's containers need before the first `up`: SSH keys, node images, and what the engine can do. The
 * second time it only looks. The engine is the one that DOCKER_HOST names.
 */
export async function prepareLab(options: PrepareLabOptions): Promise<LabFacts> {
    const { dataFolder, cacheFolder, progress } = options;
    const lab = parseLab(options.lab);
    const folder = labFolder(dataFolder, lab.name);
    makeKeys(folder, lab.name);

    const docker = new Docker();
    const images = await prepareImages(docker, {
        cacheFolder: path.join(cacheFolder, "lab"),
        flavours: flavoursOf(lab),
        progress,
    });
    const engine = await engineFacts(docker, images.node!, readFacts(folder)?.engine, progress);
    const facts: LabFacts = { engine, images };
    writeFacts(folder, facts);
    progress(
        `${images.node}, ${engine.privileged ? "privileged" : "reduced capabilities"}, ` +
            `control groups v${engine.cgroupVersion}`,
    );
    return facts;
}

/** What was found out about this engine before, or now. */
async function engineFacts(
    docker: Docker,
    image: string,
    known: EngineFacts | undefined,
    progress: (text: string) => void,
): Promise<EngineFacts> {
    const found = await identify(docker);
    if (known && Object.entries(found).every(([name, value]) => known[name as keyof EngineFacts] === value)) {
        return known;
    }
    progress("asking the engine what it can do");
    return probeEngine(docker, image);
}

/** Key pairs of the operator and of the nodes, made once for each lab. */
export function makeKeys(folder: string, name: string): void {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    makeKey(path.join(folder, "id_ed25519"), `${name} operator`);
    makeKey(path.join(folder, "host_ed25519"), `${name} nodes`);
}

/** The public half is written last: it says that both are there. */
function makeKey(file: string, comment: string): void {
    if (fs.existsSync(`${file}.pub`)) {
        return;
    }
    const pair = makeKeyPair(comment);
    writePrivate(file, pair.private);
    writePrivate(`${file}.pub`, `${pair.public}\n`);
}
