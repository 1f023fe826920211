import type { LogLine } from "./line";

/**
 * Puts the lines of many streams into the order of their times. Each waits a moment for others that are older and come
 * later; so what is written at the same time on two nodes appears in order as long as their clocks agree.
 */
export class Merger {
    private waiting: { readonly line: LogLine; readonly arrived: number }[] = [];
    private timer: NodeJS.Timeout | undefined;

    /**
     * @param patience milliseconds that a line waits for others; Infinity: until `flush`
     */
    constructor(
        private readonly write: (line: LogLine) => void,
        private readonly patience = 500,
    ) {}

    add(line: LogLine): void {
        this.waiting.push({ line, arrived: Date.now() });
        if (this.patience !== Infinity) this.timer ??= setTimeout(() => this.release(), this.patience);
    }

    /** Writes everything that waits. */
    flush(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        const lines = this.sorted();
        this.waiting = [];
        lines.forEach(({ line }) => this.write(line));
    }

    /** Writes what has waited long enough, and what is older than that. */
    private release(): void {
        this.timer = undefined;
        const limit = Date.now() - this.patience;
        const lines = this.sorted();
        const ripe = lines.reduce((count, { arrived }, index) => (arrived <= limit ? index + 1 : count), 0);
        this.waiting = lines.slice(ripe);
        lines.slice(0, ripe).forEach(({ line }) => this.write(line));
        if (this.waiting.length > 0) this.timer = setTimeout(() => this.release(), this.patience / 2);
    }

    /** By time; lines of the same time as they came. */
    private sorted() {
        return [...this.waiting].sort((a, b) => (a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0));
    }
}
