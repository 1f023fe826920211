import { createHash } from "node:crypto";
import { parseManifest } from "./changes/manifest";

/** One machine, as it describes itself, and what its steps were told to bring there. */
export interface Inventoried {
    readonly node: string;
    /** Debian's word: "amd64". */
    readonly architecture: string;
    /** ID and VERSION_ID of its /etc/os-release: "debian", "12". */
    readonly system: { readonly id: string; readonly version: string };
    /** Installed packages of the distribution. */
    readonly packages: readonly { readonly name: string; readonly version: string }[];
    /** Of the steps that bring binaries and images: base and stage. */
    readonly manifests: readonly string[];
}

type Described = Omit<Component, "properties">;

interface Component {
    readonly type: "application" | "container" | "library" | "operating-system";
    readonly "bom-ref": string;
    readonly name: string;
    readonly version: string;
    readonly purl?: string;
    readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
    readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/**
 * A software bill of materials of a cluster, in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): binaries and images
 * with the digests that nodes check, packages and systems of the machines; each once, with the nodes that have it. The
 * same cluster gives the same serial number. Pure.
 */
export function billOfMaterials(cluster: string, version: string, machines: readonly Inventoried[], time: Date) {
    const nodes = new Map<string, string[]>();
    const components = new Map<string, Described>();
    for (const machine of machines) {
        for (const component of [...fetched(machine), ...installed(machine)]) {
            const ref = component["bom-ref"];
            components.set(ref, component);
            nodes.set(ref, [...(nodes.get(ref) ?? []), machine.node]);
        }
    }
    const all: Component[] = [...components.values()]
        .sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1))
        .map((component) => ({ ...component, properties: properties(nodes.get(component["bom-ref"])!) }));
    return {
        bomFormat: "CycloneDX",
        specVersion: "1.5",
        serialNumber: `urn:uuid:${uuidOf(JSON.stringify([cluster, all]))}`,
        version: 1,
        metadata: {
            timestamp: time.toISOString(),
            component: { type: "platform", "bom-ref": cluster, name: cluster, version },
        },
        components: all,
    };
}

const properties = (nodes: readonly string[]) => [{ name: "slipway:nodes", value: [...new Set(nodes)].join(",") }];

/** Binaries and images: their digests are those of the files that nodes fetch, for a node's own architecture. */
function fetched({ manifests, architecture }: Inventoried): Described[] {
    const entries = manifests.flatMap((manifest) => [...(parseManifest(manifest)?.values() ?? [])]);
    return entries.flatMap(({ kind, name, version = "", words }): Described[] => {
        if (kind !== "artifact" && kind !== "image") return [];
        const digest = words.find((word) => word.startsWith(`${architecture}=`))?.split("=")[1];
        const hashes = digest ? { hashes: [{ alg: "SHA-256" as const, content: digest }] } : {};
        const of = { name, version, ...hashes };
        if (kind === "image") {
            const purl = `pkg:docker/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
            return [{ type: "container", "bom-ref": purl, purl, ...of }];
        }
        const path = words[0].replaceAll("{arch}", architecture);
        const purl = `pkg:generic/${name}@${version}?download_url=${encodeURIComponent(`https://${path}`)}`;
        return [{ type: "application", "bom-ref": purl, purl, ...of }];
    });
}

function installed({ packages, system, architecture }: Inventoried): Described[] {
    const distro = `${system.id}-${system.version}`;
    return [
        { type: "operating-system", "bom-ref": distro, name: system.id, version: system.version },
        ...packages.map(({ name, version }) => {
            const purl = `pkg:deb/${system.id}/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${distro}`;
            return { type: "library" as const, "bom-ref": purl, name, version, purl };
        }),
    ];
}

/** A UUID from a text (RFC 9562, version 8). */
function uuidOf(text: string): string {
    const hex = createHash("sha256").update(text).digest("hex");
    return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        `8${hex.slice(13, 16)}`,
        `8${hex.slice(17, 20)}`,
        hex.slice(20, 32),
    ].join("-");
}
