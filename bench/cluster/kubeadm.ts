/** A cluster made by kubeadm on three lab nodes, by the script beside this file. */
import * as fs from "node:fs";
import * as path from "node:path";

import { throwAwayNode, type ThrowAwayNode } from "../../lab/throwaway";
import { images, type Versions } from "../../mirror/catalogue";
import { run } from "../stack";
import { timed } from "../figures";
import { etcdTag } from "./images";

/** Whether the other nodes join all at once, or one after the other as a loop over machines does. */
export type Order = "together" | "in-turn";

export interface KubeadmArgs {
    readonly order: Order;
    readonly count: number;
    readonly versions: Versions;
    /** The folder that mirrors are in, and of two of them the names. */
    readonly mirrorRoot: string;
    readonly mirror: string;
    readonly kubeadmMirror: string;
    /** A folder for the manifests with their versions filled in, and for what the script prints. */
    readonly work: string;
}

const folder = path.join(__dirname, "kubeadm");
const adminConfig = "/etc/kubernetes/admin.conf";

/** Makes nodes, prepares them, and returns how long it then takes to a cluster that answers, in seconds. */
export async function measureKubeadm(args: KubeadmArgs): Promise<number> {
    const { count, mirrorRoot, work, order } = args;
    const nodes: ThrowAwayNode[] = [];
    try {
        for (let i = 0; i < count; i++) nodes.push(await throwAwayNode({ mirror: mirrorRoot }));
        const driver = nodes[0]!.engine.cgroupVersion === "1" ? "cgroupfs" : "systemd";
        await Promise.all(nodes.map((node) => prepareNode(node, driver, args)));
        writeManifests(driver, args);
        const names = nodes.map(({ name }) => name);
        const options = { cwd: folder, env: process.env };
        return await timed(async () => {
            const said = await run("sh", ["up.sh", order, work, ...names], options);
            fs.writeFileSync(path.join(work, "kubeadm.log"), said);
            await waitReady(names[0]!, count, adminConfig);
        });
    } finally {
        await Promise.all(nodes.map((node) => node.remove()));
    }
}

/** Ends when nodes, names and nginx are there; the same for both ways. */
export function waitReady(first: string, count: number, kubeconfig: string): Promise<string> {
    const script = fs.readFileSync(path.join(__dirname, "ready.sh"), "utf8");
    const command = ["exec", first, "sh", "-c", script, "ready.sh", `${count}`, kubeconfig];
    return run("docker", command, { cwd: folder, env: process.env });
}

async function prepareNode(node: ThrowAwayNode, driver: string, args: KubeadmArgs): Promise<void> {
    const { versions, mirror, kubeadmMirror } = args;
    const script = fs.readFileSync(path.join(folder, "prepare.sh"), "utf8");
    const [pause, at] = [images(versions).pause.reference, (name: string) => `/mnt/mirror/${name}`];
    const words = [at(mirror), at(kubeadmMirror), versions.kubernetes, pause, driver];
    const { code, stderr } = await node.exec(["sh", "-s", ...words], script);
    if (code !== 0) throw new Error(`Node ${node.name} could not be prepared for kubeadm: ${stderr}`);
}

function writeManifests(driver: string, { versions, work }: KubeadmArgs): void {
    const { flannel, nginx } = images(versions);
    const values: Record<string, string> = {
        kubernetes: versions.kubernetes,
        etcd: etcdTag(versions.etcd),
        coredns: versions.coredns,
        cgroupDriver: driver,
        flannel: flannel.reference,
        nginx: nginx.reference,
    };
    for (const name of ["kubeadm.yaml", "flannel.yaml", "nginx.yaml"]) {
        const text = fs.readFileSync(path.join(folder, name), "utf8");
        const filled = text.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
        // A separator, so that the files can be applied one after the other.
        fs.writeFileSync(path.join(work, name), `---\n${filled}`);
    }
}
