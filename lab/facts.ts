import * as fs from "node:fs";
import * as path from "node:path";

/** What was found out and made before the first `up`: plain data that a preview can rely on. */
export interface LabFacts {
    /** Image of each flavour of node, by tag. */
    readonly images: { readonly node: string; readonly bare?: string };
    /** Whether the engine gives --privileged. */
    readonly privileged: boolean;
    readonly cgroupVersion: "1" | "2";
    /** The host's nameservers: a container's own resolv.conf names one that pods can't ask. */
    readonly nameservers: readonly string[];
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

const read = (folder: string, file: string) => fs.readFileSync(path.join(folder, file), "utf8");

/** Reads what `prepareLab` left. */
export function loadFacts(folder: string): { facts: LabFacts; keys: LabKeys } {
    if (!fs.existsSync(path.join(folder, "facts.json"))) {
        throw new Error(
            `The lab isn't prepared (there is no ${folder}/facts.json): run \`npm run up\`, which prepares it.`,
        );
    }
    const pair = (name: string) => ({ private: read(folder, name), public: read(folder, `${name}.pub`).trim() });
    return {
        facts: JSON.parse(read(folder, "facts.json")) as LabFacts,
        keys: { user: pair("id_ed25519"), host: pair("host_ed25519") },
    };
}
