/** Pictures in SVG, drawn from plain numbers: readable in light and dark, without fonts or scripts of their own. */

/** Colours that can be told apart, also by people who see fewer; in the order in which they are given out. */
export const colours = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee9944"];

export interface Size {
    readonly width: number;
    readonly height: number;
}

export const escaped = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The frame of a picture. @param title what it shows, also for those who hear it */
export function picture({ width, height }: Size, title: string, parts: readonly string[]): string {
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">`,
        `<title>${escaped(title)}</title>`,
        "<style>text{fill:#24292f}.line{stroke:#8888}@media(prefers-color-scheme:dark){text{fill:#d0d7de}}</style>",
        ...parts,
        "</svg>",
        "",
    ].join("\n");
}

export interface TextOptions {
    readonly anchor?: "start" | "middle" | "end";
    readonly bold?: boolean;
}

export function text(x: number, y: number, content: string, { anchor = "start", bold }: TextOptions = {}): string {
    const weight = bold ? ' font-weight="bold"' : "";
    return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number): string {
    return `<line class="line" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

export const round = (value: number) => Math.round(value * 10) / 10;

/** Round numbers from 0 to `most`, some five of them. */
export function ticks(most: number): number[] {
    const rough = most / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
    return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}
