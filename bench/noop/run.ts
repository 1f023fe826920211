/** A no-op `up` and preview of a cluster of three nodes, beside those of a trivial program with the same plugins. */
import * as fs from "node:fs";
import * as path from "node:path";

import { loadKeys, labFolder } from "../../lab/facts";
import type { Prepared } from "../../setup";
import { median, seconds, spread, table, timed } from "../figures";
import { root, run, type BenchStack } from "../stack";
import type { Surroundings } from "./program";

const unchanged = { args: ["--expect-no-changes"] };

/** @param stack is up. */
export async function noop(stack: BenchStack, runs: number): Promise<string> {
    const prepared = await stack.open();
    const command: number[] = [];
    const rows = {
        up: [] as number[],
        preview: [] as number[],
        trivialUp: [] as number[],
        trivialPreview: [] as number[],
    };
    try {
        const trivial = await Trivial.make(stack, prepared);
        for (let i = 0; i < runs; i++) {
            rows.up.push(await timed(() => stack.pulumi(prepared, "up", unchanged)));
            rows.trivialUp.push(
                await timed(() => trivial.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")),
            );
            rows.preview.push(await timed(() => stack.pulumi(prepared, "preview", unchanged)));
            rows.trivialPreview.push(await timed(() => trivial.pulumi("preview", "--expect-no-changes")));
        }
        await trivial.pulumi("destroy", "--yes", "--skip-preview");
    } finally {
        await prepared.close();
    }
    for (let i = 0; i < runs; i++) command.push(await timed(() => stack.slipway("up")));
    const row = (what: string, values: number[], trivial?: number[]) => [
        what,
        ...spread(values),
        trivial ? seconds(median(values) - median(trivial)) : "",
    ];
    return table([
        ["nothing changed", "median", "least", "most", "more than the trivial program"],
        row("`pulumi up`", rows.up, rows.trivialUp),
        row("`pulumi up`, trivial program", rows.trivialUp),
        row("`pulumi preview`", rows.preview, rows.trivialPreview),
        row("`pulumi preview`, trivial program", rows.trivialPreview),
        row("`slipway up`, the whole command", command),
    ]);
}

/** The trivial program as a project of its own, on the same backend, engine and plugins. */
class Trivial {
    private constructor(
        private readonly folder: string,
        private readonly prepared: Prepared,
        private readonly surroundings: string,
    ) {}

    static async make(stack: BenchStack, prepared: Prepared): Promise<Trivial> {
        const folder = path.join(stack.home, "trivial");
        fs.rmSync(folder, { recursive: true, force: true });
        fs.mkdirSync(folder);
        fs.writeFileSync(
            path.join(folder, "Pulumi.yaml"),
            `name: trivial\nmain: ${path.join(root, "bench/noop/program/index.ts")}\n` +
                "runtime: { name: nodejs, options: { typescript: false, nodeargs: --require tsx/cjs } }\n",
        );
        fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"));
        fs.symlinkSync(fs.realpathSync(path.join(root, "node_modules")), path.join(folder, "node_modules"));
        const { user, host } = loadKeys(labFolder(stack.home, "bench"));
        const surroundings: Surroundings = {
            kubeconfig: fs.readFileSync(stack.kubeconfig, "utf8"),
            node: { host: "127.0.0.1", port: 2251, user: "slipway", privateKey: user.private, hostKey: host.public },
        };
        const file = path.join(folder, "surroundings.json");
        fs.writeFileSync(file, JSON.stringify(surroundings), { mode: 0o600 });
        const trivial = new Trivial(folder, prepared, file);
        await trivial.pulumi("stack", "init");
        await trivial.pulumi("up", "--yes", "--skip-preview");
        return trivial;
    }

    pulumi(command: string, ...args: string[]): Promise<string> {
        const env = { ...this.prepared.env, SURROUNDINGS: this.surroundings };
        const { pulumi } = this.prepared;
        const words = command === "stack" ? ["stack", ...args, "trivial"] : [command, ...args, "--stack", "trivial"];
        return run(pulumi, [...words, "--non-interactive"], { cwd: this.folder, env });
    }
}
