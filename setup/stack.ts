import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { Failure } from "./failure";
import { dataFolder } from "./paths";
import { pulumiHome } from "./pulumi";
import { run } from "./run";

/** A stack as the command line names it, with what its configuration file says. */
export interface Stack {
    readonly root: string;
    readonly name: string;
    readonly project: string;
    /** The user's file: Pulumi.NAME.yaml, or what --config-file names. */
    readonly configFile: string;
    /** Its `config:` section; empty when there is no file. */
    readonly config: Readonly<Record<string, unknown>>;
    /** State is in our file backend; the user is logged in nowhere else. */
    readonly ownBackend: boolean;
}

/**
 * Finds a stack's configuration; changes nothing.
 *
 * @throws Failure when the file can't be read or isn't there (`needed`).
 */
export function findStack(root: string, options: { name: string; configFile?: string; needed: boolean }): Stack {
    const { name } = options;
    if (!/^[A-Za-z0-9_.-]{1,100}$/.test(name)) {
        throw new Failure(
            `"${name}" can't be a stack's name: it may have letters, digits, "-", "_" and ".", at most 100.`,
        );
    }
    const configFile = path.resolve(options.configFile ?? path.join(root, `Pulumi.${name}.yaml`));
    const project = readYaml(path.join(root, "Pulumi.yaml"));
    const found = fs.existsSync(configFile);
    if (!found && (options.needed || options.configFile)) {
        throw new Failure(
            `There is no ${configFile}, so nothing says what stack "${name}" is made of: write one ` +
                "(Pulumi.hex.yaml is a worked example), or name another with --config-file FILE.",
        );
    }
    const config = found ? readYaml(configFile).config : {};
    return {
        root,
        name,
        configFile,
        project: String(project.name),
        config: (config ?? {}) as Record<string, unknown>,
        ownBackend: usesOwnBackend(project),
    };
}

/** A value of the stack's configuration under the project's namespace. */
export function setting(stack: Stack, key: string): unknown {
    return stack.config[`${stack.project}:${key}`];
}

/** How many machines the configuration names, for the number of operations at once. */
export function nodeCount(stack: Stack): number {
    const nodes = setting(stack, "nodes");
    const lab = setting(stack, "lab") as { controlPlanes?: number; workers?: number } | undefined;
    const inLab = lab ? Number(lab.controlPlanes ?? 1) + Number(lab.workers ?? 2) : 0;
    return (Array.isArray(nodes) ? nodes.length : 0) + inLab;
}

/** Our file backend's folder. */
const stateFolder = (home: string) => path.join(home, "state");

/** Where the file backend keeps a stack's state, and its locks. */
export const stateFile = ({ project, name }: Stack, home = dataFolder()) =>
    path.join(stateFolder(home), ".pulumi", "stacks", project, `${name}.json`);
export const lockFolder = ({ project, name }: Stack) =>
    path.join(stateFolder(dataFolder()), ".pulumi", "locks", "organization", project, name);

/** A login, a backend in the environment or in Pulumi.yaml: the user's choice stands. */
function usesOwnBackend(project: Record<string, unknown>): boolean {
    if (process.env.PULUMI_BACKEND_URL || (project.backend as { url?: string } | undefined)?.url) return false;
    const credentials = path.join(process.env.PULUMI_CREDENTIALS_PATH || pulumiHome(), "credentials.json");
    try {
        return !(JSON.parse(fs.readFileSync(credentials, "utf8")) as { current?: string }).current;
    } catch {
        return true;
    }
}

/** The passphrase's file, where it is ours; undefined where the user decided on the backend or on the passphrase. */
export function passphraseFile(stack: Stack, home = dataFolder()): string | undefined {
    const given = process.env.PULUMI_CONFIG_PASSPHRASE !== undefined || process.env.PULUMI_CONFIG_PASSPHRASE_FILE;
    return stack.ownBackend && !given ? path.join(home, "passphrase") : undefined;
}

/** What Pulumi is told through the environment about where state and secrets are. Makes the passphrase on first use. */
export function backendEnvironment(stack: Stack, home = dataFolder()): Record<string, string> {
    if (!stack.ownBackend) return {};
    fs.mkdirSync(stateFolder(home), { recursive: true, mode: 0o700 });
    return {
        PULUMI_BACKEND_URL: `file://${stateFolder(home)}`,
        ...(passphraseFile(stack, home) ? { PULUMI_CONFIG_PASSPHRASE_FILE: ensurePassphrase(home) } : {}),
        // What encrypts a stack's secrets stands in its state; the configuration in the checkout stays as it is.
        PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    };
}

/** The passphrase's file, made on first use; only the user can read it. */
export function ensurePassphrase(folder = dataFolder()): string {
    const file = path.join(folder, "passphrase");
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
        // Complete when its name appears, and never written over: what it encrypts would be lost.
        const draft = `${file}.${process.pid}`;
        fs.writeFileSync(draft, `${crypto.randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
        try {
            fs.linkSync(draft, file);
        } finally {
            fs.rmSync(draft, { force: true });
        }
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return file;
}

/**
 * The file that Pulumi reads the configuration from. Pulumi writes the salt of a passphrase into it, which belongs to
 * this user's stack and not into the checkout: in our own backend it gets a copy. Undefined: Pulumi's default is right.
 */
export function configFileFor(stack: Stack, home = dataFolder()): string | undefined {
    if (!fs.existsSync(stack.configFile)) return undefined;
    const text = fs.readFileSync(stack.configFile, "utf8");
    const standard = path.join(stack.root, `Pulumi.${stack.name}.yaml`);
    if (!stack.ownBackend || /^(encryptionsalt|secretsprovider):/m.test(text)) {
        return stack.configFile === standard ? undefined : stack.configFile;
    }
    const folder = path.join(home, "stacks");
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const copy = path.join(folder, `${stack.name}.yaml`);
    fs.writeFileSync(copy, `# Copied by Slipway at each run from ${stack.configFile}: edit that file.\n${text}`, {
        mode: 0o600,
    });
    return copy;
}

/** Makes the stack where there is none. `env` holds the backend; `home` is where it is when it is ours. */
export async function ensureStack(
    stack: Stack,
    pulumi: string,
    env: NodeJS.ProcessEnv,
    home = dataFolder(),
): Promise<"made" | "there"> {
    if (stack.ownBackend) {
        if (fs.existsSync(stateFile(stack, home))) return "there";
        // In a folder of its own: `stack init` writes the salt beside the Pulumi.yaml that it finds.
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-stack-"));
        try {
            fs.writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${stack.project}\nruntime: nodejs\n`);
            const args = ["stack", "init", stack.name, "--no-select", "--non-interactive"];
            await run(pulumi, args, { cwd: folder, env, purpose: `Making stack ${stack.name}` });
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
        return "made";
    }
    const options = { cwd: stack.root, env };
    const known = await run(pulumi, ["stack", "ls", "--json"], { ...options, purpose: "Listing your stacks" });
    const names = (JSON.parse(known) as { name: string }[]).map(({ name }) => name.split("/").at(-1));
    if (names.includes(stack.name)) return "there";
    const args = ["stack", "init", stack.name, "--no-select", "--non-interactive"];
    await run(pulumi, args, { ...options, purpose: `Making stack ${stack.name}` });
    return "made";
}

/** A resource as the state has it; only what setup needs of it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What the state may say of other resources, by their URN. */
export interface LinkedResource extends StateResource {
    readonly parent?: string;
    readonly dependencies?: readonly string[];
    readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
    readonly deletedWith?: string;
}

/** Whether a state knows of anything but the stack itself, its providers and components. */
export const hasResources = (resources: readonly Pick<StateResource, "type">[]) =>
    resources.some(({ type }) => !/^(pulumi|slipway):/.test(type));

/**
 * What our file backend knows of a stack, read without Pulumi. Undefined: there is no such stack.
 *
 * @throws Failure when the file isn't whole.
 */
export function readState(stack: Stack): { resources: LinkedResource[]; pending: StateResource[] } | undefined {
    const file = stateFile(stack);
    if (!stack.ownBackend || !fs.existsSync(file)) return undefined;
    const { checkpoint } = readWhole(file);
    const pending = (checkpoint?.latest?.pending_operations ?? []) as { resource: StateResource }[];
    return { resources: checkpoint?.latest?.resources ?? [], pending: pending.map(({ resource }) => resource) };
}

/** A stack's state as `pulumi stack export` prints it: what is secret stays encrypted. */
export interface StateExport {
    readonly version: number;
    readonly deployment: {
        readonly resources?: readonly StateResource[];
        /** What the secrets are encrypted with, without the key itself. */
        readonly secrets_providers?: { readonly type?: string };
    };
}

/** The whole state of a stack that is there, whatever backend it is in. */
export async function exportState(at: { stack: Stack; pulumi: string; env: NodeJS.ProcessEnv }): Promise<StateExport> {
    const file = stateFile(at.stack);
    if (at.stack.ownBackend && fs.existsSync(file)) {
        // Where Pulumi would spend a second on starting.
        const { checkpoint, ...rest } = readWhole(file);
        return { ...rest, deployment: checkpoint?.latest ?? {} };
    }
    const args = ["stack", "export", "--stack", at.stack.name, "--non-interactive"];
    const text = await run(at.pulumi, args, { cwd: at.stack.root, env: at.env, purpose: "Reading the state" });
    return { deployment: {}, ...(JSON.parse(text) as Pick<StateExport, "version">) };
}

function readWhole(file: string) {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8"));
    } catch {
        throw new Failure(
            `The state ${file} can't be read, as after a power cut in the middle of a write: \`npm run up\` goes on from the ` +
                "one before it, and says what to do where that can't be read either.",
        );
    }
}

function readYaml(file: string): Record<string, unknown> {
    if (!fs.existsSync(file)) throw new Failure(`${file} is missing: is this a complete checkout of Slipway?`);
    try {
        return (parse(fs.readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
    } catch (error) {
        throw new Failure(`${file} isn't valid YAML: ${(error as Error).message}`);
    }
}
