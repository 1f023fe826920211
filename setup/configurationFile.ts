import * as fs from "node:fs";
import { parseDocument, type Document } from "yaml";

/** Changes a stack's configuration file: comments and layout stay, and it is replaced at once. */
export function editConfiguration(file: string, change: (document: Document) => void): void {
    const document: Document = parseDocument(fs.readFileSync(file, "utf8"));
    change(document);
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, document.toString({ lineWidth: 0 }), { mode: fs.statSync(file).mode });
    fs.renameSync(draft, file);
}
