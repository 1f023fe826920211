import * as fs from "node:fs";
import * as path from "node:path";

import type { Flavour } from "./config";

/** What an engine can do for the lab's nodes. */
export interface EngineFacts {
    /** The engine's own identifier and version: the facts are another engine's when these differ. */
    readonly id: string;
    readonly version: string;
    /** Whether it gives --privileged. */
    readonly privileged: boolean;
    readonly cgroupVersion: "1" | "2";
    /** Whether its host has kernel modules to load (/lib/modules); where all is built in there are none. */
    readonly kernelModules: boolean;
    /** Whether containers' addresses answer from here; on a desktop they don't. */
    readonly reachable: boolean;
}

/** What was found out and made before the first `up`: plain data that a preview can rely on. */
export interface LabFacts {
    readonly engine: EngineFacts;
    /** Image of each flavour of node that the lab needs, by tag. */
    readonly images: Readonly<Partial<Record<Flavour, string>>>;
}

/** SSH keys of one lab, in OpenSSH's form. */
export interface LabKeys {
    readonly user: { readonly private: string; readonly public: string };
    readonly host: { readonly private: string; readonly public: string };
}

/** Where one lab's facts and keys live, below the data folder. */
export function labFolder(dataFolder: string, name: string): string {
    return path.join(dataFolder, "lab", name);
}

const factsFile = "engine.json";

/** Reads what `prepareLab` left, or nothing. */
export function readFacts(folder: string): LabFacts | undefined {
    const file = path.join(folder, factsFile);
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as LabFacts) : undefined;
}

export function writeFacts(folder: string, facts: LabFacts): void {
    writePrivate(path.join(folder, factsFile), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Writes a file that only its owner may read, in one step. */
export function writePrivate(file: string, text: string): void {
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, text, { mode: 0o600 });
    fs.renameSync(draft, file);
}

/** Reads what `prepareLab` left. Fails with the command that prepares. */
export function loadFacts(folder: string): { facts: LabFacts; keys: LabKeys } {
    const facts = readFacts(folder);
    if (!facts) {
        throw new Error(
            `The lab isn't prepared (there is no ${path.join(folder, factsFile)}): run \`npm run up\`, which does it.`,
        );
    }
    return { facts, keys: loadKeys(folder) };
}

/** The lab's keys, which `makeKeys` made. */
export function loadKeys(folder: string): LabKeys {
    const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");
    const pair = (name: string) => ({ private: read(name), public: read(`${name}.pub`).trim() });
    return { user: pair("id_ed25519"), host: pair("host_ed25519") };
}
