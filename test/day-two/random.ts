/** Numbers that look like chance and are the same for the same seed (mulberry32). */
export class Random {
    constructor(private state: number) {}

    /** From 0 up to, and without, 1. */
    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }

    /** One of these. */
    pick<T>(all: readonly T[]): T {
        return all[Math.floor(this.next() * all.length)];
    }
}
