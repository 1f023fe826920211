import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { NodeSettings, Settings, SshSettings } from "./schema";

/**
 * Replaces every privateKeyFile, and every authority that is a file, by the file's text.
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
    const authorities = settings.cluster.authorities.map((given, index) => {
        const read = readAuthority(given, folder);
        if ("problem" in read) problems.push(`cluster.authorities[${index}] ${read.problem}`);
        return "pem" in read ? read.pem : given;
    });
    const registries = settings.cluster.registries.map((registry, index) => {
        if (registry.authority === undefined) return registry;
        const read = readAuthority(registry.authority, folder);
        if ("problem" in read) problems.push(`cluster.registries[${index}].authority ${read.problem}`);
        return "pem" in read ? { ...registry, authority: read.pem } : registry;
    });
    const ssh = both(settings.cluster.ssh, "cluster.ssh");
    const snapshots = storeAuthority(settings.cluster.snapshots, folder, problems);
    const cluster = { ...settings.cluster, ssh, authorities, registries, snapshots };
    return { settings: { ...settings, cluster, nodes: settings.nodes.map(node) }, problems };
}

type Snapshots = Settings["cluster"]["snapshots"];

function storeAuthority(snapshots: Snapshots, folder: string, problems: string[]): Snapshots {
    const { copies } = snapshots;
    if (copies?.s3?.authority === undefined) return snapshots;
    const read = readAuthority(copies.s3.authority, folder);
    if ("problem" in read) problems.push(`cluster.snapshots.copies.s3.authority ${read.problem}`);
    return "pem" in read
        ? { ...snapshots, copies: { ...copies, s3: { ...copies.s3, authority: read.pem } } }
        : snapshots;
}

/** PEM text as it stands, or that of a file; nothing but certificates of authorities. */
function readAuthority(given: string, folder: string): { readonly pem: string } | { readonly problem: string } {
    const isText = given.includes("-----BEGIN");
    const name = isText ? "" : `${given} `;
    try {
        const file = given.replace(/^~(?=\/)/, os.homedir());
        const pem = isText ? given : fs.readFileSync(path.resolve(folder, file), "utf8");
        const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
        if (pem.includes("PRIVATE KEY-----")) {
            return { problem: `${name}holds a private key: give the certificate alone, which every machine gets.` };
        }
        if (certificates.length === 0 || !certificates.every((each) => new X509Certificate(each).ca)) {
            return { problem: `${name}must hold certificates of authorities in PEM form, and nothing else.` };
        }
        return { pem };
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return { problem: `${name}can't be read (${code ?? message}).` };
    }
}

interface KeyHolder {
    readonly privateKey?: string;
    readonly privateKeyFile?: string;
}
