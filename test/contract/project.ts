/**
 * A small Pulumi program, run by the real engine on the stand-ins, or on the genuine plugins where
 * SLIPWAY_GENUINE_PLUGINS names a folder with them.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { choosePulumi, obtainPulumi, pulumiProbes } from "../../setup/pulumi";
import { debugProviders, serveAll } from "../../standins/serve";

const run = promisify(execFile);
const root = path.resolve(__dirname, "../..");

export interface Project {
    folder: string;
    /** Runs `pulumi ARGUMENTS`; the program sees `env`. Gives all it printed; fails when it fails. */
    pulumi(args: string[], env?: NodeJS.ProcessEnv): Promise<string>;
    /** The state as it is stored. */
    state(): string;
    close(): Promise<void>;
}

/** Makes a project with a stack; `source` is its program, in JavaScript. */
export async function makeProject(source: string): Promise<Project> {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-project-"));
    const folder = path.join(home, "program");
    fs.mkdirSync(folder);
    fs.mkdirSync(path.join(home, "state"));
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), "name: contract\nruntime: nodejs\nmain: index.js\n");
    fs.writeFileSync(path.join(folder, "index.js"), source);
    fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"));
    fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const choice = await choosePulumi(pulumiProbes(async () => false));
    const engine = await obtainPulumi(choice, "", () => undefined);
    const genuine = process.env.SLIPWAY_GENUINE_PLUGINS;
    const standins = genuine ? undefined : await serveAll();
    const ends = [path.dirname(engine), genuine, process.env.PATH].filter(Boolean);
    const environment: NodeJS.ProcessEnv = {
        ...process.env,
        PATH: ends.join(":"),
        PULUMI_HOME: path.join(home, "home"),
        PULUMI_BACKEND_URL: `file://${home}/state`,
        PULUMI_CONFIG_PASSPHRASE: "contract",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        ...(standins ? { PULUMI_DEBUG_PROVIDERS: debugProviders(standins.ports) } : {}),
    };
    const project: Project = {
        folder,
        pulumi: async (args, env = {}) => {
            const options = { cwd: folder, env: { ...environment, ...env }, timeout: 120_000 };
            const done = run(engine, [...args, "--non-interactive", "--color=never"], options);
            return done.then(
                ({ stdout, stderr }) => stdout + stderr,
                ({ message, stdout, stderr }) => Promise.reject(new Error(`${message}\n${stdout}${stderr}`)),
            );
        },
        state: () => fs.readFileSync(path.join(home, "state/.pulumi/stacks/contract/test.json"), "utf8"),
        close: async () => {
            await standins?.close();
            fs.rmSync(home, { recursive: true, force: true });
        },
    };
    await project.pulumi(["stack", "init", "test"]);
    return project;
}
