import type { NodeSpec } from "../components/inventory";
import { kitStep } from "../components/remote/kit";
import { run } from "../components/remote/ssh";

/** How long a machine may take, in milliseconds: to ask everything that listens there, or a store what it has. */
const patience = 60_000;

/** What the node kit on one machine prints, or why it doesn't, in a sentence. Never throws. */
export async function askKit(
    { ssh }: NodeSpec,
    words: string,
): Promise<{ readonly text: string } | { readonly text?: undefined; readonly problem: string }> {
    try {
        const { code, stdout, stderr } = await run(ssh, kitStep(words), { timeout: patience });
        return code === 0 ? { text: stdout } : { problem: stderr.trim().split("\n").at(-1) ?? `status ${code}` };
    } catch (error) {
        return { problem: (error as Error).message };
    }
}
