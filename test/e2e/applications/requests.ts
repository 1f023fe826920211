import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Answer {
    readonly status: number;
    readonly body: string;
}

/** One request on a connection of its own, so that each chooses its pod anew. Fails after 3 s without an answer. */
export function ask(url: string, options: https.RequestOptions = {}): Promise<Answer> {
    const { request } = url.startsWith("https:") ? https : http;
    return new Promise((resolve, reject) => {
        const asked = request(url, { agent: false, timeout: 3000, ...options }, (answer) => {
            let body = "";
            answer.on("data", (chunk) => (body += chunk));
            answer.on("error", reject);
            answer.on("end", () => resolve({ status: answer.statusCode!, body }));
        });
        asked.on("timeout", () => asked.destroy(new Error(`${url} gave no answer within 3 s`)));
        asked.on("error", reject);
        asked.end();
    });
}

/** The bodies of many answers, 10 at a time. Fails with the first that isn't a good one. */
export async function askOften(url: string, times: number): Promise<string[]> {
    const bodies: string[] = [];
    let left = times;
    const one = async () => {
        while (left-- > 0) {
            const { status, body } = await ask(url);
            if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`);
            bodies.push(body);
        }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return bodies;
}

/** A user who asks without a pause, two requests at a time, until told to stop. */
export class Visitor {
    answers = 0;
    readonly failures: string[] = [];
    private stopped = false;
    private readonly visits: Promise<unknown>;

    constructor(
        private readonly url: string,
        private readonly options: https.RequestOptions = {},
    ) {
        this.visits = Promise.all([this.visit(), this.visit()]);
    }

    /** What was counted since the last time. */
    async stop(): Promise<{ answers: number; failures: string[] }> {
        this.stopped = true;
        await this.visits;
        return { answers: this.answers, failures: this.failures };
    }

    private async visit(): Promise<void> {
        while (!this.stopped) {
            try {
                const { status } = await ask(this.url, this.options);
                if (status !== 200) throw new Error(`status ${status}`);
                this.answers++;
            } catch (error) {
                this.failures.push((error as Error).message);
            }
            await sleep(10);
        }
    }
}

/** Says commands to redis at an address, in the words of its protocol, and gives the raw answers. */
export function redis(address: string, ...commands: readonly string[][]): Promise<string[]> {
    const bulk = (word: string) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    return new Promise((resolve, reject) => {
        const socket = net.connect(6379, address);
        socket.setTimeout(3000, () => socket.destroy(new Error(`redis at ${address} gave no answer within 3 s`)));
        let text = "";
        socket.on("error", reject);
        socket.on("data", (chunk) => (text += chunk));
        // QUIT ends the connection, so that everything was said by then.
        socket.on("end", () => resolve(text.split(/\r\n(?=[+\-:$])/).slice(0, commands.length)));
        for (const words of [...commands, ["QUIT"]]) socket.write(`*${words.length}\r\n${words.map(bulk).join("")}`);
    });
}
