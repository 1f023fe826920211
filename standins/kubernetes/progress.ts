import type { Context } from "../provider";

/** What is over sooner isn't spoken of. Milliseconds. */
const quietFor = 1_000;

/** Tells the live display what an operation waits for: when it takes long, each text once, and nothing at the end. */
export class Progress {
    private text = "";
    private told = "";
    private readonly begun = Date.now();
    private timer: NodeJS.Timeout | undefined;

    constructor(private readonly context: Context) {}

    say(text: string): void {
        this.text = text;
        const quiet = this.begun + quietFor - Date.now();
        if (quiet <= 0) this.tell();
        else this.timer ??= setTimeout(() => this.tell(), quiet);
    }

    end(): void {
        clearTimeout(this.timer);
        if (this.told) this.context.status("");
    }

    private tell(): void {
        if (this.text === this.told) return;
        this.told = this.text;
        this.context.status(this.text);
    }
}
