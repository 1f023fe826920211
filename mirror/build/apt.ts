import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { run } from "../run";

/** Where packages come from, and whose signature they must carry. */
export interface Archive {
    /** "debian", for errors. */
    readonly distribution: string;
    /** The public keys of the distribution's signers. */
    readonly keyring: string;
    /** The package that brings the keyring. */
    readonly keyringPackage: string;
    /** What is behind `deb` in a sources.list: "http://deb.debian.org/debian bookworm main". */
    readonly suites: readonly string[];
}

/** Debian's archive with its updates and security updates. */
export function debianArchive(suite: string, parts: readonly ("" | "updates" | "security")[]): Archive {
    const lines = {
        "": `http://deb.debian.org/debian ${suite} main`,
        updates: `http://deb.debian.org/debian ${suite}-updates main`,
        security: `http://deb.debian.org/debian-security ${suite}-security main`,
    };
    return {
        distribution: "Debian",
        keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
        keyringPackage: "debian-archive-keyring",
        suites: parts.map((part) => lines[part]),
    };
}

/** An apt of our own: its lists and what it thinks is installed (nothing) are in a folder; this machine's aren't touched. */
export class Apt {
    private readonly options: readonly string[];

    constructor(
        private readonly archive: Archive,
        arch: Architecture,
        readonly folder: string,
    ) {
        this.options = [
            `Dir::State=${folder}`,
            `Dir::State::lists=${folder}/lists`,
            `Dir::State::status=${folder}/status`,
            `Dir::Cache=${folder}`,
            `Dir::Cache::archives=${folder}/archives`,
            `Dir::Etc::sourcelist=${folder}/sources.list`,
            "Dir::Etc::sourceparts=-",
            "Dir::Etc::preferences=-",
            "Dir::Etc::preferencesparts=-",
            `APT::Architecture=${arch}`,
            `APT::Architectures::=${arch}`,
            "APT::Sandbox::User=root",
            "APT::Update::Post-Invoke::=true",
            "Acquire::Languages=none",
            "Acquire::Retries=3",
            "Acquire::http::Timeout=30",
        ].flatMap((option) => ["-o", option]);
    }

    /** Reads the archive's lists, whose signatures apt checks. */
    async update(): Promise<void> {
        const { distribution, keyring, keyringPackage, suites } = this.archive;
        if (!fs.existsSync(keyring)) {
            throw new Error(
                `${distribution}'s packages can't be checked: there is no ${keyring}. Install the package ${keyringPackage}.`,
            );
        }
        for (const name of ["lists/partial", "archives/partial"]) {
            fs.mkdirSync(path.join(this.folder, name), { recursive: true });
        }
        const lines = suites.map((suite) => `deb [signed-by=${keyring}] ${suite}\n`);
        fs.writeFileSync(path.join(this.folder, "sources.list"), lines.join(""));
        fs.writeFileSync(path.join(this.folder, "status"), "");
        await this.get(["update"]);
    }

    /** apt-get with these words. */
    get(words: readonly string[], cwd?: string): Promise<string> {
        return run("apt-get", [...this.options, "-qq", ...words], { cwd });
    }

    /** Those of these packages that the archive has; a name that others only provide is none. */
    async offered(names: readonly string[]): Promise<string[]> {
        const text = await run("apt-cache", [...this.options, "policy", ...names]);
        const found = [...text.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: [^(]/gm)].map(([, name]) => name);
        return names.filter((name) => found.includes(name));
    }
}
