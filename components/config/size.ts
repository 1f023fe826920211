const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** "2Gi" in bytes; undefined for what has no such form. */
export function bytesOf(size: string): number | undefined {
    const [, count, unit] = /^(\d+)([KMGT]i)$/.exec(size) ?? [];
    return count === undefined ? undefined : Number(count) * units[unit];
}
