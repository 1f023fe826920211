import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { paths } from "../../components/inventory/paths";
import { render } from "../../components/render";
import { writeCertificates } from "../contract/kubernetes/certificates";
import type { Machine } from "./machine";

/** The API's name in `cluster` below. */
export const apiName = "api.hex.k8s.local";

/** A cluster of these control planes, and workers, by their addresses. */
export function clusterOf(api: object, controlPlanes: readonly string[], workers: readonly string[] = []) {
    const checked = validate({
        cluster: { name: "hex", api },
        nodes: [
            ...controlPlanes.map((address, index) => ({ name: `cp-${index + 1}`, address, roles: ["control-plane"] })),
            ...workers.map((address, index) => ({ name: `worker-${index + 1}`, address })),
        ],
    });
    assert.ok("settings" in checked, JSON.stringify(checked));
    const { cluster, nodes } = checked.settings;
    return { cluster, nodes: nodesOf(cluster, nodes) };
}

/** An authority, and what it has signed for the API's name. PEM texts. */
export interface Signed {
    readonly authority: string;
    /** Certificate and key in one. */
    readonly server: string;
    /** The same of a client, which has no name. */
    readonly client: string;
}

export async function signed(): Promise<Signed> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-api-"));
    try {
        await writeCertificates(folder, apiName);
        const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");
        const pair = (name: string) => read(`${name}.crt`) + read(`${name}.key`);
        return { authority: read("ca.crt"), server: pair("server"), client: pair("admin") };
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

/** Says who it is, once, or as long as somebody listens to /watch. */
const answer = `#!/bin/sh
read -r _ path _
while read -r line; do
    case $line in ?) break ;; esac
done
printf 'HTTP/1.0 200 OK\\r\\n\\r\\n%s\\n' "$1"
while [ "$path" = /watch ] && sleep 1; do echo; done
`;

/** Where the scripts and what they say are; /tmp is memory, where nothing can be put from outside. */
const folder = "/srv/api";

/** Shell: asks for something until it is so, for 20 s at most. */
const until = (command: string) =>
    `left=400; until ${command}; do left=$((left - 1)); [ "$left" -gt 0 ] || exit 1; sleep 0.05; done`;

/** Servers of a machine that answer as an API server does where clients look for it, and somebody who asks them. */
export class ApiServers {
    private constructor(private readonly machine: Machine) {}

    static async on(machine: Machine, { authority, server }: Signed): Promise<ApiServers> {
        await machine.root(`mkdir -p ${folder}`);
        const servers = new ApiServers(machine);
        await servers.put("answer", answer, "0755");
        await servers.put("server.pem", server);
        await servers.put("ca.crt", authority);
        return servers;
    }

    /** A file for `start`. */
    async put(name: string, content: string, mode = "0644"): Promise<void> {
        await this.machine.node.put(`${folder}/${name}`, content, mode);
    }

    /** A server that says `name` on port 6443 of an address, with another certificate than usual where one is named. */
    async start(name: string, address: string, certificate = "server.pem"): Promise<void> {
        const options = `bind=${address},reuseaddr,fork,cert=${folder}/${certificate},verify=0`;
        await this.machine.root(
            `systemd-run -q --collect --unit=api-${name} socat OPENSSL-LISTEN:6443,${options} 'SYSTEM:${folder}/answer ${name}'
            ${until(`ss -Htln src ${address} | grep -q :6443`)}`,
        );
    }

    /** Ends it with all its connections, so that new ones are refused. */
    async stop(name: string): Promise<void> {
        await this.machine.root(`systemctl kill -s KILL api-${name}; ${until(`! systemctl -q is-active api-${name}`)}`);
    }

    /** Lets it hang: the kernel goes on taking connections for it. */
    async freeze(name: string): Promise<void> {
        await this.machine.root(`systemctl kill -s STOP api-${name}`);
    }

    async thaw(name: string): Promise<void> {
        await this.machine.root(`systemctl kill -s CONT api-${name}`);
    }

    /** Who answers at the API's name, as it is resolved on the machine. */
    async ask(): Promise<string> {
        return (await this.machine.root(`curl -sS ${this.words("/")}`)).trim();
    }

    /** Asks again and again, each time over a new connection and with the name looked up anew. */
    async keepAsking(): Promise<void> {
        const loop = `while [ ! -e ${folder}/enough ]; do curl -sS ${this.words("/")} || echo failed; sleep 0.02; done`;
        await this.machine.root(
            `rm -f ${folder}/enough; systemd-run -q --collect --unit=asking sh -c '${loop} >${folder}/said 2>&1'
            ${until(`[ -s ${folder}/said ]`)}`,
        );
    }

    /** Ends that: how often it asked, and each answer that was no server's. */
    async said(): Promise<{ readonly asked: number; readonly failed: readonly string[] }> {
        await this.machine.root(`touch ${folder}/enough; ${until("! systemctl -q is-active asking")}`);
        const lines = (await this.machine.root(`cat ${folder}/said`)).trim().split("\n");
        return { asked: lines.length, failed: lines.filter((line) => !/^\d$/.test(line)) };
    }

    /** Listens to as many streams; whose they are, in this order. */
    async watch(count: number): Promise<string[]> {
        const numbers = Array.from({ length: count }, (_, index) => index + 1);
        for (const number of numbers) {
            const to = `${folder}/watch-${number}`;
            await this.machine.root(
                `rm -f ${to}; systemd-run -q --collect --unit=watch-${number} sh -c 'exec curl -sN ${this.words("/watch")} >${to}'
                ${until(`[ -s ${to} ]`)}`,
            );
        }
        return Promise.all(
            numbers.map(async (number) => (await this.machine.root(`head -n 1 ${folder}/watch-${number}`)).trim()),
        );
    }

    /** Numbers of the streams that are still open. */
    async open(): Promise<number[]> {
        const units = await this.machine.root(
            "systemctl list-units --plain --no-legend --state=active 'watch-*' | sed 's/^watch-\\([0-9]*\\).*/\\1/'",
        );
        return units.trim().split("\n").filter(Boolean).map(Number).sort();
    }

    /** Everything of it is gone. */
    async dispose(): Promise<void> {
        await this.machine.root(
            `touch ${folder}/enough; systemctl kill -s KILL 'api-*' 'watch-*' asking 2>/dev/null
            systemctl reset-failed; rm -rf ${folder}`,
        );
    }

    private words(place: string): string {
        return `--cacert ${folder}/ca.crt https://${apiName}:6443${place}`;
    }
}

/** What the credentials step brings of it: the authority, which only root may read. */
export function trust(authority: string): string {
    return render([
        { kind: "directory", path: paths.config },
        { kind: "directory", path: paths.pki },
        { kind: "file", path: paths.ca, mode: "0600", content: authority },
    ]);
}
