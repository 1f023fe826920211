import type { LogLine, Sink } from "./line";
import { Merger } from "./merger";

/** Colours of a terminal that can be read on light and dark. */
const colours = [36, 33, 35, 32, 34, 31, 96, 93, 95, 92, 94, 91];

export interface PrinterOptions {
    readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean };
    readonly notes: NodeJS.WritableStream;
    /** Milliseconds that a line waits for older ones of others; Infinity: until the end. */
    readonly patience: number;
    readonly env?: NodeJS.ProcessEnv;
}

/** Prints lines in the order of their times, each with its source, in a colour of its own, and its node. */
export class Printer implements Sink {
    private readonly merger: Merger;
    private readonly colourOf = new Map<string, number>();
    private readonly coloured: boolean;

    constructor(private readonly options: PrinterOptions) {
        const { out, env = process.env, patience } = options;
        this.coloured = out.isTTY === true && !env.NO_COLOR;
        this.merger = new Merger((line) => out.write(`${this.describe(line)}\n`), patience);
    }

    line(line: LogLine): void {
        this.merger.add(line);
    }

    say(sentence: string): void {
        this.options.notes.write(`${sentence}\n`);
    }

    flush(): void {
        this.merger.flush();
    }

    private describe({ source, node, text }: LogLine): string {
        if (!this.coloured) return `${source} ${node} | ${text}`;
        const colour = this.colourOf.get(source) ?? colours[this.colourOf.size % colours.length];
        this.colourOf.set(source, colour);
        return `\x1b[${colour}m${source}\x1b[0m \x1b[2m${node} |\x1b[0m ${text}`;
    }
}
