import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "./failure";
import type { LinkedResource } from "./stack";

/**
 * Mends what a kill -9 or a power cut in the middle of a write leaves of a state in the file backend: NAME.json beside
 * NAME.json.bak, the one before it, and for each of them NAME.attrs, a note that the storage library may do without.
 *
 * @param file the state's NAME.json
 * @returns what was done, as a sentence; undefined when the state was whole, or there is none.
 * @throws Failure when there is a state, and none of its copies can be read.
 */
export function repairState(file: string): string | undefined {
    if (!fs.existsSync(path.dirname(file))) return undefined;
    const name = path.basename(file);
    for (const other of fs.readdirSync(path.dirname(file)).filter((found) => found.startsWith(`${name}.`))) {
        const full = path.join(path.dirname(file), other);
        if (other.endsWith(".tmp") || (other.endsWith(".attrs") && !isJson(full))) fs.rmSync(full);
    }
    const backup = `${file}.bak`;
    if (isJson(file) || !(fs.existsSync(file) || fs.existsSync(backup))) return undefined;
    if (!isJson(backup)) {
        throw new Failure(
            `The state ${file} can't be read, nor can ${backup}: put back a copy of yours (docs/backup.md), or move ` +
                "both away and run `slipway adopt`, which takes the copy that the control planes have.",
        );
    }
    fs.copyFileSync(backup, `${file}.mended`);
    fs.renameSync(`${file}.mended`, file);
    return `The state was cut off in the middle of a write: going on from the one before it, ${backup}.`;
}

/**
 * Whether a resource points to one that isn't there. The engine leaves that where it deletes something in the same run in
 * which it skips what depended on it, because something else of that failed; it then refuses the state.
 */
export function pointsToNothing(resources: readonly LinkedResource[]): boolean {
    const known = new Set(resources.map(({ urn }) => urn));
    return resources.some(({ dependencies, propertyDependencies, deletedWith }) => {
        const urns = [dependencies, ...Object.values(propertyDependencies ?? {})].flatMap((some) => some ?? []);
        return [...urns, ...(deletedWith ? [deletedWith] : [])].some((urn) => !known.has(urn));
    });
}

function isJson(file: string): boolean {
    try {
        JSON.parse(fs.readFileSync(file, "utf8"));
        return true;
    } catch {
        return false;
    }
}
