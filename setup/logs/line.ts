/** One line of somebody's log. */
export interface LogLine {
    /** RFC 3339 with its fraction of a second, in UTC: sorts as text. */
    readonly time: string;
    /** Whose: a pod, or a unit. */
    readonly source: string;
    readonly node: string;
    readonly text: string;
}

/** Where logs go. */
export interface Sink {
    line(line: LogLine): void;
    /** What happens to those who write: one joined, one is gone. */
    say(sentence: string): void;
}

/** Seconds of "45s", "10m", "2h", "1d"; undefined for anything else. */
export function seconds(text: string): number | undefined {
    const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    const factors: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
    return digits === undefined ? undefined : Number(digits) * factors[unit];
}
