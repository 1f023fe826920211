import type Docker from "dockerode";
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";

import { exists, finished } from "./docker";

const run = promisify(execFile);

/** The Debian releases that lab nodes run: 12 and 13. */
export type Release = "bookworm" | "trixie";

/** Debian's image in a registry. */
const officialImage = (release: Release) => `debian:${release}`;

/** What we put together where no registry can be reached; the same packages, and the same tag wherever it is. */
const assembledImage = (release: Release) => `slipway-lab:base-${release}`;

/** How long a registry may take until it begins to answer, in milliseconds. */
const patience = 5000;

export interface BaseOptions {
    /** Default: bookworm. */
    readonly release?: Release;
    /** What is put together is kept here, so that another engine can have it, too. */
    readonly cacheFolder: string;
    readonly progress: (text: string) => void;
}

/** A minimal Debian: what the engine has; else from a registry; else put together by mmdebstrap. */
export async function baseImage(docker: Docker, options: BaseOptions): Promise<string> {
    const { release = "bookworm" } = options;
    const [official, assembled] = [officialImage(release), assembledImage(release)];
    for (const tag of [official, assembled]) {
        if (await exists(docker, tag)) {
            return tag;
        }
    }
    options.progress(`pulling ${official}`);
    const refusal = await pull(docker, official, options.progress).then(
        () => undefined,
        (error: Error) => error.message,
    );
    if (refusal === undefined) {
        return official;
    }
    const archive = path.join(options.cacheFolder, `${release}.tar`);
    if (!fs.existsSync(archive)) {
        await obtainMmdebstrap(official, refusal, options.progress);
        await putTogether(release, archive, options.progress);
    }
    options.progress("importing the base image");
    const [repo, tag] = assembled.split(":");
    const stream = await docker.importImage(archive, { repo, tag });
    await finished(docker, stream, `Importing ${archive}`);
    return assembled;
}

async function pull(docker: Docker, official: string, progress: (text: string) => void): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), patience);
    try {
        const stream = (await docker.pull(official, { abortSignal: late.signal })) as NodeJS.ReadableStream;
        clearTimeout(timer);
        await finished(docker, stream, `Pulling ${official}`, (line) => progress(`pulling ${official}: ${line}`));
    } catch (error) {
        throw late.signal.aborted ? new Error(`no answer from its registry in ${patience / 1000} s`) : error;
    } finally {
        clearTimeout(timer);
    }
}

async function putTogether(release: Release, archive: string, progress: (text: string) => void): Promise<void> {
    progress(`putting Debian ${release} together with mmdebstrap`);
    fs.mkdirSync(path.dirname(archive), { recursive: true });
    const draft = `${archive}.${process.pid}.tar`;
    try {
        await run("mmdebstrap", ["--variant=minbase", release, draft], { maxBuffer: 64 << 20 });
        fs.renameSync(draft, archive);
    } catch (error) {
        const { stderr, message } = error as Error & { stderr?: string };
        const tail = (stderr ?? message).trim().split("\n").slice(-10).join("\n");
        throw new Error(`mmdebstrap could not put the lab's base image together:\n${tail}`);
    } finally {
        fs.rmSync(draft, { force: true });
    }
}

async function obtainMmdebstrap(official: string, refusal: string, progress: (text: string) => void): Promise<void> {
    if (await succeeds("mmdebstrap", "--version")) {
        return;
    }
    if (process.getuid?.() !== 0 || !(await succeeds("apt-get", "--version"))) {
        throw new Error(
            `The lab's nodes are made from ${official}, which can't be pulled (${refusal}): see to it that the engine ` +
                "reaches its registry, or install mmdebstrap (Debian, Ubuntu: apt install mmdebstrap), which makes one.",
        );
    }
    progress("installing mmdebstrap");
    const packages = ["--no-install-recommends", "mmdebstrap", "debian-archive-keyring"];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () => run("apt-get", ["install", "-y", "-qq", ...packages], { env });
    await install().catch(async () => {
        await run("apt-get", ["update", "-qq"], { env });
        await install();
    });
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
    return run(command, args).then(
        () => true,
        () => false,
    );
}
