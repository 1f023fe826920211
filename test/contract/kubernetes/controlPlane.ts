/**
 * The API server that the cases run against: the one of SLIPWAY_TEST_KUBECONFIG, or etcd, kube-apiserver and
 * kube-controller-manager of our own, on ports of 127.0.0.1 that are free, without any node.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { artifacts, type ArtifactName } from "../../../mirror/catalogue";
import { cacheFolder } from "../../../setup/paths";
import { openApi } from "./api";
import { writeCertificates } from "./certificates";

export interface ControlPlane {
    /** The kubeconfig's text. */
    kubeconfig: string;
    /** No nodes, no scheduler: pods are only as ready as a case says. */
    hollow: boolean;
    stop(): Promise<void>;
}

const serverName = "api.contract.test";

/** A program: of PATH, or of a filled mirror. */
function findProgram(name: ArtifactName, folder: string): string | undefined {
    const onPath = (process.env.PATH ?? "").split(":").map((entry) => path.join(entry, name));
    const installed = onPath.find((file) => fs.existsSync(file));
    if (installed) return installed;
    const { path: pathFor, members } = artifacts()[name];
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const mirrors = path.join(cacheFolder(), "mirror");
    const found = (fs.existsSync(mirrors) ? fs.readdirSync(mirrors) : [])
        .map((entry) => path.join(mirrors, entry, pathFor(arch)))
        .find((file) => fs.existsSync(file));
    if (!found || !members) return found;
    const member = members[name].replaceAll("{arch}", arch);
    execFileSync("tar", ["-xzf", found, "-C", folder, member]);
    return path.join(folder, member);
}

async function freePort(): Promise<number> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}

function kubeconfigText(folder: string, port: number): string {
    const base64 = (name: string) => fs.readFileSync(path.join(folder, name)).toString("base64");
    const cluster = {
        server: `https://127.0.0.1:${port}`,
        "tls-server-name": serverName,
        "certificate-authority-data": base64("ca.crt"),
    };
    const user = { "client-certificate-data": base64("admin.crt"), "client-key-data": base64("admin.key") };
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "contract",
        clusters: [{ name: "contract", cluster }],
        users: [{ name: "contract", user }],
        contexts: [{ name: "contract", context: { cluster: "contract", user: "contract" } }],
    });
}

/** Starts one; undefined when its programs aren't here. */
async function startOwn(): Promise<ControlPlane | undefined> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-api-"));
    const names = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;
    const programs = names.map((name) => findProgram(name, folder));
    if (programs.some((program) => program === undefined)) {
        fs.rmSync(folder, { recursive: true });
        return undefined;
    }
    await writeCertificates(folder, serverName);
    const [client, peer, api, manager] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const file = (name: string) => path.join(folder, name);
    const kubeconfig = kubeconfigText(folder, api);
    fs.writeFileSync(file("kubeconfig"), kubeconfig, { mode: 0o600 });
    const etcdUrl = `http://127.0.0.1:${client}`;
    const flags: Record<string, string>[] = [
        {
            name: "contract",
            "data-dir": file("etcd-data"),
            "listen-client-urls": etcdUrl,
            "advertise-client-urls": etcdUrl,
            "listen-peer-urls": `http://127.0.0.1:${peer}`,
            "initial-advertise-peer-urls": `http://127.0.0.1:${peer}`,
            "initial-cluster": `contract=http://127.0.0.1:${peer}`,
            "unsafe-no-fsync": "true",
        },
        {
            "etcd-servers": etcdUrl,
            "bind-address": "127.0.0.1",
            "secure-port": String(api),
            "service-cluster-ip-range": "10.97.0.0/16",
            "authorization-mode": "RBAC",
            "client-ca-file": file("ca.crt"),
            "tls-cert-file": file("server.crt"),
            "tls-private-key-file": file("server.key"),
            "service-account-key-file": file("service-account.pub"),
            "service-account-signing-key-file": file("service-account.key"),
            "service-account-issuer": "https://kubernetes.default.svc",
        },
        {
            kubeconfig: file("kubeconfig"),
            "secure-port": String(manager),
            "bind-address": "127.0.0.1",
            "leader-elect": "false",
            "service-account-private-key-file": file("service-account.key"),
            "root-ca-file": file("ca.crt"),
            controllers: "*,-bootstrapsigner,-tokencleaner,-nodelifecycle",
        },
    ];
    const children = programs.map((program, index) => start(program!, flags[index], file(`${names[index]}.log`)));
    const stop = async () => {
        for (const child of children.reverse()) await end(child);
        fs.rmSync(folder, { recursive: true, force: true });
    };
    try {
        await untilReady(kubeconfig, children);
    } catch (error) {
        const log = fs.readFileSync(file("kube-apiserver.log"), "utf8").trimEnd().split("\n").slice(-5).join("\n");
        await stop();
        throw new Error(`${(error as Error).message} The API server's last lines:\n${log}`);
    }
    return { kubeconfig, hollow: true, stop };
}

/** Waits for the default service account: the API server answers, and so do the controllers. */
async function untilReady(kubeconfig: string, children: ChildProcess[]): Promise<void> {
    const { request, close } = openApi(kubeconfig);
    try {
        for (const until = Date.now() + 60_000; Date.now() < until; await sleep(100)) {
            const dead = children.find((child) => child.exitCode !== null);
            if (dead) throw new Error(`${dead.spawnfile} ended with status ${dead.exitCode}.`);
            const account = await request("GET", "/api/v1/namespaces/default/serviceaccounts/default").catch(
                () => null,
            );
            if (account) return;
        }
        throw new Error("The control plane for the tests wasn't ready after 60 s.");
    } finally {
        close();
    }
}

function start(program: string, flags: Record<string, string>, log: string): ChildProcess {
    const output = fs.openSync(log, "w");
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    return spawn(program, args, { stdio: ["ignore", output, output] });
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await Promise.race([exited, sleep(5_000, undefined, { ref: false }).then(() => child.kill("SIGKILL"))]);
}

/** The control plane to test against; undefined when there is none and none can be started. */
export async function openControlPlane(): Promise<ControlPlane | undefined> {
    const given = process.env.SLIPWAY_TEST_KUBECONFIG;
    if (!given) return startOwn();
    return { kubeconfig: fs.readFileSync(given, "utf8"), hollow: false, stop: async () => undefined };
}
