import type { NodeSpec } from "../../components/inventory";
import { follow as followOverSsh } from "../../components/remote/ssh";
import type { Sink } from "./line";

export interface UnitQuestion {
    /** "kubelet", "etcd". */
    readonly units: readonly string[];
    /** Seconds to look back. Absent: everything when not following; else the last lines. */
    readonly since?: number;
    readonly follow: boolean;
}

/** Lines of each node to begin with, where nothing says how far to look back. */
const firstLines = 20;

/** What systemd accepts as a unit's name; nothing in it means anything to a shell. */
export const isUnitName = (text: string) => /^[A-Za-z0-9][\w.@:-]{0,100}$/.test(text);

/** The command that reads a node's journal. */
export function journalCommand({ units, since, follow }: UnitQuestion): string {
    const words = [
        "journalctl --no-pager --quiet --output=json --output-fields=MESSAGE,_SYSTEMD_UNIT,UNIT",
        ...units.map((unit) => `--unit=${unit}`),
        ...(since === undefined ? [] : [`--since=-${since}s`]),
        ...(follow ? ["--follow", since === undefined ? `--lines=${firstLines}` : "--lines=all"] : []),
    ].join(" ");
    return `if [ "$(id -u)" = 0 ]; then exec ${words}; else exec sudo -n ${words}; fi`;
}

/**
 * Prints the journal of units on all these nodes; follows it until `signal` says so. A node that can't be read is said,
 * and the others go on.
 *
 * @returns how many nodes could be read
 */
export async function readUnits(
    nodes: readonly NodeSpec[],
    question: UnitQuestion,
    sink: Sink,
    signal: AbortSignal,
): Promise<number> {
    const command = journalCommand(question);
    const read = await Promise.all(
        nodes.map(async (node) => {
            try {
                const onLine = (text: string) => entry(text, node.name, sink);
                await followOverSsh(node.ssh, command, { onLine, signal });
                return 1;
            } catch (error) {
                sink.say(`${node.name}: ${(error as Error).message}`);
                return 0;
            }
        }),
    );
    return read.reduce<number>((sum, one) => sum + one, 0);
}

interface JournalEntry {
    /** Microseconds since 1970. */
    readonly __REALTIME_TIMESTAMP: string;
    /** Bytes where it isn't text. */
    readonly MESSAGE?: string | readonly number[] | null;
    readonly _SYSTEMD_UNIT?: string;
    /** Of systemd's own messages: the unit that they are about. */
    readonly UNIT?: string;
}

/** @param text an entry of the journal as JSON: https://systemd.io/JOURNAL_EXPORT_FORMATS/ */
function entry(text: string, node: string, sink: Sink): void {
    if (text === "") return;
    const { __REALTIME_TIMESTAMP: stamp, MESSAGE, _SYSTEMD_UNIT, UNIT } = JSON.parse(text) as JournalEntry;
    const message = typeof MESSAGE === "string" ? MESSAGE : Buffer.from(MESSAGE ?? []).toString("utf8");
    sink.line({
        time: new Date(Number(stamp) / 1000).toISOString().replace(/\d{3}Z$/, `${stamp.slice(-6)}000Z`),
        source: (UNIT ?? _SYSTEMD_UNIT ?? "").replace(/\.service$/, ""),
        node,
        text: message,
    });
}
