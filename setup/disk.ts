import * as fs from "node:fs";
import * as path from "node:path";

/** What is put on a disk, in GB as measured with du: Kubernetes and friends from source, three lab nodes. */
export const diskUse = { mirror: 1, goModules: 5, goBuild: 7, nodeImage: 2, labNode: 1 } as const;

/** Something that will be written below a folder, which need not be there yet. */
export interface Need {
    readonly what: string;
    readonly folder: string;
    readonly gigabytes: number;
}

/** What a folder's file system has left; undefined: it can't be known, e.g. inside another machine. */
export type Free = (folder: string) => { readonly device: number; readonly bytes: number } | undefined;

/** One sentence for each file system that is too small for what will be written to it. */
export function describeShortage(needs: readonly Need[], free: Free): string[] {
    const devices = new Map<number, { bytes: number; needs: Need[] }>();
    for (const need of needs) {
        const found = free(need.folder);
        if (!found) continue;
        const device = devices.get(found.device) ?? { bytes: found.bytes, needs: [] };
        device.needs.push(need);
        devices.set(found.device, device);
    }
    return [...devices.values()].flatMap(({ bytes, needs }) => {
        const total = needs.reduce((sum, { gigabytes }) => sum + gigabytes, 0);
        if (bytes >= total * 1e9) return [];
        const parts = needs.map(({ what, folder, gigabytes }) => `${gigabytes} GB for ${what} in ${folder}`);
        return [
            `The disk is too full: ${(bytes / 1e9).toFixed(1)} GB are free, and about ${total} GB are needed ` +
                `(${parts.join(", ")}). Make room there, or move the folder to another disk ` +
                "(SLIPWAY_CACHE, GOMODCACHE, GOCACHE, Docker's data-root).",
        ];
    });
}

/** Asks the file system of a folder, or of the nearest one above it that is there. */
export function freeSpace(folder: string): ReturnType<Free> {
    let nearest = path.resolve(folder);
    while (!fs.existsSync(nearest)) nearest = path.dirname(nearest);
    try {
        const { bavail, bsize } = fs.statfsSync(nearest);
        return { device: fs.statSync(nearest).dev, bytes: bavail * bsize };
    } catch {
        return undefined;
    }
}
