import { EventLog } from "../../operations/changes/events";
import { report, withDrift, type PreviewReport } from "../../operations/changes/report";
import { lookAtApi } from "../apiDrift";
import type { Arguments } from "../arguments";
import { changesTable } from "../changesTable";
import { runPulumi } from "../engine";
import { openEventLog } from "../eventLog";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { looksAtApi, sayLook } from "../refresh";
import { findStack, nodeCount } from "../stack";
import { parallelism } from "./up";

/**
 * `slipway preview`: what `up` would change, as Pulumi shows it and then as a table node × what changes.
 * Makes no stack, no engine, no mirror; the cache may get Pulumi itself.
 *
 * With --json the table's content is all that stands on stdout. Ends with Pulumi's exit status.
 */
export async function preview(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, rest } = args;
    const json = args.switches.includes("--json");
    const stack = findStack(root, { name, configFile, needed: true });
    const preparing = prepare({ stack: name, configFile, root, progress, purpose: "preview" });
    const looking = looksAtApi(rest) ? lookAtApi(stack, preparing) : undefined;
    const prepared = await preparing;
    try {
        const { pulumi } = prepared;
        const config = prepared.configFile ? ["--config-file", prepared.configFile] : [];
        const parallel = ["--parallel", String(parallelism(nodeCount(stack)))];
        const words = ["preview", "--stack", name, "--suppress-outputs", ...config, ...parallel, ...rest];
        // Pulumi's own JSON, or a log for somebody else: nothing is added to that.
        if (rest.some((word) => /^(-j|--json|--event-log)(=|$)/.test(word))) {
            return await runPulumi(pulumi, words, { cwd: root, env: prepared.env });
        }
        const log = new EventLog();
        const pipe = openEventLog((line) => log.take(line));
        // Pulumi knows --event-log only where its commands for debugging are switched on.
        const env = { ...prepared.env, PULUMI_DEBUG_COMMANDS: "true" };
        const options = { cwd: root, env, output: json ? process.stderr : process.stdout };
        const status = await runPulumi(pulumi, [...words, "--event-log", pipe.path], options).finally(() =>
            pipe.close(),
        );
        const look = (await looking) ?? { drift: [] };
        sayLook(look, progress);
        if (!log.complete) return status;
        const changes = withDrift(report(log), look.drift);
        process.stdout.write(json ? `${JSON.stringify(changes, null, 2)}\n` : shown(changes));
        return status;
    } finally {
        await prepared.close();
    }
}

function shown(changes: PreviewReport): string {
    const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
    return `\n${changesTable(changes, color)}\n`;
}
