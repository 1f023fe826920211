import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { SecretFilter } from "../operations/support/redact";

export interface EngineOptions {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    /** Whether Pulumi talks to the terminal itself. Default: there is one. */
    readonly terminal?: boolean;
    /** Where Pulumi's stdout goes. Default: ours. */
    readonly output?: NodeJS.WriteStream;
}

/** What `runPulumi` returns after an interrupt, whatever Pulumi ended with. */
export const interruptedStatus = 130;

let running = 0;

/** Whether Pulumi runs now, and so interrupts are its business. */
export const pulumiRuns = () => running > 0;

/** How long Pulumi gets to say that it heard Ctrl-C, in milliseconds, before it is told again by us. */
const hearing = 1000;

/**
 * Runs Pulumi with its output as it comes, and returns its exit status.
 *
 * An interrupt must reach Pulumi exactly once: at the first it comes to an orderly end, at the second it drops
 * everything. From a terminal it gets Ctrl-C by itself, as all of the foreground does. Elsewhere the signal may have
 * been sent to this process alone (npm hands it on so) or to all: then it is handed on unless Pulumi says it heard it.
 */
export function runPulumi(pulumi: string, args: readonly string[], options: EngineOptions): Promise<number> {
    // Pulumi's own log at a high verbosity has every key in clear. It goes through us, and never into files.
    const loud = args.some((word) => /^(-v|--verbose)(=|\d|$)/.test(word));
    const terminal = !loud && (options.terminal ?? (process.stdin.isTTY === true && process.stdout.isTTY === true));
    const { output = process.stdout } = options;
    const toUs = loud && !args.some((word) => word.startsWith("--logtostderr")) ? ["--logtostderr"] : [];
    const child = spawn(pulumi, [...args, ...toUs], {
        cwd: options.cwd,
        env: options.env,
        stdio: terminal ? ["inherit", output, "inherit"] : ["ignore", "pipe", "pipe"],
    });
    let heard = false;
    const pass = (from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream) => {
        const filter = new SecretFilter();
        const decoder = new StringDecoder("utf8");
        from?.on("data", (chunk: Buffer) => {
            if (!heard && chunk.includes("^C received")) heard = true;
            to.write(loud ? filter.add(decoder.write(chunk)) : chunk);
        });
        if (loud) from?.on("end", () => to.write(filter.add(decoder.end()) + filter.end()));
    };
    pass(child.stdout, output);
    pass(child.stderr, process.stderr);

    running++;
    let told = false;
    let stopped = false;
    const tell = () => {
        if (heard || told) return;
        told = true;
        child.kill("SIGINT");
    };
    const interrupted = () => {
        stopped = true;
        if (!terminal) setTimeout(tell, hearing).unref();
    };
    const terminated = () => {
        stopped = true;
        heard = heard || terminal;
        if (terminal) child.kill("SIGINT");
        else tell();
    };
    process.on("SIGINT", interrupted);
    process.on("SIGTERM", terminated);
    process.on("SIGHUP", terminated);
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => {
            running--;
            process.off("SIGINT", interrupted);
            process.off("SIGTERM", terminated);
            process.off("SIGHUP", terminated);
            resolve(stopped ? interruptedStatus : (code ?? (signal === "SIGINT" ? interruptedStatus : 137)));
        });
    });
}
