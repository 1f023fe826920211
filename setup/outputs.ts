import * as fs from "node:fs";
import * as path from "node:path";
import { Failure } from "./failure";
import { dataFolder } from "./paths";
import type { Prepared } from "./prepare";
import { run } from "./run";

/** The stack's outputs, as index.ts gives them. */
export interface Outputs {
    readonly kubeconfig?: string;
    readonly endpoint?: string;
    readonly nodes?: readonly {
        readonly name: string;
        readonly address: string;
        readonly roles: readonly string[];
        readonly versions: Readonly<Record<string, string>>;
    }[];
    readonly urls?: Readonly<Record<string, string>>;
    /** ISO times of expiry. */
    readonly certificates?: Readonly<Record<string, string>>;
}

/** Reads the outputs, the kubeconfig in clear. */
export async function readOutputs({ pulumi, stack, env }: Prepared): Promise<Outputs> {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", stack.name, "--non-interactive"];
    return JSON.parse(await run(pulumi, args, { cwd: stack.root, env, purpose: "Reading the outputs" })) as Outputs;
}

/** The kubeconfig of a stack that is up. */
export function kubeconfigOf(outputs: Outputs, stack: string): string {
    if (outputs.kubeconfig) return outputs.kubeconfig.replace(/\n*$/, "\n");
    throw new Failure(`Stack ${stack} has no kubeconfig yet: run \`npm run up\` until it succeeds.`);
}

/** Where `up` leaves the kubeconfig. */
export const kubeconfigFile = (stack: string) => path.join(dataFolder(), `kubeconfig-${stack}`);

/** Writes it so that at no time anybody else can read it. */
export function writeKubeconfig(stack: string, text: string): string {
    const file = kubeconfigFile(stack);
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, text, { mode: 0o600 });
    fs.renameSync(draft, file);
    return file;
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
    return rows
        .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd())
        .join("\n");
}
