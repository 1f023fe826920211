import { createHash } from "node:crypto";

import { DigestByArchitecture, Entry, Fragment, ImageEntry, UnitEntry } from "./entries";

/** The order in which a node takes the kinds: what others stand on comes first. */
const order: readonly Entry["kind"][] = [
    "user",
    "conflict",
    "module",
    "sysctl",
    "swap",
    "directory",
    "file",
    "once",
    "link",
    "archive",
    "mask",
    "package",
    "hold",
    "artifact",
    "image",
    "prove",
    "unit",
];

/**
 * Writes fragments as one manifest, the text that the kit takes on standard input.
 *
 * Entries stand sorted, so that the order of fragments changes nothing; only units keep the order they were
 * given in, which is the order they start in. The same entry twice counts once; two that contradict each other,
 * and words that would be torn apart by white space, are errors.
 */
export function render(...fragments: readonly Fragment[]): string {
    const entries = unite(fragments.flat());
    const blocks = entries.map((entry) => [headOf(entry, entries), ...contentOf(entry).map(contentLine)].join("\n"));
    return blocks.map((block) => `${block}\n`).join("");
}

/** The digest that names text in stamps and command arguments: the first 16 hexadecimal digits of its SHA-256. */
export function digestOf(...texts: readonly string[]): string {
    const hash = createHash("sha256");
    for (const text of texts) {
        hash.update(`${Buffer.byteLength(text)}:${text}`);
    }
    return hash.digest("hex").slice(0, 16);
}

function unite(all: readonly Entry[]): Entry[] {
    const known = new Map<string, Entry>();
    for (const entry of all) {
        const key = subjectOf(entry);
        const other = known.get(key);
        if (other && JSON.stringify(other) !== JSON.stringify(entry)) {
            throw new Error(`The manifest has two different entries for ${key}: a node can't satisfy both.`);
        }
        known.set(key, other ?? entry);
    }
    const sorted = (kind: Entry["kind"]) => {
        const same = [...known.values()].filter((entry) => entry.kind === kind);
        return kind === "unit" ? same : same.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    };
    return order.flatMap(sorted);
}

/** Their path is the mirror's. */
const fetched: readonly Entry["kind"][] = ["archive", "artifact", "image"];

/** Paths are one name space: a path can't be a file and a link. */
function subjectOf(entry: Entry): string {
    return "path" in entry && !fetched.includes(entry.kind) ? `path ${entry.path}` : `${entry.kind} ${keyOf(entry)}`;
}

function keyOf(entry: Entry): string {
    switch (entry.kind) {
        case "directory":
        case "file":
        case "once":
        case "link":
            return entry.path;
        case "sysctl":
            return entry.key;
        case "swap":
            return "off";
        case "image":
        case "prove":
            return entry.reference;
        default:
            return entry.name;
    }
}

function headOf(entry: Entry, all: readonly Entry[]): string {
    switch (entry.kind) {
        case "directory":
            return words("directory", mode(entry.mode ?? "0755"), owner(entry.owner), path(entry.path));
        case "file":
            return words("file", mode(entry.mode ?? "0644"), owner(entry.owner), path(entry.path));
        case "once": {
            const unless = `unless=${path(entry.unless)}`;
            return words("once", mode(entry.mode ?? "0600"), owner(entry.owner), path(entry.path), unless);
        }
        case "link":
            return words("link", path(entry.path), entry.target);
        case "user":
            return words("user", entry.name, path(entry.home));
        case "sysctl":
            // The only value that may be several words: "4096 87380 4194304".
            return words("sysctl", entry.key, ...entry.value.trim().split(/\s+/));
        case "swap":
            return "swap off";
        case "package":
            return words("package", entry.name, ...(entry.unless ? [`unless=${path(entry.unless)}`] : []));
        case "module":
        case "conflict":
        case "mask":
        case "hold":
            return words(entry.kind, entry.name);
        case "artifact":
            return words("artifact", entry.name, entry.version, entry.path, ...digestWords(entry));
        case "archive":
            return words("archive", entry.name, entry.path, ...digestWords(entry));
        case "image":
            return words("image", entry.reference, entry.path, ...placeWords(entry), ...digestWords(entry));
        case "prove":
            return words("prove", entry.runtime, entry.reference, ...entry.arguments);
        case "unit": {
            const after = entry.after?.length ? [`after=${entry.after.map(path).join(",")}`] : [];
            return words("unit", entry.name, entry.state, `stamp=${stampOf(entry, all)}`, ...after);
        }
    }
}

function contentOf(entry: Entry): string[] {
    switch (entry.kind) {
        case "file":
        case "once":
        case "unit":
            return entry.content === undefined ? [] : linesOf(entry.content);
        case "artifact":
            return entry.files.map((file) =>
                words(mode(file.mode ?? "0755"), path(file.path), ...(file.member ? [file.member] : [])),
            );
        default:
            return [];
    }
}

/** The digest of all that is known beforehand: the unit's text and what this manifest says of the paths in `after`. */
function stampOf(unit: UnitEntry, all: readonly Entry[]): string {
    const inputs = (unit.after ?? []).flatMap((wanted) =>
        all.filter((entry) => "path" in entry && (entry.path === wanted || entry.path.startsWith(`${wanted}/`))),
    );
    return digestOf(unit.content ?? "", ...inputs.map((entry) => JSON.stringify(normalized(entry))));
}

/** An entry's properties in one order, however its author wrote them. */
function normalized(entry: Entry): unknown {
    return Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1));
}

function linesOf(text: string): string[] {
    const lines = text.split("\n");
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function contentLine(line: string): string {
    // None of these would survive the way through awk.
    if (/[\0\r]/.test(line)) {
        throw new Error(`A manifest can't hold the control characters of the line ${JSON.stringify(line)}.`);
    }
    return line === "" ? "|" : `| ${line}`;
}

function words(...all: readonly string[]): string {
    const torn = all.find((word) => !/^[^\s]+$/.test(word));
    if (torn !== undefined) {
        throw new Error(`A manifest's words hold no white space and aren't empty: ${JSON.stringify(torn)}.`);
    }
    return all.join(" ");
}

function path(value: string): string {
    if (!/^\/[^\s,]*$/.test(value) || value.split("/").includes("..")) {
        throw new Error(
            `A manifest names absolute paths without white space, commas and "..": ${JSON.stringify(value)}.`,
        );
    }
    return value;
}

function mode(value: string): string {
    if (!/^[0-7]{4}$/.test(value)) {
        throw new Error(`Permissions are four octal digits such as "0644", not ${JSON.stringify(value)}.`);
    }
    return value;
}

function owner(value = "root:root"): string {
    if (!/^[a-z_][a-z0-9_-]*:[a-z_][a-z0-9_-]*$/.test(value)) {
        throw new Error(`An owner is written USER:GROUP, not ${JSON.stringify(value)}.`);
    }
    return value;
}

/** An image without a place is docker's. */
function placeWords({ runtime }: ImageEntry): string[] {
    return runtime === "docker" ? [] : [`in=${runtime}`];
}

function digestWords(entry: { readonly path: string; readonly digests: DigestByArchitecture }): string[] {
    const known = Object.entries(entry.digests).filter(([, digest]) => digest !== undefined);
    if (known.length === 0) {
        throw new Error(`${entry.path} has no digest: fill the mirror with \`npm run mirror\`.`);
    }
    for (const [architecture, digest] of known) {
        if (!/^[0-9a-f]{64}$/.test(digest)) {
            throw new Error(`The ${architecture} digest of ${entry.path} is not a SHA-256: ${JSON.stringify(digest)}.`);
        }
    }
    return known.map(([architecture, digest]) => `${architecture}=${digest}`).sort();
}
