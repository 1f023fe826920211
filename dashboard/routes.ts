/** A stretch of time that graphs can show. */
export const ranges = { "15m": 15 * 60, "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600 } as const;
export type Range = keyof typeof ranges;

/** What can be asked for: a file of the page, or one of four pieces of data. */
export type Route =
    | { readonly what: "file"; readonly file: PageFile; readonly type: string }
    | { readonly what: "cluster" | "managed" | "drift" }
    | { readonly what: "graphs"; readonly range: Range };

const types = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" } as const;

/** The page's files. A name that isn't here is never looked for on the disk. */
export const pageFiles = [
    "index.html",
    "style.css",
    "main.js",
    "elements.js",
    "format.js",
    "graph.js",
    "nodes.js",
    "slipway.js",
    "tables.js",
    "icon.svg",
] as const;
export type PageFile = (typeof pageFiles)[number];

/** The route of a path, or undefined: everything that isn't on this list is not found. */
export function routeOf(target: string): Route | undefined {
    const [path, query = "", ...more] = target.split("?");
    if (more.length > 0) return undefined;
    if (path === "/api/graphs") {
        const [, range] = /^range=(\w+)$/.exec(query) ?? [];
        return range !== undefined && Object.hasOwn(ranges, range)
            ? { what: "graphs", range: range as Range }
            : undefined;
    }
    if (query !== "") return undefined;
    switch (path) {
        case "/api/cluster":
            return { what: "cluster" };
        case "/api/managed":
            return { what: "managed" };
        case "/api/drift":
            return { what: "drift" };
    }
    const name = path === "/" ? "index.html" : path.slice(1);
    const file = pageFiles.find((known) => known === name);
    const type = types[name.slice(name.lastIndexOf(".") + 1) as keyof typeof types];
    return file && { what: "file", file, type: `${type}; charset=utf-8` };
}
