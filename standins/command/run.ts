/** Runs one command line on a machine. */
import { StringDecoder } from "node:string_decoder";
import type { Client, ClientChannel } from "ssh2";
import type { Connection } from "./connection";
import { describe } from "./connection";
import type { Caller, Pool } from "./pool";

export interface Run {
    connection: Connection;
    command: string;
    stdin?: string;
    environment?: Record<string, string>;
    /** Called with each line as it arrives. */
    line?: (stream: "stdout" | "stderr", text: string) => void;
}

/** What a command printed, without one last newline. */
export interface Printed {
    stdout: string;
    stderr: string;
}

interface Ended extends Printed {
    /** Both, in the order of arrival. */
    both: string;
    code: number | null;
    signal?: string;
}

/** The command never started, because the login it was to use is gone. */
class NotStarted extends Error {}

/** Cuts a stream of text into lines. */
function lines(each: (line: string) => void): { add(text: string): void; end(): void } {
    let rest = "";
    return {
        add: (text) => {
            const parts = (rest + text).split("\n");
            rest = parts.pop() ?? "";
            parts.forEach(each);
        },
        end: () => {
            if (rest !== "") each(rest);
        },
    };
}

/** Starts the command and follows it to its end. */
function follow(client: Client, run: Run): Promise<Ended> {
    return new Promise((resolve, reject) => {
        // sshd drops variables that its AcceptEnv doesn't name, without telling.
        const options = run.environment ? { env: run.environment } : {};
        try {
            // Listeners are added at once: the exit status may come in the same packet as the start's confirmation.
            client.exec(run.command, options, (error, channel) =>
                error ? reject(new NotStarted(error.message)) : resolve(collect(channel, run)),
            );
        } catch (error) {
            reject(new NotStarted((error as Error).message));
        }
    });
}

function collect(channel: ClientChannel, run: Run): Promise<Ended> {
    return new Promise((resolve) => {
        const ended: Ended = { stdout: "", stderr: "", both: "", code: null };
        const listen = (name: "stdout" | "stderr", stream: NodeJS.ReadableStream) => {
            const decoder = new StringDecoder("utf8");
            const cut = lines((line) => run.line?.(name, line));
            const add = (text: string) => {
                ended[name] += text;
                ended.both += text;
                cut.add(text);
            };
            stream.on("data", (data: Buffer) => add(decoder.write(data)));
            return () => {
                add(decoder.end());
                cut.end();
            };
        };
        const ends = [listen("stdout", channel), listen("stderr", channel.stderr)];
        channel.on("exit", (code: number | null, signal?: string) => Object.assign(ended, { code, signal }));
        channel.on("error", () => undefined);
        channel.on("close", () => {
            ends.forEach((end) => end());
            resolve(ended);
        });
        channel.end(run.stdin ?? "");
    });
}

/**
 * Runs a command and gives what it printed. It fails when the command does: the message has the exit status, the
 * command and all it printed, as the genuine plugin's has (so secrets belong into stdin, and not onto the screen).
 */
export async function run(pool: Pool, run: Run, caller: Caller): Promise<Printed> {
    const once = () => pool.use(run.connection, caller, (client) => follow(client, run));
    // A shared login may have died unnoticed. A command that didn't start can be started again.
    const ended = await once().catch((error) => {
        if (error instanceof NotStarted) return once();
        throw error;
    });
    if (ended.code === 0) return { stdout: withoutNewline(ended.stdout), stderr: withoutNewline(ended.stderr) };
    const how =
        ended.code !== null
            ? `Process exited with status ${ended.code}`
            : ended.signal
              ? `Process was ended by signal ${ended.signal}`
              : `The connection to ${describe(run.connection)} was lost before the process had ended`;
    throw new Error(`${how}: running ${JSON.stringify(run.command)}:\n${ended.both}`);
}

const withoutNewline = (text: string): string => (text.endsWith("\n") ? text.slice(0, -1) : text);
