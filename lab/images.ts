import Docker from "dockerode";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const tree = path.join(__dirname, "image");
const repository = "slipway-lab";

/** What the base has besides Debian's minimum: a machine with systemd and sshd, as an installer leaves it. */
const packages = [
    "busybox",
    "ca-certificates",
    "conntrack",
    "curl",
    "dbus",
    "ethtool",
    "iproute2",
    "iptables",
    "iputils-ping",
    "jq",
    "kmod",
    "openssh-server",
    "openssl",
    "procps",
    "socat",
    "sudo",
    "systemd",
    "systemd-sysv",
    "udev",
];

export type Flavour = "node" | "bare";

export interface ImageOptions {
    readonly cacheFolder: string;
    readonly user: string;
    readonly flavours: readonly Flavour[];
    readonly progress: (text: string) => void;
}

/** Builds the node images that aren't there yet. A tag is the digest of everything that an image is made of. */
export async function prepareImages(docker: Docker, options: ImageOptions): Promise<{ node: string; bare?: string }> {
    const content = digestOf(options.user, packages.join(" "), ...filesOf(tree).map(describe));
    const tags = Object.fromEntries(
        options.flavours.map((flavour) => [flavour, `${repository}:${flavour}-${content}`]),
    ) as { node: string; bare?: string };
    for (const [flavour, tag] of Object.entries(tags)) {
        if (await exists(docker, tag)) {
            continue;
        }
        const base = await baseImage(docker, options);
        options.progress(`building ${tag}`);
        await build(docker, { tag, target: flavour, base, user: options.user });
    }
    return tags;
}

/** Debian 12 with the packages above: from a registry where there is one, else put together by mmdebstrap. */
async function baseImage(docker: Docker, { cacheFolder, progress }: ImageOptions): Promise<string> {
    const key = digestOf("bookworm", packages.join(" "));
    const tag = `${repository}:base-${key}`;
    if (await exists(docker, tag)) {
        return tag;
    }
    const archive = path.join(cacheFolder, `base-${key}.tar`);
    if (!fs.existsSync(archive)) {
        fs.mkdirSync(cacheFolder, { recursive: true });
        await obtainMmdebstrap(progress);
        progress("putting Debian 12 together with mmdebstrap");
        const draft = path.join(cacheFolder, `draft-${process.pid}.tar`);
        await run(
            "mmdebstrap",
            ["--variant=minbase", `--include=${packages.join(",")}`, "bookworm", draft, "http://deb.debian.org/debian"],
            { maxBuffer: 64 << 20 },
        );
        fs.renameSync(draft, archive);
    }
    progress("importing the base image");
    const [name, version] = tag.split(":");
    await finished(docker, await docker.importImage(archive, { repo: name, tag: version }));
    return tag;
}

async function obtainMmdebstrap(progress: (text: string) => void): Promise<void> {
    if (await succeeds("mmdebstrap", "--version")) {
        return;
    }
    if (process.getuid?.() !== 0 || !(await succeeds("apt-get", "--version"))) {
        throw new Error(
            "The lab's node image is made with mmdebstrap: install it (Debian, Ubuntu: apt install mmdebstrap).",
        );
    }
    progress("installing mmdebstrap");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () => run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "mmdebstrap"], { env });
    await install().catch(async () => {
        await run("apt-get", ["update", "-qq"], { env });
        await install();
    });
}

async function build(docker: Docker, args: { tag: string; target: string; base: string; user: string }): Promise<void> {
    const stream = await docker.buildImage(
        { context: tree, src: fs.readdirSync(tree) },
        { t: args.tag, target: args.target, buildargs: { BASE: args.base, USER: args.user }, rm: true, forcerm: true },
    );
    await finished(docker, stream);
}

/** Waits for the end of an engine's stream; the error in it, if any, is the error. */
function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
    return new Promise((resolve, reject) => {
        docker.modem.followProgress(stream, (error, lines: { error?: string; stream?: string }[]) => {
            const failed = error?.message ?? lines?.find((line) => line.error)?.error;
            if (failed === undefined) {
                return resolve();
            }
            const last = (lines ?? []).flatMap((line) => line.stream ?? []).slice(-15);
            reject(new Error(`Building the lab's node image failed: ${failed}\n${last.join("")}`));
        });
    });
}

async function exists(docker: Docker, tag: string): Promise<boolean> {
    const found = await docker
        .getImage(tag)
        .inspect()
        .catch((error: { statusCode?: number }) => {
            if (error.statusCode === 404) {
                return undefined;
            }
            throw error;
        });
    return found !== undefined;
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
    return run(command, args).then(
        () => true,
        () => false,
    );
}

function filesOf(folder: string): string[] {
    const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
    return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort();
}

/** Path, executable or not, content: a clone's other permissions and times change nothing. */
function describe(file: string): string {
    const executable = (fs.statSync(file).mode & 0o100) !== 0;
    return `${path.relative(tree, file)} ${executable} ${fs.readFileSync(file, "utf8")}`;
}

function digestOf(...parts: string[]): string {
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
