/** Which generation signs, and which are trusted beside it: a rotation goes from one to the next through both. */
export interface Generations {
    readonly generation: number;
    readonly trusted: readonly number[];
}

/**
 * All that are trusted, the oldest first: in this order they stand in bundles, so that a bundle stays as it is when
 * another of its generations signs.
 */
export function trustedBy({ generation, trusted }: Generations): number[] {
    return [...new Set([generation, ...trusted])].sort((a, b) => a - b);
}

/** As a word of a step; the first generation needs none. */
export const wordOf = (generation: number): string | undefined => (generation === 1 ? undefined : String(generation));
