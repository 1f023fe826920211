import type { Change } from "./compare";
import { textOf } from "./values";

/** In what two texts of a member step differ: the address, labels and taints that the API has of a node. */
export function compareMembers(step: string, before: unknown, after: unknown): Change[] {
    const [old, now] = [before, after].map((text) => entriesOf(textOf(text) ?? ""));
    const keys = [...new Set([...old.keys(), ...now.keys()])];
    return keys.flatMap((what): Change[] => {
        const [from, to] = [old.get(what), now.get(what)];
        if (from === to) return [];
        if (from === undefined) return [{ step, what, how: "added", ...(to && { detail: to }) }];
        if (to === undefined) return [{ step, what, how: "removed" }];
        return [{ step, what, how: "changed", detail: `${from || '""'} → ${to || '""'}` }];
    });
}

/** "label KEY" → VALUE, "taint KEY" → [VALUE]:EFFECT, "address" → IP. */
function entriesOf(text: string): Map<string, string> {
    const entries = new Map<string, string>();
    for (const line of text.split("\n").filter(Boolean)) {
        const [, kind, key = "", value = ""] = /^(\S+) ([^=:\s]*)=?(.*)$/.exec(line) ?? [];
        if (kind === "address") entries.set("address", key);
        else if (kind !== undefined) {
            const what = `${kind} ${key}`;
            // A key may taint a node in several ways.
            entries.set(
                what,
                [entries.get(what), value.replace(/^:/, "")].filter((part) => part !== undefined).join(", "),
            );
        }
    }
    return entries;
}
