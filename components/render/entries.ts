import type { RuntimeName } from "../inventory/node";

/** What a manifest can ask of a node. The kit of components/remote makes it so. */
export type Entry =
    | DirectoryEntry
    | FileEntry
    | OnceEntry
    | LinkEntry
    | UserEntry
    | ModuleEntry
    | SysctlEntry
    | SwapEntry
    | ArchiveEntry
    | MaskEntry
    | PackageEntry
    | HoldEntry
    | ConflictEntry
    | ArtifactEntry
    | ImageEntry
    | ProveEntry
    | UnitEntry;

/** Part of a node's desired state. Fragments are put together by `render`. */
export type Fragment = readonly Entry[];

interface Owned {
    readonly path: string;
    /** Octal permissions. Default 0644 for files, 0755 for directories. */
    readonly mode?: string;
    /** OWNER:GROUP. Default root:root. */
    readonly owner?: string;
}

export interface DirectoryEntry extends Owned {
    readonly kind: "directory";
}

export interface FileEntry extends Owned {
    readonly kind: "file";
    readonly content: string;
}

/** A file that is written only while another one doesn't exist, for what a node replaces by itself. */
export interface OnceEntry extends Owned {
    readonly kind: "once";
    readonly content: string;
    readonly unless: string;
}

export interface LinkEntry {
    readonly kind: "link";
    readonly path: string;
    readonly target: string;
}

/** A system user and a group of the same name, without login. */
export interface UserEntry {
    readonly kind: "user";
    readonly name: string;
    readonly home: string;
}

/** A kernel module that is loaded now and at boot; one that is built in counts as loaded. */
export interface ModuleEntry {
    readonly kind: "module";
    readonly name: string;
}

export interface SysctlEntry {
    readonly kind: "sysctl";
    readonly key: string;
    readonly value: string;
}

/** No swap, now and at boot. */
export interface SwapEntry {
    readonly kind: "swap";
}

/** An index of a system's packages, from the mirror: with one, packages come from there and from nowhere else. */
export interface ArchiveEntry {
    readonly kind: "archive";
    /** ID and VERSION_ID of /etc/os-release: "debian-12". */
    readonly name: string;
    /** With {arch} in it; the packages lie beside it. */
    readonly path: string;
    readonly digests: DigestByArchitecture;
}

/**
 * A unit that a package brings and that is not to start, neither when the package comes nor at boot. One that is on the
 * machine before us is its owner's, and left alone.
 */
export interface MaskEntry {
    readonly kind: "mask";
    readonly name: string;
}

/** A package of the distribution that must be there. */
export interface PackageEntry {
    readonly kind: "package";
    readonly name: string;
    /** A file that makes it needless: releases differ in which package brings it, and not all offer this one. */
    readonly unless?: string;
}

/** A package that upgrades leave alone, for whoever upgrades it restarts what it runs: `apt-mark hold`. */
export interface HoldEntry {
    readonly kind: "hold";
    readonly name: string;
}

/** A package that must not be there. */
export interface ConflictEntry {
    readonly kind: "conflict";
    readonly name: string;
}

/** SHA-256 of a file for each architecture, as hexadecimal text. */
export interface DigestByArchitecture {
    readonly amd64?: string;
    readonly arm64?: string;
}

/** Executables that the node fetches, checks and unpacks by itself. */
export interface ArtifactEntry {
    readonly kind: "artifact";
    readonly name: string;
    readonly version: string;
    /** Upstream's path `<host>/<path>`, with {arch} in it. */
    readonly path: string;
    readonly digests: DigestByArchitecture;
    /** Where to put what. Without a member the fetched file itself is meant. */
    readonly files: readonly { readonly path: string; readonly mode?: string; readonly member?: string }[];
}

/** A container image that the runtime loads from an archive. */
export interface ImageEntry {
    readonly kind: "image";
    readonly runtime: RuntimeName;
    readonly reference: string;
    readonly path: string;
    readonly digests: DigestByArchitecture;
}

/** Proof that the runtime works: a container of this image runs and ends well. */
export interface ProveEntry {
    readonly kind: "prove";
    readonly runtime: RuntimeName;
    readonly reference: string;
    readonly arguments: readonly string[];
}

/** A systemd service, and what must restart it when it differs. */
export interface UnitEntry {
    readonly kind: "unit";
    readonly name: string;
    /** active: runs, restarts when its stamp differs. started: is only started. oneshot: done once for each stamp. */
    readonly state: "active" | "started" | "oneshot";
    /** The unit's text; absent for one that the distribution brings. */
    readonly content?: string;
    /** Files, links and directories whose change restarts the unit. */
    readonly after?: readonly string[];
}
