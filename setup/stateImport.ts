import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Prepared } from "./prepare";
import { run } from "./run";
import type { StateExport } from "./stack";

/**
 * Puts a state in the place of the stack's own, at once or not at all. Pulumi checks that it holds together, decrypts
 * it, and drops the operations that are pending in it.
 */
export async function importState(
    { stack, pulumi, env }: Prepared,
    state: StateExport,
    purpose: string,
): Promise<void> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-state-"));
    try {
        const file = path.join(folder, "state.json");
        fs.writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
        const args = ["stack", "import", "--file", file, "--stack", stack.name, "--non-interactive"];
        await run(pulumi, args, { cwd: stack.root, env, purpose });
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}
