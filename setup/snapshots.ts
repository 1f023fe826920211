import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { gunzipSync } from "node:zlib";
import type { ClusterSettings } from "../components/config/schema";
import type { NodeSpec } from "../components/inventory";
import { kitStep } from "../components/remote/kit";
import { run } from "../components/remote/ssh";
import { type Place, placesOf, placeWords } from "../components/render/snapshots";
import { askKit } from "./askKit";
import { Failure } from "./failure";
import { livingControlPlanes } from "./stateCopies";

/** How long a control plane may take for a snapshot and its way here, in milliseconds. */
const patience = 600_000;

export interface Snapshot {
    /** "etcd-20261121T201500Z.db" */
    readonly name: string;
    readonly content: Buffer;
    /** The control plane that gave it. */
    readonly node: string;
}

/** One that lies somewhere: on a control plane's own disk, or in a place for copies. */
export interface KnownSnapshot {
    readonly place: "disk" | Place;
    /** The control plane that took it. */
    readonly node: string;
    readonly name: string;
    /** Bytes. */
    readonly size: number;
}

/** As `restore` takes it: "s3:hex-n1/etcd-20261121T201500Z.db". */
export const referenceOf = ({ place, node, name }: Omit<KnownSnapshot, "size">) => `${place}:${node}/${name}`;

/** The parts of such a reference; undefined for anything else, such as a file's path. */
export function readReference(text: string): Omit<KnownSnapshot, "size"> | undefined {
    const [, place, node, name] = /^(disk|folder|s3):([a-z0-9-]+)\/(etcd-[0-9TZ]+\.db)$/.exec(text) ?? [];
    return place === undefined ? undefined : { place: place as KnownSnapshot["place"], node, name };
}

/** When it was taken, as its name says: "2026-11-21 20:15:00 UTC". */
export const takenAt = (name: string) =>
    name.replace(/^etcd-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/, "$1-$2-$3 $4:$5:$6 UTC");

/**
 * A snapshot's bytes, which must be whole: etcd ends each with the SHA-256 of what stands before.
 *
 * @throws Failure when it can't be read, or isn't one.
 */
export function readSnapshot(file: string): Buffer {
    let content: Buffer;
    try {
        content = fs.readFileSync(file);
    } catch (error) {
        throw new Failure(`The snapshot ${file} can't be read: ${(error as Error).message}. Nothing was changed.`);
    }
    if (!isWhole(content)) {
        throw new Failure(`${file} is no whole snapshot of etcd: it doesn't end with its digest. Nothing was changed.`);
    }
    return content;
}

/** A page is 512 bytes at least, so that a file with a digest behind its pages is known by its length. */
export function isWhole(content: Buffer): boolean {
    const digest = createHash("sha256").update(content.subarray(0, -32)).digest();
    return content.length % 512 === 32 && digest.equals(content.subarray(-32));
}

/** A new one, from the first control plane that gives one. @throws Failure with what each of them said. */
export function takeSnapshot(machines: readonly NodeSpec[], cluster: ClusterSettings): Promise<Snapshot> {
    const { folder, keep } = cluster.snapshots;
    const words = `give-snapshot folder=${folder} keep=${keep}`;
    return firstOf(livingControlPlanes(machines), words, "No control plane gave a snapshot of etcd:");
}

/** One that lies in a place. Copies may be fetched by any control plane. @throws Failure as `takeSnapshot`. */
export function fetchSnapshot(
    wanted: Omit<KnownSnapshot, "size">,
    machines: readonly NodeSpec[],
    cluster: ClusterSettings,
): Promise<Snapshot> {
    const { place, node, name } = wanted;
    const planes = livingControlPlanes(machines);
    const asked = place === "disk" ? planes.filter((plane) => plane.name === node) : planes;
    if (asked.length === 0) throw new Failure(`There is no control plane ${node} that could hold ${name}.`);
    if (place !== "disk" && !placesOf(cluster).includes(place)) {
        throw new Failure(`The configuration has no place ${place}: name it under cluster.snapshots.copies.`);
    }
    const where = place === "disk" ? [] : [`place=${place}`, ...placeWords(cluster, place)];
    const words = ["give-copy", `name=${node}/${name}`, `folder=${cluster.snapshots.folder}`, ...where];
    return firstOf(asked, words.join(" "), `${referenceOf(wanted)} could not be fetched:`);
}

async function firstOf(planes: readonly NodeSpec[], words: string, failure: string): Promise<Snapshot> {
    const problems: string[] = [];
    for (const plane of planes) {
        try {
            const { code, stdout, stderr } = await run(plane.ssh, kitStep(words), { timeout: patience });
            if (code !== 0) throw new Error(stderr.trim());
            const [name, digest, text = ""] = stdout.split("\n");
            const content = gunzipSync(Buffer.from(text, "base64"));
            if (createHash("sha256").update(content).digest("hex") !== digest) throw new Error("it came incomplete");
            return { name, content, node: plane.name };
        } catch (error) {
            problems.push(`  - ${plane.name}: ${(error as Error).message}`);
        }
    }
    throw new Failure([failure, ...problems].join("\n"));
}

/** All that can be found, the newest first, each once; and a sentence for each place that doesn't answer. */
export async function listSnapshots(
    machines: readonly NodeSpec[],
    cluster: ClusterSettings,
): Promise<{ readonly snapshots: readonly KnownSnapshot[]; readonly problems: readonly string[] }> {
    const planes = livingControlPlanes(machines);
    const { folder } = cluster.snapshots;
    const asked = planes.flatMap((plane) => {
        const disk = { plane, words: [`node=${plane.name}`, `folder=${folder}`] };
        // A second disk is each machine's own, so all are asked for the folder, too.
        const places = placesOf(cluster).map((place) => ({
            plane,
            words: [`folder=${folder}`, `place=${place}`, ...placeWords(cluster, place)],
        }));
        return [disk, ...places];
    });
    const answers = await Promise.all(
        asked.map(async ({ plane, words }) => {
            const answer = await askKit(plane, `list-snapshots ${words.join(" ")}`);
            return answer.text === undefined ? `${plane.name}: ${answer.problem}` : parseList(answer.text);
        }),
    );
    const found = new Map(
        answers.flatMap((answer) => (typeof answer === "string" ? [] : answer)).map((one) => [referenceOf(one), one]),
    );
    return {
        snapshots: [...found.values()].sort((a, b) => (a.name < b.name ? 1 : a.name > b.name ? -1 : 0)),
        problems: answers.flatMap((answer) => (typeof answer === "string" ? [answer] : [])),
    };
}

/** Lines "PLACE NODE/SNAPSHOT SIZE"; what else lies in a place is somebody else's. */
export function parseList(text: string): KnownSnapshot[] {
    return text.split("\n").flatMap((line) => {
        const [place, name, size] = line.split(" ");
        const reference = readReference(`${place}:${name}`);
        return reference ? [{ ...reference, size: Number(size) }] : [];
    });
}
