import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf, paths } from "../../components/inventory";
import { kitFolder, kitPath } from "../../components/remote";
import { etcd, variables } from "../../components/render";
import { artifacts, defaultVersions } from "../../mirror/catalogue";
import { fillMirror } from "../../mirror/fill";
import { mirrorJobs } from "../../mirror/jobs";
import { chooseSource, hostArchitecture } from "../../setup/plan";
import { probeSites } from "../../setup/reachability";
import { privateKeyOf, throwAwayAuthority, usage } from "../contract/kubernetes/certificates";
import { eventually } from "../e2e/harness";
import { Machine } from "./machine";

const names = ["m1", "m2", "m3"];

/** Etcd as Slipway renders it, on three throw-away machines, with the kit beside it and nothing of Kubernetes. */
export class EtcdMembers {
    readonly machines: Machine[] = [];
    private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-etcd-"));

    /** @param quota how large the file may become: "64Mi" */
    async start(quota: string): Promise<void> {
        await mirrorOfEtcd(this.folder);
        this.machines.push(...(await Promise.all(names.map(() => Machine.start("node", this.folder)))));
        const addresses = this.machines.map(({ node }) => node.address);
        const files = { ...(await certificates(addresses)), ...kit() };
        const checked = validate({
            cluster: { name: "kit", etcd: { quota } },
            nodes: names.map((name, index) => ({ name, address: addresses[index], roles: ["control-plane"] })),
        });
        if ("problems" in checked) throw new Error(checked.problems.join("\n"));
        const { cluster, nodes } = checked.settings;
        const specs = nodesOf(cluster, nodes);
        // All at once, where the kit would have them join one after the other.
        const together = variables({
            ETCD_INITIAL_CLUSTER_STATE: "new",
            ETCD_INITIAL_CLUSTER: specs.map(({ name, address }) => `${name}=https://${address}:2380`).join(","),
            ETCD_INITIAL_CLUSTER_TOKEN: "kit",
        });
        await Promise.all(
            this.machines.map(async (machine, index) => {
                await machine.root("useradd --system --user-group --no-create-home etcd");
                const own: Record<string, string> = { ...files, ...units(), [paths.etcdInitialVariables]: together };
                for (const entry of etcd(specs[index], cluster, specs)) {
                    if (entry.kind === "file") own[entry.path] = entry.content;
                    if (entry.kind === "unit") own[`/etc/systemd/system/${entry.name}`] = entry.content ?? "";
                }
                for (const [file, text] of Object.entries(own)) await machine.node.put(file, text);
                const archive = `/mnt/mirror/${artifacts().etcd.path(hostArchitecture())}`;
                await machine.root(
                    `mkdir -p -m 755 /opt/etcd/v && tar -xzf ${archive} --strip-components 1 --no-same-owner -C /opt/etcd/v
                    ln -s v /opt/etcd/current; mkdir -p -m 700 /var/lib/etcd
                    chown -R etcd: /etc/etcd/pki /var/lib/etcd; systemctl daemon-reload`,
                );
            }),
        );
        await Promise.all(this.machines.map((machine) => machine.root("systemctl start etcd")));
    }

    async stop(): Promise<void> {
        await Promise.all(this.machines.map((machine) => machine.stop()));
        fs.rmSync(this.folder, { recursive: true, force: true });
    }

    /** Has the machines look after their members, quickly; forgets what they said before. */
    async care(): Promise<void> {
        await Promise.all(
            this.machines.map((machine) =>
                machine.root(
                    `journalctl -q --rotate; journalctl -q --vacuum-time=1s
                    systemd-run -q --unit=etcd-care -p SuccessExitStatus=143 sh ${kitPath()}/step care every=1 least=${8 * 2 ** 20}`,
                ),
            ),
        );
    }

    async carelessly(): Promise<void> {
        await Promise.all(
            this.machines.map((machine) => machine.root("systemctl stop etcd-care; rm -rf /run/slipway/notices")),
        );
    }

    /** What the machines' care has said, one after the other. */
    async said(): Promise<string> {
        const all = this.machines.map((machine) => machine.root("journalctl -q -o cat -u etcd-care"));
        return (await Promise.all(all)).join("");
    }

    /** The machine whose member leads. */
    async leader(): Promise<Machine> {
        const leads = await Promise.all(
            this.machines.map((machine) =>
                machine.root(`curl -s http://127.0.0.1:2381/metrics | grep '^etcd_server_is_leader'`),
            ),
        );
        return this.machines[leads.findIndex((line) => line.endsWith(" 1\n"))];
    }

    /** When each member was defragmented, by its own log: in milliseconds, the first first. */
    async defragmentations(): Promise<{ machine: Machine; from: number; to: number }[]> {
        const all = await Promise.all(
            this.machines.map(async (machine) => {
                const lines = (await machine.root("journalctl -q -o cat -u etcd")).split("\n");
                const at = (message: string) =>
                    lines
                        .filter((line) => line.includes(`"msg":"${message}"`))
                        .map((line) => Date.parse((JSON.parse(line) as { ts: string }).ts));
                const ends = at("finished defragment");
                return at("starting defragment").map((from, index) => ({ machine, from, to: ends[index] }));
            }),
        );
        return all.flat().sort((a, b) => a.from - b.from);
    }

    /** Sizes of the members' files in bytes. */
    async sizes(): Promise<number[]> {
        const ask = "curl -s http://127.0.0.1:2381/metrics | sed -n 's/^etcd_mvcc_db_total_size_in_bytes //p'";
        return (await Promise.all(this.machines.map((machine) => machine.root(ask)))).map(Number);
    }

    async well(): Promise<void> {
        await eventually("all members well", 60, async () =>
            (await Promise.all(this.machines.map((machine) => health(machine)))).every((text) =>
                text.includes('"true"'),
            ),
        );
    }
}

/** What a member answers to whoever asks how it is. */
export const health = async ({ node }: Machine) => (await node.exec("curl -s http://127.0.0.1:2381/health")).stdout;

const tls = ["--cacert /etc/etcd/pki/ca.crt", "--cert /etc/etcd/pki/server.crt", "--key /etc/etcd/pki/server.key"].join(
    " ",
);

/** etcdctl on a machine, which asks its own member. */
export const ctl = (machine: Machine, words: string) =>
    machine.node.exec(
        `/opt/etcd/current/etcdctl --endpoints https://127.0.0.1:2379 ${tls} --command-timeout=10s ${words}`,
    );

/** A request of etcd's JSON API. */
export const api = (machine: Machine, method: string, body: object) =>
    machine.node.exec(`curl -s ${tls} --data @- https://127.0.0.1:2379/v3/${method}`, JSON.stringify(body));

/**
 * Writes values of a mebibyte, up to so many or until one is refused; returns how many were taken.
 *
 * @param key of the nth, in the shell's words: "k" is one key over and over, "k$n" one each
 */
export async function fill(machine: Machine, key: string, count: number): Promise<number> {
    // As many values as there are fit into one process, but then nobody knows which was refused.
    const loop = `head -c 1000000 /dev/urandom | base64 -w 0 >/root/value; n=0
        while [ "$n" -lt ${count} ]; do
            printf '{"key":"%s","value":"%s"}' "$(printf %s "${key}" | base64)" "$(cat /root/value)" >/root/body
            curl -s ${tls} --data @/root/body https://127.0.0.1:2379/v3/kv/put | grep -q revision || break
            n=$((n + 1))
        done
        echo $n`;
    return Number(await machine.root(loop));
}

async function mirrorOfEtcd(folder: string): Promise<void> {
    const { source } = await chooseSource({ reach: probeSites });
    const architecture = hostArchitecture();
    const from = source === "upstream" ? "upstream" : "build";
    const file = artifacts().etcd.path(architecture);
    const jobs = mirrorJobs(from, defaultVersions, architecture).filter(({ paths }) => paths.includes(file));
    await fillMirror({ source: from, versions: defaultVersions, architectures: [architecture], jobs, folder });
}

function kit(): Record<string, string> {
    const files = fs.readdirSync(kitFolder).map((name) => [name, fs.readFileSync(path.join(kitFolder, name), "utf8")]);
    return Object.fromEntries(files.map(([name, text]) => [`${kitPath()}/${name}`, text]));
}

/** What is stopped and started with etcd, and isn't there. */
function units(): Record<string, string> {
    const unit = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n";
    const all = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-csr-approver"];
    return Object.fromEntries(all.map((name) => [`/etc/systemd/system/${name}.service`, unit]));
}

/** One authority, and one pair of certificates that is good for all members. */
async function certificates(addresses: readonly string[]): Promise<Record<string, string>> {
    const authority = await throwAwayAuthority("CN=etcd");
    const { certificate, keys } = await authority.issue({
        serialNumber: "02",
        subject: "CN=member",
        usages: [usage.serverAuth, usage.clientAuth],
        names: ["127.0.0.1", ...addresses].map((value) => ({ type: "ip", value })),
    });
    const key = await privateKeyOf(keys);
    const own = ["server", "peer"].flatMap((name) => [
        [`/etc/etcd/pki/${name}.crt`, certificate],
        [`/etc/etcd/pki/${name}.key`, key],
    ]);
    return { "/etc/etcd/pki/ca.crt": authority.certificate, ...Object.fromEntries(own) };
}
