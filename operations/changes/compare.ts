import type { Manifest, ManifestEntry } from "./manifest";

/** What happens to one thing on a node. */
export interface Change {
    /** The node's step that does it. */
    readonly step: string;
    /** "file /etc/kubernetes/hosts", "unit kubelet.service", "label disk". */
    readonly what: string;
    /** drifted: somebody changed it on the node, and the step mends it. */
    readonly how: "added" | "changed" | "removed" | "drifted";
    /** How, in one line or several. */
    readonly detail?: string;
}

/** How many lines of a text a change shows. */
const shown = 6;

/** Everything in which two manifests of a step differ: what is added or changed, then what is removed. */
export function compareManifests(step: string, before: Manifest, after: Manifest): Change[] {
    const changes: Change[] = [];
    for (const [key, entry] of after) {
        const old = before.get(key);
        const detail = old ? differenceOf(old, entry) : firstSight(entry);
        if (!old) changes.push({ step, what: subjectOf(entry), how: "added", ...(detail && { detail }) });
        else if (detail) changes.push({ step, what: subjectOf(entry), how: "changed", detail });
    }
    for (const [key, entry] of before) {
        if (!after.has(key)) changes.push({ step, what: subjectOf(entry), how: "removed" });
    }
    return changes;
}

function subjectOf({ kind, name, words }: ManifestEntry): string {
    switch (kind) {
        case "swap":
            return "swap";
        case "module":
            return `kernel module ${name}`;
        case "conflict":
            return `conflicting package ${name}`;
        case "archive":
            return `packages of ${name}`;
        case "prove":
            return `proof that ${words[0]} works`;
        default:
            return `${kind} ${name}`;
    }
}

/** What is worth saying of something new beside its name. */
function firstSight({ kind, version, words }: ManifestEntry): string | undefined {
    if (kind === "link") return `→ ${words[0]}`;
    return kind === "sysctl" ? words.join(" ") : version;
}

/** In what two entries differ; undefined when a node takes them for the same. */
function differenceOf(before: ManifestEntry, after: ManifestEntry): string | undefined {
    const [old, now] = [wordsOf(before), wordsOf(after)];
    const lines = [
        ...(before.version === after.version ? [] : [`${before.version} → ${after.version}`]),
        ...(placeOf(before) === placeOf(after) ? [] : [`${placeOf(before)} → ${placeOf(after)}`]),
        ...(old === now ? [] : [`${old} → ${now}`]),
        ...changedLines(before.unit?.after ?? [], after.unit?.after ?? []).map((line) => `${line} (restarts it)`),
        ...changedLines(before.content, after.content),
    ];
    if (lines.length > shown + 1) lines.splice(shown, lines.length, `… ${lines.length - shown} more lines`);
    if (lines.length > 0) return lines.join("\n");
    if (before.content.join("\n") !== after.content.join("\n")) return "the same lines in another order";
    const sameFile = before.version === undefined || before.words.join(" ") === after.words.join(" ");
    return sameFile ? undefined : "another file of the same version";
}

/** In which runtime an image is. */
function placeOf({ kind, words }: ManifestEntry): string {
    const place = words.find((word) => word.startsWith("in="));
    return kind === "image" ? (place?.slice("in=".length) ?? "docker") : "";
}

/** What stands beside a name. Digests say nothing to people, and a unit's stamp stands for what is told elsewhere. */
function wordsOf({ unit, version, words }: ManifestEntry): string {
    if (unit) return unit.state;
    return version === undefined ? words.join(" ") : "";
}

/** The lines that go, with "- ", and those that come, with "+ ", in their order. */
function changedLines(before: readonly string[], after: readonly string[]): string[] {
    return [
        ...without(before, after).map((line) => `- ${line.trim()}`),
        ...without(after, before).map((line) => `+ ${line.trim()}`),
    ];
}

/** The lines of a text that aren't in another, as often as they stand there more. */
function without(lines: readonly string[], others: readonly string[]): string[] {
    const left = new Map<string, number>();
    for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
    return lines.filter((line) => {
        const count = left.get(line) ?? 0;
        left.set(line, count - 1);
        return count <= 0;
    });
}
