import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/** The folder with the scripts that run on nodes. */
export const kitFolder = path.join(__dirname, "kit");

/** Where installed kits live on a node; a kit is never changed, a new one gets a new folder. */
export const kitHome = "/var/lib/slipway/kit";

/** A snapshot that `restore` leaves on a machine whose etcd has never run: etcd begins with it. */
export const seedFile = "/var/lib/slipway/seed.db";

let known: string | undefined;

/**
 * What names a kit: the first 16 hex digits of the digest of `sha256sum *`, so that a node can verify an upload with
 * nothing but coreutils. Files are taken in byte order.
 */
export function kitHash(folder: string = kitFolder): string {
    if (folder === kitFolder && known !== undefined) {
        return known;
    }
    const digest = (content: string | Buffer) => crypto.createHash("sha256").update(content).digest("hex");
    const names = fs.readdirSync(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const lines = names.map((name) => `${digest(fs.readFileSync(path.join(folder, name)))}  ${name}\n`);
    const hash = digest(lines.join("")).slice(0, 16);
    if (folder === kitFolder) {
        known = hash;
    }
    return hash;
}

/** The folder an upload goes to, below the login's home: nobody else on the machine can prepare it. */
export function uploadFolder(): string {
    return `.slipway/${kitHash()}`;
}

/**
 * The entry script as uploaded, relative to the login's home. The provider copies a folder given without a trailing
 * slash to a folder of the same name below the remote path, whether that path exists or not.
 */
export function uploadedStep(): string {
    return `${uploadFolder()}/${path.basename(kitFolder)}/step`;
}

/** The entry script as installed by the base step. */
export function installedStep(): string {
    return `${kitHome}/${kitHash()}/step`;
}

/** The kit in use on a node: a path that stays the same when the kit changes, for units and for people. */
export function kitPath(): string {
    return `${kitHome}/current`;
}

/** The command line of a step of the kit in use. */
export const kitStep = (words: string): string => `sh ${kitPath()}/step ${words}`;

/** What `step preflight` is made of: enough for a machine that has no kit yet. */
const preflightParts = ["settings.sh", "json.sh", "say.sh", "system.sh", "preflight.sh", "fitness.sh", "main.sh"];

/** The kit's preflight as one script for standard input. `words` are "key=value", as `step preflight` takes them. */
export function preflightScript(words: readonly string[]): string {
    const texts = preflightParts.map((name) => fs.readFileSync(path.join(kitFolder, name), "utf8"));
    const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    return ["set -eu", "umask 077", ...texts, ["main preflight", ...quoted].join(" "), ""].join("\n");
}
