import * as fs from "node:fs";
import * as path from "node:path";

import type { Architecture } from "../../components/inventory/node";
import { writeArchive, type Entry } from "../archive";
import type { ImageArtifact } from "../catalogue";
import { sha256 } from "../files";
import { manifestEntry } from "../images/image";
import type { Progress } from "../job";
import { ask, download, downloadText } from "./download";

const indexTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const manifestTypes = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

interface Descriptor {
    readonly mediaType: string;
    readonly digest: string;
    readonly platform?: { readonly os: string; readonly architecture: string };
}

/** An index has `manifests`, an image's manifest `config` and `layers`. */
interface Manifest {
    readonly manifests?: readonly Descriptor[];
    readonly config?: Descriptor;
    readonly layers?: readonly Descriptor[];
}

/**
 * Fetches an image from its registry and writes it as an archive that `docker load` takes. Everything below the tag is
 * addressed by digest and checked. Returns the digest of the image's manifest for the architecture.
 */
export async function pullImage(
    image: ImageArtifact,
    arch: Architecture,
    file: string,
    options: { prefix: string; say: Progress },
): Promise<string> {
    const [host, ...name] = image.repository.split("/");
    // Docker Hub's registry isn't at the name that its references carry.
    const base = `${options.prefix}${host === "docker.io" ? "registry-1.docker.io" : host}/v2/${name.join("/")}`;
    const authorization = await signIn(`${base}/manifests/${image.tag}`, image);
    const manifest = async (reference: string, types: readonly string[]) => {
        const text = await downloadText(`${base}/manifests/${reference}`, {
            ...authorization,
            accept: types.join(", "),
        });
        const digest = `sha256:${sha256(text)}`;
        if (reference.startsWith("sha256:") && reference !== digest) {
            throw new Error(`The registry's manifest ${reference} of ${image.reference} was altered.`);
        }
        return { digest, ...(JSON.parse(text) as Manifest) };
    };

    let found = await manifest(image.tag, [...indexTypes, ...manifestTypes]);
    if (found.manifests) {
        const fits = ({ platform }: Descriptor) => platform?.os === "linux" && platform.architecture === arch;
        const one = found.manifests.find(fits);
        if (!one) {
            throw new Error(`${image.reference} isn't published for linux/${arch}.`);
        }
        found = await manifest(one.digest, manifestTypes);
    }
    const { config, layers, digest } = found;
    if (!config || !layers) {
        throw new Error(`The registry's answer for ${image.reference} is not an image manifest.`);
    }

    const folder = `${file}.blobs`;
    const blob = async (each: Descriptor): Promise<Entry["content"]> => {
        const [algorithm, expected] = each.digest.split(":");
        if (algorithm !== "sha256") {
            throw new Error(`${image.reference} names ${each.digest}: only SHA-256 is understood.`);
        }
        const target = path.join(folder, expected);
        await download(`${base}/blobs/${each.digest}`, target, { expected, headers: authorization, say: options.say });
        return { file: target };
    };
    const configName = `${hex(config)}.json`;
    const entries: Entry[] = [{ path: configName, type: "file", content: await blob(config) }];
    // An image may name one layer twice; the archive has it once.
    for (const layer of new Map(layers.map((each) => [each.digest, each])).values()) {
        entries.push({ path: `${hex(layer)}.tar.gz`, type: "file", content: await blob(layer) });
    }
    const layerNames = layers.map((layer) => `${hex(layer)}.tar.gz`);
    await writeArchive(file, [...entries, manifestEntry(configName, image.reference, layerNames)]);
    fs.rmSync(folder, { recursive: true });
    return digest;
}

function hex(descriptor: Descriptor): string {
    return descriptor.digest.slice("sha256:".length);
}

/** Asks once without credentials; where the registry wants a token, fetches the anonymous one it points at. */
async function signIn(url: string, image: ImageArtifact): Promise<Record<string, string>> {
    const response = await ask(url).catch((error: Error) => {
        const cause = (error.cause as { code?: string } | undefined)?.code ?? error.message;
        throw new Error(`The registry of ${image.reference} can't be reached at ${new URL(url).host}: ${cause}.`);
    });
    const challenge = response.status === 401 ? response.headers.get("www-authenticate") : null;
    if (!challenge) {
        return {};
    }
    const parts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    if (!/^bearer /i.test(challenge) || !parts.realm) {
        throw new Error(
            `The registry of ${image.reference} wants credentials of a kind that isn't supported: ${challenge}`,
        );
    }
    const query = new URLSearchParams();
    for (const key of ["service", "scope"].filter((each) => parts[each])) {
        query.set(key, parts[key]);
    }
    const answer = JSON.parse(await downloadText(`${parts.realm}?${query}`));
    return { authorization: `Bearer ${answer.token ?? answer.access_token}` };
}
