import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { kitFolder } from "../../components/remote";
import type { Fitness } from "../../components/remote/fitness";
import { preflightScript } from "../../components/remote/kit";

/** What a run of the kit said. */
export interface KitRun {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** The kit at work below a temporary folder instead of `/`: for everything that needs no systemd, apt or docker. */
export class LocalNode {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-kit-"));
    readonly mirror = path.join(this.root, "mirror");

    constructor() {
        this.write("/etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n');
        for (const folder of ["/run/systemd/system", "/var/lib", "/opt", "/usr/local/bin", "/proc/sys/net/ipv4"]) {
            fs.mkdirSync(this.at(folder), { recursive: true });
        }
        fs.mkdirSync(this.mirror);
    }

    /** Where a path of the node is on this machine. */
    at(file: string): string {
        return path.join(this.root, file);
    }

    write(file: string, text: string): void {
        fs.mkdirSync(path.dirname(this.at(file)), { recursive: true });
        fs.writeFileSync(this.at(file), text);
    }

    read(file: string): string {
        return fs.readFileSync(this.at(file), "utf8");
    }

    has(file: string): boolean {
        return fs.existsSync(this.at(file));
    }

    /** `step WORD…` with a manifest on standard input, as root: in a user namespace where this isn't root's account. */
    step(words: string, manifest = ""): KitRun {
        return this.shell([path.join(kitFolder, "step"), ...words.split(" ")], manifest);
    }

    /** What the preflight says, asked as of a machine without a kit. */
    fitness(words: readonly string[]): Fitness {
        const { code, stdout, stderr } = this.shell(["-s"], preflightScript(words));
        if (code !== 0) throw new Error(stderr);
        return JSON.parse(stdout) as Fitness;
    }

    /** The same for a step that goes on until it is stopped, or whose other end is this process: it is not waited for. */
    start(words: string): RunningStep {
        return new RunningStep(this.spawned([path.join(kitFolder, "step"), ...words.split(" ")]));
    }

    private spawned(words: readonly string[]): ChildProcessWithoutNullStreams {
        const [command, ...args] = [...this.sudo, "sh", ...words];
        return spawn(command, args, { env: this.env, detached: true });
    }

    private shell(words: readonly string[], input: string): KitRun {
        const [command, ...args] = [...this.sudo, "sh", ...words];
        const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: "utf8", env: this.env });
        return { code: status, stdout, stderr };
    }

    private readonly sudo = process.getuid?.() === 0 ? [] : ["unshare", "--map-root-user"];

    private get env(): NodeJS.ProcessEnv {
        return { ...process.env, SLIPWAY_ROOT: this.root };
    }

    /** A command for this node as the shell of this machine would run it. */
    translate(command: string): string {
        const sudo = process.getuid?.() === 0 ? "" : "unshare --map-root-user ";
        const here = command.replaceAll("/var/lib/slipway", this.at("/var/lib/slipway"));
        return `export SLIPWAY_ROOT=${this.root}; ${here.replaceAll(/\bsh (?=\/)/g, `${sudo}sh `)}`;
    }

    /** Base with an empty manifest: afterwards the node has an owner and knows its mirror. */
    welcome(words = ""): KitRun {
        return this.step(`base apply owner=hex:abc source=${this.mirror}/${words && ` ${words}`}`);
    }

    /** Every path with type, permissions and content or target. */
    tree(): string[] {
        const all = fs.readdirSync(this.root, { recursive: true, withFileTypes: true });
        return all
            .map((entry) => {
                const file = path.join(entry.parentPath, entry.name);
                const mode = (fs.lstatSync(file).mode & 0o7777).toString(8);
                const content = entry.isFile()
                    ? fs.readFileSync(file, "utf8")
                    : entry.isSymbolicLink()
                      ? fs.readlinkSync(file)
                      : "";
                return `${path.relative(this.root, file)} ${mode} ${content}`;
            })
            .sort();
    }

    dispose(): void {
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}

/** A step at work. */
export class RunningStep {
    stdout = "";
    stderr = "";
    private readonly ended: Promise<KitRun>;

    constructor(private readonly child: ChildProcessWithoutNullStreams) {
        child.stdin.end();
        child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
        this.ended = new Promise((resolve) =>
            child.once("close", (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr })),
        );
    }

    /** What it said, when it has come to its own end. */
    end(): Promise<KitRun> {
        return this.ended;
    }

    /** The ids of its processes: those of its session, which it leads. */
    processes(): string[] {
        const all = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
        return all.filter((pid) => {
            // "PID (NAME) STATE PARENT GROUP SESSION …", proc(5)
            const fields = readOrNothing(`/proc/${pid}/stat`).replace(/.*\) /s, "").split(" ");
            return fields[3] === String(this.child.pid);
        });
    }

    /** As systemd ends a unit: all of its processes. */
    async stop(): Promise<KitRun> {
        if (this.child.exitCode === null) process.kill(-this.child.pid!, "SIGTERM");
        return this.ended;
    }
}

/** A process may have ended meanwhile. */
export function readOrNothing(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
