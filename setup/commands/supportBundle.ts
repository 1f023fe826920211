import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import type { NodeSpec } from "../../components/inventory";
import { run } from "../../components/remote/ssh";
import { Reader } from "../../dashboard/reader";
import { writeArchive, type Entry } from "../../mirror/archive";
import { answers, command } from "../../operations/support/questions";
import { redactSettings, redactText } from "../../operations/support/redact";
import { accessOf, apiClient } from "../apiAccess";
import type { Arguments } from "../arguments";
import { machinesOf } from "../machines";
import { kubeconfigFile } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { findStack, readState, type Stack } from "../stack";

/** How long a machine may take for all of its answers, in milliseconds. */
const patience = 60_000;

/** What is put into the bundle, or why it isn't there. */
type Collected = Readonly<Record<string, string>>;

/**
 * `slipway support-bundle`: one archive with what somebody needs who is asked for help: logs, versions, states and
 * settings of this machine, every node and the API. Secrets are left out. What can't be asked is named in it.
 */
export async function supportBundle(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
    const time = new Date().toISOString().replace(/[:-]/g, "").slice(0, 15);
    const folder = `slipway-support-${name}-${time}`;
    const machines = await machinesOf(prepared);
    const [nodes, api] = await progress.phase("Asking machines and API", () =>
        Promise.all([Promise.all(machines.map(askMachine)), askApi(name)]),
    );
    const files: Collected = {
        "here.txt": here(root),
        "configuration.yaml": stringify(redactSettings(stack.config)),
        "state.txt": stateText(stack),
        ...api,
        ...Object.assign({}, ...nodes),
    };
    const entries = Object.entries(files)
        .filter(([, text]) => text !== "")
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([file, text]): Entry => {
            return { path: `${folder}/${file}`, type: "file", mode: 0o600, content: Buffer.from(redactText(text)) };
        });
    const target = path.resolve(`${folder}.tar.gz`);
    // Logs are the operator's alone until he hands them on.
    process.umask(0o077);
    await writeArchive(target, entries);
    process.stdout.write(`${target}\n`);
    const silent = Object.keys(files).filter((file) => file.endsWith("no-answer.txt"));
    silent.forEach((file) => progress.say(files[file].trim()));
    progress.say(
        `${entries.length} files. Keys, tokens and passwords are left out; names and addresses are in it: look at it ` +
            "before you hand it on.",
    );
    return 0;
}

async function askMachine({ name, ssh }: NodeSpec): Promise<Collected> {
    const mark = `=== ${randomBytes(8).toString("hex")}`;
    const below = (files: Collected) =>
        Object.fromEntries(Object.entries(files).map(([file, text]) => [`nodes/${name}/${file}`, text]));
    try {
        const { code, stdout, stderr } = await run(ssh, command(mark), { timeout: patience });
        return below({ ...answers(stdout, mark), ...(code === 0 ? {} : { "no-answer.txt": `${name}: ${stderr}\n` }) });
    } catch (error) {
        return below({ "no-answer.txt": `${name}: ${(error as Error).message}\n` });
    }
}

/** Nodes, pods, services and events as the dashboard shows them: nothing of a pod's settings is among that. */
async function askApi(stack: string): Promise<Collected> {
    const file = kubeconfigFile(stack);
    if (!fs.existsSync(file)) return { "api/no-answer.txt": "There is no kubeconfig yet.\n" };
    const client = apiClient(accessOf(fs.readFileSync(file, "utf8")));
    try {
        return { "api/cluster.yaml": stringify(await new Reader(client).cluster()) };
    } catch (error) {
        return { "api/no-answer.txt": `The API: ${(error as Error).message}\n` };
    } finally {
        client.close();
    }
}

function here(root: string): string {
    const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    const lines = {
        slipway: version,
        node: process.version,
        system: `${os.type()} ${os.release()} ${os.arch()}`,
        cpus: os.cpus().length,
        memory: `${Math.round(os.totalmem() / 2 ** 20)} MiB`,
    };
    return stringify(lines);
}

/** Which resources there are, without their inputs and outputs, which may be secret. */
function stateText(stack: Stack): string {
    const state = readState(stack);
    const lines = [
        ...(state?.resources ?? []).map(({ urn }) => urn),
        ...(state?.pending ?? []).map(({ urn }) => `pending: ${urn}`),
    ];
    return lines.map((line) => `${line}\n`).join("");
}
