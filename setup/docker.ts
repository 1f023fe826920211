import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { Failure } from "./failure";
import { dataFolder } from "./paths";
import { isSame, processStart } from "./processes";
import type { Report } from "./progress";
import { attempt, run, which } from "./run";

/** A Docker engine that answers. */
export interface DockerEngine {
    /** As in DOCKER_HOST: "unix:///var/run/docker.sock". */
    readonly host: string;
    readonly version: string;
}

export type DockerChoice =
    | { readonly how: "found"; readonly engine: DockerEngine }
    | { readonly how: "start" | "install" }
    | { readonly how: "missing"; readonly problem: string };

/** What the choice depends on; faked by tests. */
export interface DockerProbes {
    /** Where an engine may be, in order; `denied`: there is one, and this user may not talk to it. */
    candidates(): Promise<readonly string[]>;
    answers(host: string): Promise<{ version?: string; denied?: boolean }>;
    readonly chosenByUser: boolean;
    readonly root: boolean;
    readonly platform: NodeJS.Platform;
    has(program: string): boolean;
}

/** An engine that runs; else one that can be started or installed; else the sentence that says what to do. */
export async function chooseDocker(probes: DockerProbes): Promise<DockerChoice> {
    const candidates = await probes.candidates();
    let denied: string | undefined;
    for (const host of candidates) {
        const answer = await probes.answers(host);
        if (answer.version !== undefined) return { how: "found", engine: { host, version: answer.version } };
        if (answer.denied) denied ??= host;
    }
    const missing = (problem: string): DockerChoice => ({ how: "missing", problem });
    if (denied) {
        return missing(
            `This user may not use the Docker engine at ${denied}: run \`sudo usermod -aG docker $USER\` and log in ` +
                "again, or run this as root.",
        );
    }
    if (probes.chosenByUser) {
        return missing(
            `The Docker engine at ${candidates[0]} (from DOCKER_HOST or Docker's current context) doesn't answer: ` +
                "start it, or point DOCKER_HOST at one that runs.",
        );
    }
    const install =
        "The lab's nodes are containers, and no Docker engine answers on this machine: install one " +
        "(https://docs.docker.com/engine/install/), start it, and try again.";
    if (probes.platform !== "linux") return missing(install);
    if (!probes.root) return missing(`${install} As root on Debian or Ubuntu, Slipway installs it for you.`);
    if (probes.has("dockerd")) return { how: "start" };
    return probes.has("apt-get") ? { how: "install" } : missing(install);
}

/** In words, for the screen. */
export function describeDocker(choice: DockerChoice): string {
    switch (choice.how) {
        case "found":
            return `Docker ${choice.engine.version} at ${choice.engine.host}`;
        case "start":
            return "installed, to be started";
        case "install":
            return "to be installed (the distribution's docker.io) and started";
        case "missing":
            return choice.problem;
    }
}

export function dockerProbes(): DockerProbes {
    const chosen = process.env.DOCKER_HOST;
    const context = process.env.DOCKER_CONTEXT ?? currentContext();
    return {
        chosenByUser: Boolean(chosen || context),
        root: process.getuid?.() === 0,
        platform: process.platform,
        has: (program) => which(program) !== undefined || fs.existsSync(path.join("/usr/sbin", program)),
        candidates: async () => {
            if (chosen) return [chosen];
            if (context) return [await contextHost(context)];
            const home = os.homedir();
            const runtime = process.env.XDG_RUNTIME_DIR;
            return [
                "/var/run/docker.sock",
                ...(runtime ? [path.join(runtime, "docker.sock")] : []),
                path.join(home, ".docker", "run", "docker.sock"),
                path.join(home, ".colima", "default", "docker.sock"),
                path.join(home, ".orbstack", "run", "docker.sock"),
            ].map((socket) => `unix://${socket}`);
        },
        answers: askVersion,
    };
}

/** Carries a choice out and returns the engine. */
export async function obtainDocker(choice: DockerChoice, report: Report): Promise<DockerEngine> {
    switch (choice.how) {
        case "found":
            report(describeDocker(choice));
            return choice.engine;
        case "missing":
            throw new Failure(choice.problem);
        case "install":
            await install(report);
            return start(report);
        case "start":
            return start(report);
    }
}

/** How a daemon is started by hand; the defaults are the machine's own engine, tests have another beside it. */
export interface DaemonOptions {
    readonly socket: string;
    readonly arguments: readonly string[];
    /** Where its log and pid file go. */
    readonly folder: string;
    /** Milliseconds until it must answer. */
    readonly patience: number;
}

const ownDaemon = (): DaemonOptions => ({
    socket: "/var/run/docker.sock",
    arguments: [],
    folder: dataFolder(),
    patience: 60_000,
});

async function install(report: Report): Promise<void> {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (args: string[], purpose: string) => run("apt-get", args, { env, onLine: report, purpose });
    report("reading the distribution's package lists");
    await apt(["update", "-q"], "Reading the package lists");
    report("installing docker.io");
    await apt(["install", "-y", "-q", "docker.io"], "Installing docker.io");
}

async function start(report: Report): Promise<DockerEngine> {
    const { socket, patience } = ownDaemon();
    // The package may have started it already.
    const running = await waitFor(socket, 1000);
    if (running) return running;
    report("starting the Docker engine");
    if (fs.existsSync("/run/systemd/system")) {
        await run("systemctl", ["start", "docker"], { purpose: "Starting the Docker engine" });
        const engine = await waitFor(socket, patience);
        if (engine) return engine;
        throw new Failure(
            `docker.service was started, but ${socket} doesn't answer: see \`journalctl -u docker\`, then try again.`,
        );
    }
    return startByHand(ownDaemon(), report);
}

/** Starts dockerd in the background, where no init system would, so that it outlives this process. */
export async function startByHand(options: DaemonOptions, report: Report): Promise<DockerEngine> {
    fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const log = path.join(options.folder, "dockerd.log");
    const output = fs.openSync(log, "a", 0o600);
    // It doesn't belong to this run: the mark by which a run's left-over processes are found isn't handed on.
    const env = { ...process.env };
    delete env.SLIPWAY_RUN;
    const child = spawn("dockerd", options.arguments, { detached: true, stdio: ["ignore", output, output], env });
    fs.closeSync(output);
    const failed = new Promise<undefined>((resolve) => {
        child.on("error", () => resolve(undefined));
        child.on("exit", () => resolve(undefined));
    });
    if (child.pid !== undefined) {
        const pid = { pid: child.pid, started: processStart(child.pid) };
        fs.writeFileSync(path.join(options.folder, "dockerd.json"), JSON.stringify(pid), { mode: 0o600 });
    }
    const engine = await Promise.race([waitFor(options.socket, options.patience), failed]);
    child.removeAllListeners();
    child.unref();
    if (!engine) {
        await stopOwnDaemon(options);
        const lines = fs.readFileSync(log, "utf8").trim().split("\n").slice(-8).join("\n");
        throw new Failure(`The Docker engine was started by hand and doesn't answer. The end of ${log}:\n${lines}`);
    }
    report(`started Docker ${engine.version} (log: ${log})`);
    return engine;
}

/** Stops the dockerd that we started by hand, unless a container runs on it that isn't ours to stop. */
export async function stopOwnDaemon(options: DaemonOptions = ownDaemon()): Promise<"none" | "in use" | "stopped"> {
    const file = path.join(options.folder, "dockerd.json");
    if (!fs.existsSync(file)) return "none";
    const own = JSON.parse(fs.readFileSync(file, "utf8")) as { pid: number; started: string };
    if (isSame(own)) {
        const list = await askEngine(`unix://${options.socket}`, "/containers/json");
        if (list.status === 200 && (JSON.parse(list.body) as unknown[]).length > 0) return "in use";
        process.kill(own.pid, "SIGTERM");
        for (let i = 0; i < 150 && isSame(own); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    fs.rmSync(file, { force: true });
    return "stopped";
}

async function waitFor(socket: string, patience: number): Promise<DockerEngine | undefined> {
    const host = `unix://${socket}`;
    const end = Date.now() + patience;
    for (;;) {
        const { version } = await askVersion(host);
        if (version !== undefined) return { host, version };
        if (Date.now() > end) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}

async function askVersion(host: string): Promise<{ version?: string; denied?: boolean }> {
    if (!/^(unix|tcp):/.test(host) || process.env.DOCKER_TLS_VERIFY) {
        // ssh:// and TLS are the client's business.
        const env = { ...process.env, DOCKER_HOST: host };
        const args = ["version", "--format", "{{.Server.Version}}"];
        const { status, stdout } = await attempt("docker", args, { env, timeout: 10_000 });
        return status === 0 ? { version: stdout.trim() } : {};
    }
    const { status, body, error } = await askEngine(host, "/version");
    if (status === 200) return { version: (JSON.parse(body) as { Version: string }).Version };
    return { denied: error === "EACCES" || error === "EPERM" };
}

/** Asks a local engine, or one on a plain TCP port. */
export function askEngine(host: string, target: string): Promise<{ status: number; body: string; error?: string }> {
    const url = new URL(host);
    const where =
        url.protocol === "unix:"
            ? { socketPath: decodeURIComponent(url.pathname) }
            : { host: url.hostname, port: url.port || 2375 };
    return new Promise((resolve) => {
        const asked = http.get({ ...where, path: target, timeout: 5000 }, (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (text: string) => (body += text));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        });
        asked.on("timeout", () => asked.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
        asked.on("error", (error: NodeJS.ErrnoException) => resolve({ status: 0, body: "", error: error.code }));
    });
}

/** The context that `docker context use` chose, if it isn't the default one. */
function currentContext(): string | undefined {
    const folder = process.env.DOCKER_CONFIG ?? path.join(os.homedir(), ".docker");
    try {
        const { currentContext: name } = JSON.parse(fs.readFileSync(path.join(folder, "config.json"), "utf8"));
        return name && name !== "default" ? String(name) : undefined;
    } catch {
        return undefined;
    }
}

async function contextHost(name: string): Promise<string> {
    const format = "{{.Endpoints.docker.Host}}";
    const { status, stdout } = await attempt("docker", ["context", "inspect", name, "--format", format]);
    if (status === 0 && stdout.trim() !== "") return stdout.trim();
    throw new Failure(`Docker's current context "${name}" can't be read: choose another with \`docker context use\`.`);
}
