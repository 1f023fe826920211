import type { Architecture } from "../../components/inventory/node";
import { debianArchive, type Archive } from "../build/apt";
import type { SystemName } from "./systems";

/** Where a distribution has a system's packages for an architecture. */
export function archiveOf(system: SystemName, arch: Architecture): Archive {
    switch (system) {
        case "debian-12":
            return debianArchive("bookworm", ["", "updates", "security"]);
        case "debian-13":
            return debianArchive("trixie", ["", "updates", "security"]);
        case "ubuntu-22.04":
            return ubuntuArchive("jammy", arch);
        case "ubuntu-24.04":
            return ubuntuArchive("noble", arch);
    }
}

/** https://help.ubuntu.com/community/Repositories/Ubuntu: docker.io is in universe; ports has what isn't amd64. */
function ubuntuArchive(suite: string, arch: Architecture): Archive {
    const site = arch === "amd64" ? "http://archive.ubuntu.com/ubuntu" : "http://ports.ubuntu.com/ubuntu-ports";
    return {
        distribution: "Ubuntu",
        keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        keyringPackage: "ubuntu-keyring (on Debian ubuntu-archive-keyring)",
        suites: [suite, `${suite}-updates`, `${suite}-security`].map((each) => `${site} ${each} main universe`),
    };
}
