/** What a phase calls to say what it is doing now. */
export type Report = (text: string) => void;

export interface ProgressOptions {
    readonly stream?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
    /** One line that is drawn again and again; otherwise plain lines. Default: the stream is a terminal. */
    readonly live?: boolean;
    /** Milliseconds; for tests. */
    readonly now?: () => number;
    /** Plain lines: how often a running phase is heard of, in milliseconds. */
    readonly interval?: number;
}

interface Phase {
    readonly name: string;
    readonly start: number;
    text: string;
    /** Plain lines: what was printed last, and when; undefined: nothing yet. */
    said?: string;
    saidAt: number;
}

/** Plain lines: a phase that is over sooner, in milliseconds, is heard of only when it ends. */
const announced = 1000;

/** "0.4 s", "12 s", "3 min 05 s". */
export function duration(milliseconds: number): string {
    const seconds = milliseconds / 1000;
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Shows phases: what is being done, for how long. In a terminal one live line; in a log plain lines: now and then
 * while a phase runs, and when it ends. Phases may run side by side.
 */
export class Progress {
    private readonly stream: NonNullable<ProgressOptions["stream"]>;
    private readonly live: boolean;
    private readonly now: () => number;
    private readonly interval: number;
    private readonly running = new Set<Phase>();
    private readonly finished: { name: string; milliseconds: number; more: string }[] = [];
    private timer: NodeJS.Timeout | undefined;
    private paused = false;

    constructor(options: ProgressOptions = {}) {
        this.stream = options.stream ?? process.stderr;
        this.live = options.live ?? this.stream.isTTY === true;
        this.now = options.now ?? Date.now;
        this.interval = options.interval ?? 10_000;
    }

    /** Runs one phase. Its last report is what stands behind its name at the end. */
    async phase<T>(name: string, work: (report: Report) => T | Promise<T>): Promise<T> {
        const start = this.now();
        const phase: Phase = { name, start, text: "", saidAt: start };
        this.running.add(phase);
        this.tick();
        try {
            const result = await work((text) => this.report(phase, text));
            this.end(phase, "✔");
            return result;
        } catch (error) {
            this.end(phase, "✘");
            throw error;
        }
    }

    /** A line of its own, above the live line. */
    say(text: string): void {
        this.print(text);
        this.draw();
    }

    /** While `work` writes to the terminal itself, nothing is drawn. */
    async aside<T>(work: () => Promise<T>): Promise<T> {
        this.erase();
        this.paused = true;
        try {
            return await work();
        } finally {
            this.paused = false;
        }
    }

    /** Notes the time of something that was measured elsewhere, and what else is to be said of it. */
    note(name: string, milliseconds: number, more = ""): void {
        this.finished.push({ name, milliseconds, more });
    }

    /** How long each phase took, one a line. */
    summary(): string {
        const width = Math.max(0, ...this.finished.map(({ name }) => name.length));
        return this.finished
            .map(({ name, milliseconds, more }) =>
                `  ${name.padEnd(width)}  ${duration(milliseconds).padStart(12)}  ${more}`.trimEnd(),
            )
            .join("\n");
    }

    private report(phase: Phase, text: string): void {
        phase.text = text.trim();
        if (this.live) this.draw();
        else this.heartbeat(phase);
    }

    private end(phase: Phase, mark: string): void {
        this.running.delete(phase);
        const milliseconds = this.now() - phase.start;
        this.finished.push({ name: phase.name, milliseconds, more: "" });
        this.print(`${mark} ${phase.name}${phase.text && `: ${phase.text}`} (${duration(milliseconds)})`);
        if (this.running.size === 0) {
            clearInterval(this.timer);
            this.timer = undefined;
        }
        this.draw();
    }

    private tick(): void {
        this.draw();
        if (this.timer) return;
        const beat = () => (this.live ? this.draw() : this.running.forEach((phase) => this.heartbeat(phase)));
        this.timer = setInterval(beat, this.live ? 250 : 1000);
        this.timer.unref();
    }

    /** A plain line for a phase, unless it was heard of lately. */
    private heartbeat(phase: Phase): void {
        if (this.paused) return;
        const now = this.now();
        const quiet = now - phase.saidAt;
        const first = phase.said === undefined;
        const wait = first ? announced : phase.text !== phase.said ? this.interval : 3 * this.interval;
        if (quiet < wait) return;
        phase.said = phase.text;
        phase.saidAt = now;
        this.print(`… ${phase.name}${phase.text && `: ${phase.text}`} (${duration(now - phase.start)})`);
    }

    private draw(): void {
        if (!this.live || this.paused || this.running.size === 0) return;
        const now = this.now();
        const parts = [...this.running].map(
            ({ name, start, text }) =>
                `${name} ${duration(Math.floor((now - start) / 1000) * 1000)}${text && `: ${text}`}`,
        );
        const room = Math.max(20, (this.stream.columns || 80) - 3);
        // Several at once share the line fairly.
        const each = Math.floor(room / parts.length) - 3;
        const line = parts.map((part) => (part.length > each ? `${part.slice(0, each - 1)}…` : part)).join(" │ ");
        this.stream.write(`\r\x1b[K… ${line}`);
    }

    private print(line: string): void {
        this.erase();
        this.stream.write(`${line}\n`);
    }

    private erase(): void {
        if (this.live && !this.paused) this.stream.write("\r\x1b[K");
    }
}
