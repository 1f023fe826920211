import * as os from "node:os";
import * as path from "node:path";

/** What must outlive a checkout: state of the file backend, passphrase, the lab's SSH keys. Mode 0700. */
export function dataFolder(): string {
    const base = process.env.XDG_DATA_HOME || path.join(os.homedir(), ".local", "share");
    return process.env.SLIPWAY_HOME || path.join(base, "slipway");
}

/** What can be made again: Pulumi's binaries, the mirror, the lab's node images. Every entry is keyed by its content. */
export function cacheFolder(): string {
    const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
    return process.env.SLIPWAY_CACHE || path.join(base, "slipway");
}

/** What each of our Node.js processes loads first. */
export const preload = path.join(__dirname, "..", "bin", "preload.cjs");
