/** A cluster made by Slipway on three lab nodes. */
import * as fs from "node:fs";
import * as path from "node:path";

import { timed } from "../figures";
import { nodes, type BenchStack } from "../stack";
import { waitReady } from "./kubeadm";

export interface SlipwayTimes {
    /** `pulumi up`, to nodes Ready, CoreDNS ready and nginx answering; seconds. */
    readonly up: number;
    /** Before it: containers, their boot, and the steps contact, base and stage (see program/). */
    readonly preparation: number;
}

export async function measureSlipway(stack: BenchStack): Promise<SlipwayTimes> {
    await stack.clear();
    try {
        const before = await stack.open();
        const preparation = await timed(async () => {
            await stack.pulumi(before, "up", { cwd: path.join(__dirname, "program") });
        }).finally(() => before.close());
        // Plugins of its own, as a command has: none of their connections is open yet.
        const prepared = await stack.open();
        let said = "";
        const up = await timed(async () => {
            said = await stack.pulumi(prepared, "up");
            await waitReady(nodes[0]!, nodes.length, "/etc/kubernetes/admin.conf");
        }).finally(() => prepared.close());
        fs.writeFileSync(path.join(stack.home, "slipway.log"), said);
        if (/^ +(~|\+-|-) /m.test(said)) {
            throw new Error(`What was in place has been changed while the clock ran:\n${said}`);
        }
        return { up, preparation };
    } finally {
        await stack.clear();
    }
}
