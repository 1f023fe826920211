import { run } from "../components/remote/ssh";
import { machinesOf } from "./machines";
import type { Prepared } from "./prepare";
import type { Progress } from "./progress";
import { checkSettings } from "./settings";

/** How long deleting the volumes of one machine may take, in milliseconds. */
const limit = 300_000;

/**
 * Deletes the volumes that the add-on local-path has made on a stack's machines, once the cluster is gone. Its folders
 * are called pvc-…; anything else below its path stays, and so does a path that isn't empty then. A machine where that
 * fails is named, and holds up no other.
 */
export async function deleteVolumes(prepared: Prepared, progress: Progress): Promise<void> {
    const volumes = checkSettings(prepared.stack).addons["local-path"]?.path;
    if (volumes === undefined) return;
    const command = removal(volumes);
    const one = async ({ name, ssh }: Awaited<ReturnType<typeof machinesOf>>[number]) => {
        const said = await run(ssh, command, { timeout: limit }).then(
            ({ code, stderr }) => (code === 0 ? undefined : stderr.trim()),
            (error: Error) => error.message,
        );
        if (said !== undefined) progress.say(`${name}: the volumes in ${volumes} could not be deleted: ${said}`);
    };
    await Promise.all((await machinesOf(prepared)).map(one));
}

/** The command line. @param folder where the add-on makes volumes */
export function removal(folder: string): string {
    const quoted = `'${folder.replaceAll("'", `'\\''`)}'`;
    const script = `rm -rf -- "$1"/pvc-*; [ ! -d "$1" ] || rmdir --ignore-fail-on-non-empty -- "$1"`;
    return `$([ "$(id -u)" = 0 ] || echo sudo -n) sh -c '${script}' volumes ${quoted}`;
}
