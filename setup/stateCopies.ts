import type { Settings } from "../components/config/schema";
import { controlPlanes, type NodeSpec } from "../components/inventory";
import { kitStep } from "../components/remote/kit";
import { run } from "../components/remote/ssh";
import { nodeNames, parseLab } from "../lab/config";
import { machinesOf } from "./machines";
import type { Prepared } from "./prepare";
import { exportState } from "./stack";
import { keep, readRecord } from "./stackRecord";
import { digestOf, packCopy, passphraseIn, sealed, unfit, unpackCopy, type StateCopy } from "./stateCopy";

/** For a node, in milliseconds: a large fleet's state is megabytes, and some links are slow. */
const patience = 20_000;

/**
 * Leaves a copy of the state, encrypted as it is, on each control plane that hasn't this one yet: who loses the state
 * gets it back by `slipway adopt`. Never fails; what doesn't work out is one line.
 */
export async function keepCopies(prepared: Prepared, settings: Settings, say: (line: string) => void): Promise<void> {
    const { stack } = prepared;
    try {
        const state = await exportState(prepared);
        const digest = digestOf(state);
        const { copies = {}, source } = readRecord(stack.name);
        const behind = controlPlaneNames(settings).filter((name) => copies[name] !== digest);
        if (behind.length === 0) return;
        const reason = unfit(state, prepared.env);
        if (reason) return say(`The control planes get no copy of the state: ${reason}.`);
        const about = { stack: stack.name, project: stack.project, time: new Date().toISOString(), source };
        const text = packCopy(sealed({ ...state, ...about }, passphraseIn(prepared.env)));
        const nodes = (await machinesOf(prepared)).filter(({ name }) => behind.includes(name));
        const problems = await Promise.all(nodes.map((node) => leave(node, text)));
        const kept = nodes.filter((_, index) => problems[index] === undefined).map(({ name }) => [name, digest]);
        keep(stack.name, { copies: { ...copies, ...Object.fromEntries(kept) } });
        const failed = problems.filter((problem) => problem !== undefined);
        if (failed.length > 0) say(`No new copy of the state, the next \`up\` tries again: ${failed.join("; ")}.`);
    } catch (error) {
        say(`The control planes got no copy of the state: ${(error as Error).message}`);
    }
}

/** Returns why it didn't work. */
async function leave({ name, ssh }: NodeSpec, text: string): Promise<string | undefined> {
    try {
        const { code, stderr } = await run(ssh, kitStep("keep-state"), { stdin: text, timeout: patience });
        return code === 0 ? undefined : `${name}: ${lastLine(stderr)}`;
    } catch (error) {
        return `${name}: ${(error as Error).message}`;
    }
}

/** What a control plane answered. */
export interface FoundCopy {
    readonly node: string;
    /** `CLUSTER:FINGERPRINT` of the cluster it belongs to. */
    readonly owner?: string;
    readonly copy?: StateCopy;
    /** Why there is no copy. */
    readonly problem?: string;
}

/** Those that are worth a try. */
export const livingControlPlanes = (nodes: readonly NodeSpec[]) => controlPlanes(nodes).filter(({ lost }) => !lost);

/** Asks every control plane at once for its copy. */
export async function fetchCopies(nodes: readonly NodeSpec[]): Promise<FoundCopy[]> {
    return Promise.all(
        livingControlPlanes(nodes).map(async ({ name: node, ssh }) => {
            try {
                const { code, stdout, stderr } = await run(ssh, kitStep("give-state"), { timeout: patience });
                if (code !== 0) return { node, problem: lastLine(stderr) };
                const [owner, text = ""] = stdout.split("\n");
                return { node, owner, copy: unpackCopy(text) };
            } catch (error) {
                return { node, problem: (error as Error).message };
            }
        }),
    );
}

/** Of the configuration; what isn't asked over SSH needs no private key. */
function controlPlaneNames({ lab, nodes }: Settings): string[] {
    if (lab !== undefined) {
        const config = parseLab(lab);
        return nodeNames(config).slice(0, config.controlPlanes);
    }
    return nodes.filter(({ roles, lost }) => roles.includes("control-plane") && !lost).map(({ name }) => name);
}

const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";
