import type { ClusterSettings } from "../config/schema";
import { controlPlanes, isControlPlane, NodeSpec } from "../inventory";
import { paths } from "../inventory/paths";
import { apiProxyHealth, apiProxyUnit, apiProxyUser, ownDaemon } from "./apiProxy";
import { Fragment } from "./entries";
import { command, commandLine, neverGiveUp, respawn, unitText } from "./systemd";

const holds = (node: NodeSpec, { api }: ClusterSettings) => api.virtualAddress !== undefined && isControlPlane(node);

/** For the base and for the step that starts it, as with the proxy. */
export const apiAddressNeeds = (node: NodeSpec, cluster: ClusterSettings): Fragment =>
    holds(node, cluster) ? ownDaemon("keepalived") : [];

/** The proxy listens on the virtual address on every control plane, and one of them has it. */
export const apiAddressSysctls = (node: NodeSpec, cluster: ClusterSettings): Record<string, string> =>
    holds(node, cluster) ? { "net.ipv4.ip_nonlocal_bind": "1" } : {};

/** Keepalived on a control plane: one of those whose proxy reaches an API server holds the virtual address. */
export function apiAddress(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment {
    if (!holds(node, cluster)) {
        return [];
    }
    const all = controlPlanes(nodes);
    const peers = all.filter(({ name }) => name !== node.name).map(({ address }) => address);
    return [
        ...apiAddressNeeds(node, cluster),
        { kind: "file", path: paths.apiAddress, content: configuration({ node, cluster, all, peers }) },
        { kind: "file", path: paths.apiAddressScript, mode: "0755", content: script(node, peers) },
        {
            kind: "unit",
            name: "kube-api-address.service",
            state: "active",
            content: unit(),
            after: [paths.apiAddress, paths.apiAddressScript],
        },
    ];
}

interface ConfigurationArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    readonly all: readonly NodeSpec[];
    readonly peers: readonly string[];
}

/**
 * https://www.keepalived.org/manpage.html; what 2.0 knows, too.
 *
 * A holder that says nothing for 3 s has lost the address, and one whose proxy fails twice gives it up. `nopreempt`: who
 * comes back takes nothing, so that a failure is one interruption and not two. `{interface}` is filled in on the node.
 */
function configuration({ node, cluster, all, peers }: ConfigurationArgs): string {
    const { virtualAddress, virtualInterface = "{interface}" } = cluster.api;
    const index = all.findIndex(({ name }) => name === node.name);
    const ask = ["-fs", "-m", "1", "-o", "/dev/null", "--unix-socket", apiProxyHealth.socket];
    const lines = [
        "global_defs {",
        `    router_id ${node.name}`,
        `    script_user ${apiProxyUser}`,
        "    enable_script_security",
        "    vrrp_check_unicast_src",
        "}",
        "",
        "vrrp_script proxy {",
        `    script "${command("/usr/bin/curl", ...ask, `http://localhost${apiProxyHealth.path}`)}"`,
        "    interval 1",
        "    timeout 1",
        "    fall 2",
        "    rise 1",
        "    init_fail",
        "}",
        "",
        "vrrp_instance api {",
        "    interface {interface}",
        "    state BACKUP",
        "    nopreempt",
        // Of no meaning beyond the peers.
        "    virtual_router_id 1",
        `    priority ${100 - index}`,
        "    advert_int 1",
        `    unicast_src_ip ${node.address}`,
        "    unicast_peer {",
        // Alone it would tell everybody on the link: nobody hears it this way.
        ...(peers.length > 0 ? peers : ["127.0.0.1"]).map((peer) => `        ${peer}`),
        "    }",
        "    virtual_ipaddress {",
        `        ${virtualAddress}/32 dev ${virtualInterface}`,
        "    }",
        "    track_script {",
        "        proxy",
        "    }",
        "}",
    ];
    return lines.map((line) => `${line}\n`).join("");
}

/**
 * Peers' packets go on to whatever other rules the machine has; everybody else's of this protocol end here, but for those
 * to VRRP's group, which a keepalived of the owner's listens to and ours doesn't. The chain is no "KUBE-" one: those are
 * kube-proxy's to remove.
 */
const script = ({ address }: NodeSpec, peers: readonly string[]) => `#!/bin/sh
# What keepalived needs before it starts, and leaves when it has stopped.  api-address.sh start | stop
set -eu

chain=SLIPWAY-VRRP

packet_filter() {
    iptables -w 5 "$@"
}

# filter_packets -I | -D
filter_packets() {
    packet_filter "$1" INPUT -p 112 ! -d 224.0.0.18 -j "$chain"
}

start() {
    interface=$(ip -o -4 address | awk '$4 ~ /^${address.replaceAll(".", "[.]")}\\// { print $2; exit }')
    if [ -z "$interface" ]; then
        echo "No network interface has the address ${address} of this node." >&2
        exit 1
    fi
    sed "s/{interface}/$interface/" ${paths.apiAddress} >${paths.apiAddressRun}/keepalived.conf
    stop
    packet_filter -N "$chain"
${peers.map((peer) => `    packet_filter -A "$chain" -s ${peer} -j RETURN\n`).join("")}    packet_filter -A "$chain" -j DROP
    filter_packets -I
}

stop() {
    while filter_packets -D 2>/dev/null; do :; done
    packet_filter -F "$chain" 2>/dev/null || true
    packet_filter -X "$chain" 2>/dev/null || true
}

"$1"
`;

function unit(): string {
    const place = (name: string) => `${paths.apiAddressRun}/${name}`;
    const files = { "use-file": place("keepalived.conf"), pid: place("keepalived.pid"), vrrp_pid: place("vrrp.pid") };
    return unitText({
        Unit: {
            Description: "Virtual address of the Kubernetes API",
            Documentation: "man:keepalived(8)",
            After: `network-online.target ${apiProxyUnit}`,
            Wants: `network-online.target ${apiProxyUnit}`,
            ...neverGiveUp,
        },
        Service: {
            RuntimeDirectory: "kube-api-address",
            ExecStartPre: command("/bin/sh", paths.apiAddressScript, "start"),
            ExecStart: commandLine(
                "/usr/sbin/keepalived",
                ...["--dont-fork", "--vrrp", "--log-console", "--no-syslog"],
                ...Object.entries(files).map(([name, file]) => `--${name}=${file}`),
            ),
            ExecStopPost: command("/bin/sh", paths.apiAddressScript, "stop"),
            ...respawn,
            NoNewPrivileges: "yes",
            TimeoutStopSec: "10",
        },
    });
}
