import type { Manifest, ManifestEntry } from "./manifest";

/** What is asked of one step of a node. */
export interface RestartQuestion {
    /** The manifest that was applied last. */
    readonly before: Manifest;
    readonly after: Manifest;
    /** Paths that earlier steps of the node change in the same run: files with other content, links with another target. */
    readonly changedBefore: ReadonlySet<string>;
    /** What the kit says of how the node differs. */
    readonly drift: readonly string[];
}

/**
 * The units that a step restarts, by the rules of components/remote/kit (compare.sh, units.sh): a unit is restarted when
 * its stamp differs, which is its line, its text and every path in its `after`; when it doesn't run; and when systemd
 * has to read its files again. A unit that is new starts, and one that is `started` is left alone once it runs.
 */
export function unitsToRestart({ before, after, changedBefore, drift }: RestartQuestion): string[] {
    return [...after.values()].filter(isUnit).flatMap((entry) => {
        const old = before.get(`unit ${entry.name}`);
        const said = drift.filter((sentence) => sentence.startsWith(`unit ${entry.name}: `));
        const restarts =
            isUnit(old) &&
            (said.some((sentence) => sentence.includes("not active")) ||
                (entry.unit.state !== "started" &&
                    (stampDiffers(old, entry) ||
                        entry.unit.after.some((path) => changedBefore.has(path) && !saysOf(after, path)) ||
                        said.some((sentence) => /has to restart|not read its text/.test(sentence)))));
        return restarts ? [entry.name] : [];
    });
}

/** What a manifest says of a path itself counts for its units, whatever another step says. */
const saysOf = (manifest: Manifest, path: string) => manifest.has(`file ${path}`) || manifest.has(`link ${path}`);

type Unit = ManifestEntry & Required<Pick<ManifestEntry, "unit">>;

const isUnit = (entry: ManifestEntry | undefined): entry is Unit => entry?.unit !== undefined;

/** The stamp on a unit's line holds what its own manifest says of the paths in `after`. */
function stampDiffers(before: Unit, after: Unit): boolean {
    const stamp = ({ unit, content }: Unit) => JSON.stringify([unit.stamp, unit.after, content]);
    return stamp(before) !== stamp(after);
}

/** The paths whose content differs between two manifests of one step, as a later step finds them. */
export function changedPaths(before: Manifest, after: Manifest): string[] {
    const keys = new Set([...before.keys(), ...after.keys()]);
    return [...keys].flatMap((key) => {
        const [old, now] = [before.get(key), after.get(key)];
        const name = (now ?? old)?.name ?? "";
        return name.startsWith("/") && !/^directory /.test(key) && contentOf(old) !== contentOf(now) ? [name] : [];
    });
}

function contentOf(entry: ManifestEntry | undefined): string | undefined {
    return entry && (entry.kind === "link" ? entry.words[0] : JSON.stringify(entry.content));
}
