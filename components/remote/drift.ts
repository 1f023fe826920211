const mark = "drift: ";

/** How the program says that something on a node differs from what was applied: one line for each difference. */
export function driftMessage(sentence: string): string {
    return `${mark}${sentence}`;
}

/** The sentence of such a line; undefined for any other. */
export function driftIn(message: string): string | undefined {
    return message.startsWith(mark) ? message.slice(mark.length).trim() : undefined;
}

/** The lines of one step. The machine names the first differences and counts them all. */
export function driftMessages(report: { differences: number; entries: readonly string[] }): string[] {
    const more = report.differences - report.entries.length;
    return [...report.entries, ...(more > 0 ? [`and ${more} more`] : [])].map(driftMessage);
}
