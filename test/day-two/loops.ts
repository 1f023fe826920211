import * as fs from "node:fs";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

import { accessOf } from "../../setup/apiAccess";
import { docker } from "../e2e/harness";

/** What a loop has seen. */
export interface Seen {
    readonly asked: number;
    /** Times without an answer, each from the first failed request to the next good one. */
    readonly gaps: readonly { readonly milliseconds: number; readonly reasons: readonly string[] }[];
    /** Answers that say that somebody isn't trusted: none of these is an outage. */
    readonly refusals: readonly string[];
}

/** A server that stops, is gone or begins: what any client has to live with while it restarts. */
const restarting = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|ETIMEDOUT|aborted|timeout|disconnected|^5\d\d$/;

/** Asks the API some ten times a second, over a new connection each time, with the kubeconfig that is there then. */
export function askApi(kubeconfig: string): { end(): Promise<Seen> } {
    let asking = true;
    let asked = 0;
    const gaps: { milliseconds: number; reasons: string[] }[] = [];
    const refusals: string[] = [];
    const loop = async () => {
        let since: number | undefined;
        while (asking) {
            const problem = await askOnce(kubeconfig);
            asked += 1;
            if (problem === undefined) {
                if (since !== undefined) gaps.at(-1)!.milliseconds = performance.now() - since;
                since = undefined;
            } else if (!restarting.test(problem)) {
                refusals.push(problem);
            } else {
                if (since === undefined) gaps.push({ milliseconds: 0, reasons: [] });
                since ??= performance.now();
                gaps.at(-1)!.reasons.push(problem);
            }
            await sleep(100);
        }
        if (since !== undefined) refusals.push("the API didn't answer in the end");
    };
    const ended = loop();
    return {
        end: async () => {
            asking = false;
            await ended;
            return { asked, gaps, refusals };
        },
    };
}

/** Why there was no answer; undefined: there was one. */
function askOnce(kubeconfig: string): Promise<string | undefined> {
    const { server, ca, servername, cert, key } = accessOf(fs.readFileSync(kubeconfig, "utf8"));
    return new Promise((resolve) => {
        const agent = new https.Agent({ ca, servername, cert, key, keepAlive: false });
        const request = https.get(`${server}/api/v1/namespaces/default`, { agent, timeout: 3000 }, (response) => {
            response.resume();
            response.on("end", () => resolve(response.statusCode === 200 ? undefined : String(response.statusCode)));
            response.on("error", (error) => resolve(error.message));
        });
        request.on("timeout", () => request.destroy(new Error("timeout")));
        request.on("error", (error: NodeJS.ErrnoException) => resolve(`${error.code ?? ""} ${error.message}`));
    });
}

/** Asks a Service from a node, some ten times a second; `end` gives how often, and each failure as curl says it. */
export async function askService(
    node: string,
    url: string,
): Promise<{ end(): Promise<{ asked: number; failures: string }> }> {
    const ask = `while [ -e /run/asking ]; do curl -sSf -o /dev/null --max-time 5 ${url} 2>>/run/failures; echo >>/run/asked; sleep 0.1; done`;
    await docker("exec", node, "sh", "-c", "touch /run/asking; rm -f /run/failures /run/asked");
    await docker("exec", "-d", node, "sh", "-c", ask);
    return {
        end: async () => {
            const read = "rm /run/asking; sleep 1; wc -l </run/asked; cat /run/failures";
            const [count, ...failures] = (await docker("exec", node, "sh", "-c", read)).stdout.split("\n");
            return { asked: Number(count), failures: failures.join("\n").trim() };
        },
    };
}
