import type { NodeSpec } from "../components/inventory";
import { run } from "../components/remote/ssh";
import { Failure } from "./failure";

/** How long one command may take on a machine, in milliseconds: a snapshot's way there, or all units' start. */
const patience = 600_000;

export interface OnAll {
    readonly command: (machine: NodeSpec) => string;
    readonly stdin?: string;
    /** What stands above the machines that failed: "The snapshot was not put back:". */
    readonly failure: string;
}

/** What stands above those that didn't even get their data back, after why all were to. */
export const notBack = (why: string): string =>
    `${why}\nThese have not gone back to what they held; where they answer again, the same command goes on:`;

/** The same on all at once; waits for each before it fails, so that none is left in the middle of something. */
export async function onAll(machines: readonly NodeSpec[], { command, stdin, failure }: OnAll): Promise<void> {
    const problems = await Promise.all(
        machines.map(async (machine) => {
            try {
                const { code, stderr } = await run(machine.ssh, command(machine), { stdin, timeout: patience });
                return code === 0 ? [] : [`  - ${machine.name}: ${stderr.trim()}`];
            } catch (error) {
                return [`  - ${machine.name}: ${(error as Error).message}`];
            }
        }),
    );
    if (problems.flat().length > 0) throw new Failure([failure, ...problems.flat()].join("\n"));
}
