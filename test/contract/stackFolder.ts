/** A stack of a small program in a folder of its own, for the commands of setup: own state, passphrase, configuration. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { prepare, type Prepared } from "../../setup/prepare";
import { Progress } from "../../setup/progress";
import { run } from "../../setup/run";
import { configFileFor, ensureStack } from "../../setup/stack";
import { keep } from "../../setup/stackRecord";

const checkout = path.resolve(__dirname, "../..");

/** Says nothing. */
export const quiet = new Progress({ stream: fs.createWriteStream("/dev/null"), live: false });

export class StackFolder {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-folder-"));
    readonly home = path.join(this.root, "home");
    readonly name = "hex";
    prepared!: Prepared;
    private readonly saved = { ...process.env };

    /** `program` is JavaScript. */
    constructor(program: string) {
        for (const name of Object.keys(process.env)) if (name.startsWith("PULUMI_")) delete process.env[name];
        Object.assign(process.env, { SLIPWAY_HOME: this.home, PULUMI_HOME: path.join(this.root, "pulumi") });
        fs.mkdirSync(this.home, { mode: 0o700 });
        this.write("Pulumi.yaml", "name: slipway\nruntime: nodejs\nmain: index.js\n");
        this.write("index.js", program);
        this.write("package.json", fs.readFileSync(path.join(checkout, "package.json"), "utf8"));
        for (const name of ["node_modules", "standins"]) fs.symlinkSync(path.join(checkout, name), this.at(name));
    }

    at(name: string): string {
        return path.join(this.root, name);
    }

    write(name: string, text: string): void {
        fs.writeFileSync(this.at(name), text, { mode: 0o600 });
    }

    /** The keys below `slipway:`. */
    configure(keys: Record<string, unknown>): void {
        const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`slipway:${key}`, value]));
        this.write(`Pulumi.${this.name}.yaml`, JSON.stringify({ config }));
    }

    /** Makes the stack. */
    async open(): Promise<void> {
        const plugins = { command: "stand-in", docker: "stand-in", kubernetes: "stand-in", tls: "stand-in" } as const;
        keep(this.name, { source: "build", plugins });
        await this.prepare();
        await ensureStack(this.prepared.stack, this.prepared.pulumi, this.prepared.env);
    }

    /** Anew, where backend or passphrase have changed. */
    async prepare(): Promise<void> {
        await this.prepared?.close();
        this.prepared = await prepare({ stack: this.name, root: this.root, purpose: "operate", progress: quiet });
    }

    /** Runs Pulumi on the stack and returns its stdout; fails when it fails. */
    pulumi(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
        const { stack, pulumi, env: own } = this.prepared;
        const configFile = configFileFor(stack);
        const file = words[0] !== "stack" && configFile ? ["--config-file", configFile] : [];
        const all = [...words, ...file, "--stack", this.name, "--non-interactive"];
        return run(pulumi, all, { cwd: this.root, env: { ...own, ...env } });
    }

    async close(): Promise<void> {
        await this.prepared?.close();
        process.env = this.saved;
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}
