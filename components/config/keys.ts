import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { NodeSettings, Settings, SshSettings } from "./schema";

/**
 * Replaces every privateKeyFile by the file's text.
 *
 * @param folder what relative paths start from. Default: the working folder, which is the program's.
 * @returns the settings, and a sentence for each file that can't be read
 */
export function readKeys(settings: Settings, folder = "."): { settings: Settings; problems: string[] } {
    const problems: string[] = [];
    const one = <Target extends KeyHolder>(target: Target, at: string): Target => {
        if (!target.privateKeyFile || target.privateKey) {
            return target;
        }
        const file = target.privateKeyFile.replace(/^~(?=\/)/, os.homedir());
        try {
            return { ...target, privateKey: fs.readFileSync(path.resolve(folder, file), "utf8") };
        } catch (error) {
            const reason = (error as NodeJS.ErrnoException).code ?? "unknown reason";
            problems.push(`${at}.privateKeyFile ${target.privateKeyFile} can't be read (${reason}).`);
            return target;
        }
    };
    const both = <Target extends SshSettings>(ssh: Target, at: string): Target => ({
        ...one(ssh, at),
        ...(ssh.proxy && { proxy: one(ssh.proxy, `${at}.proxy`) }),
    });
    const node = (node: NodeSettings, index: number) => ({ ...node, ssh: both(node.ssh, `nodes[${index}].ssh`) });
    const cluster = { ...settings.cluster, ssh: both(settings.cluster.ssh, "cluster.ssh") };
    return { settings: { ...settings, cluster, nodes: settings.nodes.map(node) }, problems };
}

interface KeyHolder {
    readonly privateKey?: string;
    readonly privateKeyFile?: string;
}
