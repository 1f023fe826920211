import * as fs from "node:fs";
import * as path from "node:path";
import { viewer } from "../../components/access/names";
import { keepFresh } from "../../dashboard/credential";
import { Reader } from "../../dashboard/reader";
import { serveDashboard, type Dashboard, type Sources } from "../../dashboard/server";
import { shared } from "../../dashboard/shared";
import type { DriftView, ManagedView } from "../../dashboard/views";
import type { DriftReport } from "../../operations/changes/driftReport";
import { accessOf, apiClient, operatorKubeconfig, tokenFor } from "../apiAccess";
import { appliedResources } from "../apiDrift";
import type { Arguments } from "../arguments";
import { openInBrowser } from "../browser";
import { Failure } from "../failure";
import { untilInterrupted } from "../interrupt";
import { readOutputs } from "../outputs";
import { dataFolder } from "../paths";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { findStack, type Stack, type StateResource } from "../stack";
import { commandFor } from "../texts";
import { findDrift } from "./drift";
import { headlamp } from "./headlamp";

/**
 * `slipway dashboard`: serves a page on 127.0.0.1 that shows the cluster, until Ctrl-C. What reads the cluster has a
 * token of an account that may only look, and the administrator's certificate is used for nothing but asking for it.
 */
export async function dashboard(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const port = readPort(args.values?.["--port"]);
    const stack = findStack(root, { name, configFile, needed: true });
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
    if (args.switches.includes("--headlamp")) return headlamp(args, stack, prepared, port);
    const page = await serve(await sourcesOf(stack, prepared, args), port);
    const door = path.join(dataFolder(), `dashboard-${name}.html`);
    try {
        process.stdout.write(`${page.url}\n`);
        process.stderr.write("Whoever has this address can look at the cluster until Ctrl-C ends it.\n");
        if (!args.switches.includes("--no-open")) openInBrowser(writeDoor(door, page.url));
        await untilInterrupted();
        return 0;
    } finally {
        fs.rmSync(door, { force: true });
        await page.close();
    }
}

async function serve(sources: Sources, port: number): Promise<Dashboard> {
    try {
        return await serveDashboard(sources, port);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
        throw new Failure(`Port ${port} of 127.0.0.1 is taken: name another with --port, or none.`);
    }
}

async function sourcesOf(stack: Stack, prepared: Prepared, args: Arguments): Promise<Sources> {
    const operator = async () => accessOf(await operatorKubeconfig(stack.name, async () => prepared));
    const token = keepFresh(async () => tokenFor(await operator(), viewer, commandFor("up", args)));
    // Says at once when the cluster has no such account; an API that is silent is shown on the page, and may come back.
    await token().catch((error: Error) => {
        if (error instanceof Failure) throw error;
        process.stderr.write(`${error.message}\n`);
    });
    const { server, ca, servername } = await operator();
    const reader = new Reader(apiClient({ server, ca, servername }, { token }));
    return {
        cluster: shared(1500, () => reader.cluster()),
        graphs: (range) => reader.graphs(range),
        managed: shared(30_000, () => managed(stack, prepared)),
        // Whoever asks has a reason: only questions at the same time are one.
        drift: shared(0, async () => driftView(await findDrift(stack, Promise.resolve(prepared)))),
    };
}

async function managed(stack: Stack, prepared: Prepared): Promise<ManagedView> {
    const [outputs, resources] = await Promise.all([
        readOutputs(prepared),
        appliedResources(stack, Promise.resolve(prepared)),
    ]);
    const { urls = {}, certificates = {}, nodes = [] } = outputs;
    return {
        stack: stack.name,
        endpoint: outputs.endpoint ?? "",
        versions: nodes[0]?.versions ?? {},
        certificates: Object.entries(certificates)
            .map(([name, ends]) => ({ name, ends }))
            .sort((a, b) => a.ends.localeCompare(b.ends) || a.name.localeCompare(b.name)),
        addons: deployed(resources, "slipway:addons:", urls),
        workloads: deployed(resources, "slipway:workloads:", urls),
    };
}

/** The components of a kind that the state has. */
function deployed(resources: readonly StateResource[], type: string, urls: Readonly<Record<string, string>>) {
    return resources
        .filter((one) => one.type.startsWith(type))
        .map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2))
        .sort()
        .map((name) => ({ name, ...(urls[name] && { url: urls[name] }) }));
}

/** What drifted, as the page lists it. Of a Secret only that it drifted. */
export function driftView({ nodes, cluster, unseen }: DriftReport, now = new Date()): DriftView {
    return {
        at: now.toISOString(),
        changes: [
            ...Object.entries(nodes).flatMap(([where, { changes }]) =>
                changes.map(({ what, detail }) => ({ where, what: detail ?? what })),
            ),
            ...cluster.flatMap(({ what, op, details }) => {
                if (op === "create") return [{ where: what, what: "is gone" }];
                if (what.startsWith("Secret ")) return [{ where: what, what: "was changed" }];
                return details.map((detail) => ({ where: what, what: detail }));
            }),
        ],
        unseen,
    };
}

/** @throws Failure for what is no port. */
function readPort(text: string | undefined): number {
    if (text === undefined) return 0;
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port > 0 && port < 65536) return port;
    throw new Failure(`--port can't be "${text}": it is a number from 1 to 65535.`);
}

/** A file that only this user can read and that leads to the page: an address in a command line is everybody's to see. */
function writeDoor(file: string, url: string): string {
    const text = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${url}"><title>Slipway</title>`;
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
    return file;
}
