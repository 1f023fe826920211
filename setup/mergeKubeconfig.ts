import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isMap, isSeq, parse, parseDocument, YAMLMap, YAMLSeq, type Document } from "yaml";
import { Failure } from "./failure";

/** The file of the user's own that kubectl writes to: see "Merging kubeconfig files" in kubectl's documentation. */
export function usersKubeconfig(env: NodeJS.ProcessEnv = process.env, home = os.homedir()): string {
    const named = (env.KUBECONFIG ?? "").split(path.delimiter).filter((file) => file !== "");
    return named.find((file) => fs.existsSync(file)) ?? named.at(-1) ?? path.join(home, ".kube", "config");
}

/** What a merge did to a file. */
export interface Merge {
    readonly file: string;
    readonly changed: boolean;
    /** The file as it was before; absent where there was none, and where nothing changed. */
    readonly backup?: string;
    /** The context that was the current one before, where it was another. */
    readonly before?: string;
}

/**
 * Merges a cluster's kubeconfig into a file of the user's, in one step, mode 0600; what was there is kept beside it.
 *
 * @throws Failure when the file can't be read, written or understood; nothing is changed then.
 */
export function mergeKubeconfig(file: string, added: string): Merge {
    try {
        const target = follow(file);
        const old = fs.existsSync(target) ? fs.readFileSync(target, "utf8") : undefined;
        const { text, before } = merged(old ?? "", added);
        if (text === old) return { file, changed: false };
        fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
        const backup = old === undefined ? undefined : keepBeside(target, old);
        replace(target, text);
        return { file, changed: true, backup, before };
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new Failure(
            `The kubeconfig can't be merged into ${file} (${code ?? message}). Nothing was changed: mend that file, or ` +
                "name another one in KUBECONFIG.",
        );
    }
}

/**
 * The text of both. Clusters, contexts and users of the same name are replaced, and the current context is the added
 * one's; everything else stays, with order and comments. A text that needs no change is returned as it is.
 */
export function merged(text: string, added: string): { text: string; before?: string } {
    const document = parseDocument(text);
    const [problem] = document.errors;
    if (problem) throw new Error(`it isn't valid YAML: ${problem.message.split("\n")[0]}`);
    document.contents ??= document.createNode({}) as never;
    if (!isMap(document.contents)) throw new Error("it isn't a kubeconfig: it has no keys");
    const kind = document.get("kind") ?? "Config";
    if (kind !== "Config") throw new Error(`it isn't a kubeconfig: its kind is ${String(kind)}`);

    const news = parse(added) as Record<string, unknown>;
    const before = document.get("current-context");
    const changes = Object.entries(news).map(([key, value]) =>
        Array.isArray(value) ? replaceEntries(document, key, value as Entry[]) : set(document, key, value),
    );
    if (!changes.includes(true)) return { text };
    // As the file was written before: kubectl doesn't indent lists, most people do.
    const indentSeq = text !== "" && !/^- /m.test(text);
    const other = typeof before === "string" && before !== "" && before !== news["current-context"];
    return { text: document.toString({ lineWidth: 0, indentSeq }), ...(other ? { before } : {}) };
}

interface Entry {
    readonly name: string;
}

function set(document: Document, key: string, value: unknown): boolean {
    if (document.get(key) === value) return false;
    document.set(key, value);
    return true;
}

/** Puts entries into one of the document's lists, each in its namesake's place. Returns whether anything changed. */
function replaceEntries(document: Document, key: string, entries: readonly Entry[]): boolean {
    const found = document.get(key) ?? new YAMLSeq();
    if (!isSeq(found)) throw new Error(`it isn't a kubeconfig: its ${key} are no list`);
    let changed = false;
    for (const entry of entries) {
        const index = found.items.findIndex((item) => isMap(item) && item.get("name") === entry.name);
        const old = found.items[index] as YAMLMap | undefined;
        if (old && isDeepStrictEqual(old.toJS(document), entry)) continue;
        const node = document.createNode(entry);
        if (old) Object.assign(node, { commentBefore: old.commentBefore, spaceBefore: old.spaceBefore });
        // kubectl writes [] where nothing is left.
        if (found.items.length === 0) found.flow = false;
        found.items.splice(old ? index : found.items.length, old ? 1 : 0, node);
        changed = true;
    }
    if (changed) document.set(key, found);
    return changed;
}

/** Where a chain of symbolic links ends, also when nothing is there yet. */
function follow(file: string): string {
    const link = fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink();
    if (!link) return path.resolve(file);
    if (fs.existsSync(file)) return fs.realpathSync(file);
    return follow(path.resolve(path.dirname(file), fs.readlinkSync(file)));
}

/** A copy under a name of its own, which no later merge writes over. */
function keepBeside(file: string, text: string): string {
    const moment = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    for (let number = 1; ; number++) {
        const backup = `${file}.${moment}${number > 1 ? `-${number}` : ""}.bak`;
        if (fs.existsSync(backup)) continue;
        fs.writeFileSync(backup, text, { mode: 0o600, flag: "wx" });
        return backup;
    }
}

/** Writes a file anew so that nobody ever sees half of it, and nobody else can read it. Its owner stays. */
function replace(file: string, text: string): void {
    const draft = `${file}.${process.pid}`;
    try {
        fs.writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
        const old = fs.statSync(file, { throwIfNoEntry: false });
        if (old && process.getuid?.() === 0) fs.chownSync(draft, old.uid, old.gid);
        fs.renameSync(draft, file);
    } finally {
        fs.rmSync(draft, { force: true });
    }
}
