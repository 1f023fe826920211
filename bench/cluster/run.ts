/**
 * Slipway beside kubeadm's script, alternating, on the same kind of lab nodes with the same binaries and images: how
 * long it takes from "docker, binaries and images are in place" to "nodes Ready, CoreDNS ready, nginx answers".
 */
import * as fs from "node:fs";
import * as path from "node:path";

import { defaultVersions } from "../../mirror/catalogue";
import { cacheFolder, mirrorFolder } from "../../setup";
import { median, seconds, spread, table } from "../figures";
import { BenchStack, nodes } from "../stack";
import { fillKubeadm } from "./images";
import { measureKubeadm, type Order } from "./kubeadm";
import { measureSlipway } from "./slipway";

const orders: readonly Order[] = ["together", "in-turn"];
const mirrorRoot = path.join(cacheFolder(), "mirror");

export async function cluster(runs: number): Promise<string> {
    const stack = new BenchStack({ "my-nginx": { replicas: 1 } });
    const times: Record<"up" | "preparation" | Order, number[]> = {
        up: [],
        preparation: [],
        together: [],
        "in-turn": [],
    };
    const note = (what: string, time: number) => console.error(`${new Date().toISOString()} ${what}: ${seconds(time)}`);
    try {
        const mirror = await nodesMirror(stack);
        const kubeadmMirror = "bench-kubeadm";
        await fillKubeadm(path.join(mirrorRoot, kubeadmMirror), mirror, defaultVersions, (line) => console.error(line));
        const work = path.join(stack.home, "kubeadm");
        fs.mkdirSync(work, { recursive: true });
        for (let i = 0; i < runs; i++) {
            const { up, preparation } = await measureSlipway(stack);
            times.up.push(up);
            times.preparation.push(preparation);
            note("slipway", up);
            for (const order of orders) {
                const names = { mirrorRoot, mirror: path.basename(mirror), kubeadmMirror };
                const time = await measureKubeadm({
                    order,
                    count: nodes.length,
                    versions: defaultVersions,
                    work,
                    ...names,
                });
                times[order].push(time);
                note(`kubeadm, joins ${order}`, time);
            }
        }
    } finally {
        await stack.remove();
    }
    const ratio = (order: Order) => (median(times.up) / median(times[order])).toFixed(2);
    const row = (what: string, values: number[], compared: string) => [what, ...spread(values), compared];
    return table([
        ["", "median", "least", "most", "Slipway's median ÷ this"],
        row("Slipway", times.up, ""),
        row("kubeadm, the workers join one after the other", times["in-turn"], ratio("in-turn")),
        row("kubeadm, the workers join at the same time", times.together, ratio("together")),
        row("before Slipway's clock: containers, contact, base, stage", times.preparation, ""),
    ]);
}

/** The mirror that the stack's nodes use. */
async function nodesMirror(stack: BenchStack): Promise<string> {
    const prepared = await stack.open();
    await prepared.close();
    return mirrorFolder(prepared.stack.name);
}
