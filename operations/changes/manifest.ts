/** One thing that a node should have, as its manifest says it. The format is in components/remote/README.md. */
export interface ManifestEntry {
    /** "file", "unit", "sysctl", … */
    readonly kind: string;
    /** What it is about: a path, a name, a key; an image's repository. */
    readonly name: string;
    /** Of an artifact; of an image: its tag or digest. */
    readonly version?: string;
    /** What stands beside on the first line. */
    readonly words: readonly string[];
    /** The lines below it: a text, or an artifact's files. */
    readonly content: readonly string[];
    /** Of a unit. */
    readonly unit?: { readonly state: string; readonly stamp: string; readonly after: readonly string[] };
}

/** Entries by "KIND NAME", in the manifest's order. */
export type Manifest = ReadonlyMap<string, ManifestEntry>;

/** Which word says what an entry is about, where it isn't the first one after the kind. */
const nameAt: Readonly<Record<string, number>> = { directory: 2, file: 2, once: 2, prove: 1 };

/** Reads a manifest. What isn't one (a secret, something that isn't known yet) is undefined. */
export function parseManifest(text: unknown): Manifest | undefined {
    if (typeof text !== "string") return undefined;
    const entries = new Map<string, ManifestEntry>();
    let content: string[] = [];
    for (const line of text.split("\n")) {
        if (line === "" || line.startsWith("#")) continue;
        if (line.startsWith("|")) {
            content.push(line.slice(2));
            continue;
        }
        const entry = parseEntry(line, (content = []));
        if (!entry) return undefined;
        // Two tags of one image are two things.
        const taken = entries.has(keyOf(entry)) && entry.version !== undefined;
        const distinct = taken ? { ...entry, name: `${entry.name}:${entry.version}` } : entry;
        entries.set(keyOf(distinct), distinct);
    }
    return entries;
}

const keyOf = ({ kind, name }: ManifestEntry) => `${kind} ${name}`;

function parseEntry(line: string, content: readonly string[]): ManifestEntry | undefined {
    const [kind, ...all] = line.split(" ");
    const at = nameAt[kind] ?? 0;
    const name = all[at];
    if (name === undefined) return undefined;
    const words = all.filter((_, index) => index !== at);
    switch (kind) {
        case "once":
            return { kind: "file", name, words, content };
        case "artifact":
            return { kind, name, version: words[0], words: words.slice(1), content };
        case "archive":
            return { kind, name, version: "", words, content };
        case "image": {
            const [, repository = name, version = ""] = /^(.+?)(?:[:@]([^/]+))?$/.exec(name) ?? [];
            return { kind, name: repository, version, words, content };
        }
        case "unit":
            return { kind, name, words, content, unit: unitOf(words) };
        default:
            return { kind, name, words, content };
    }
}

function unitOf([state, ...options]: readonly string[]): ManifestEntry["unit"] {
    const option = (name: string) => options.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    return { state, stamp: option("stamp"), after: option("after").split(",").filter(Boolean) };
}
