import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, controlPlanes, isControlPlane, NodeSpec, wayToApi } from "../inventory";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { command, neverGiveUp, respawn, unitText } from "./systemd";

/** The account that HAProxy runs under; the base step makes it. */
export const apiProxyUser = "kube-api-proxy";

export const apiProxyUnit = "kube-api-proxy.service";

/** Where this machine's proxy says whether it reaches an API server: for programs on this machine only. */
export const apiProxyHealth = { socket: `${paths.apiProxyRun}/health.sock`, path: "/healthz" } as const;

/**
 * Connections at the same time. A worker's are those of its kubelet, kube-proxy and flanneld, some five; those to the
 * virtual address are all nodes' and all people's. An idle one takes 4 KiB (measured with 2.6), a busy one two buffers of
 * 16 KiB more.
 */
const connections = { worker: 500, controlPlane: 4_000 } as const;

/** The address that a node's proxy listens on; undefined: it has none. */
export function proxyAddress(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): string | undefined {
    const way = wayToApi(cluster, nodes);
    if (way === "virtual" && isControlPlane(node)) return cluster.api.virtualAddress;
    return way === "local" && !isControlPlane(node) ? "127.0.0.1" : undefined;
}

/**
 * What the proxy needs of the system. Given to the base, which is harmless, and to the step that starts the proxy: what
 * two steps list goes with the last of them, which is the one that stops it.
 */
export function apiProxyNeeds(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment {
    return proxyAddress(node, cluster, nodes) === undefined
        ? []
        : [{ kind: "user", name: apiProxyUser, home: paths.apiProxyRun }, ...ownDaemon("haproxy")];
}

/** A package of which we want the program, not the service that it starts, and that upgrades leave alone. */
export function ownDaemon(name: string): Fragment {
    return [
        { kind: "mask", name: `${name}.service` },
        { kind: "package", name },
        { kind: "hold", name },
    ];
}

/** HAProxy in front of all API servers: on each worker on its loopback device, or on control planes on the virtual address. */
export function apiProxy(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment {
    const listen = proxyAddress(node, cluster, nodes);
    if (listen === undefined) {
        return [];
    }
    const onWorker = !isControlPlane(node);
    return [
        ...apiProxyNeeds(node, cluster, nodes),
        { kind: "file", path: paths.apiProxy, content: configuration({ listen, onWorker, cluster, nodes }) },
        {
            kind: "unit",
            name: apiProxyUnit,
            state: "active",
            content: unit(onWorker, cluster),
            after: [paths.apiProxy, paths.ca],
        },
    ];
}

interface ConfigurationArgs {
    readonly listen: string;
    readonly onWorker: boolean;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
}

/**
 * https://docs.haproxy.org/2.0/configuration.html: what the oldest release that a supported system brings (2.0) knows,
 * too.
 *
 * What it says of servers that come and go it says on its standard error, for the journal; connections are not told of.
 *
 * A server that answers nothing is asked once more before it counts as lost: after at most 2 + 2 + 1 + 2 s. Then its
 * connections are closed, because a client would go on waiting on them (Kubernetes' own for 45 s). One that refuses is
 * left at once, for the next one.
 */
function configuration({ listen, onWorker, cluster, nodes }: ConfigurationArgs): string {
    const { host, port } = clusterEndpoint(cluster);
    const servers = controlPlanes(nodes).map(({ name, address }) => `    server ${name} ${address}:${port}`);
    const check = [
        "check check-ssl verify required",
        `ca-file ${paths.apiProxyRun}/ca.crt check-sni ${host} verifyhost ${host}`,
        "inter 2s fastinter 1s fall 2 rise 1 on-marked-down shutdown-sessions",
    ];
    const lines = [
        "global",
        `    maxconn ${onWorker ? connections.worker : connections.controlPlane}`,
        "    nbthread 1",
        ...(onWorker ? ["    hard-stop-after 1s"] : []),
        "",
        "defaults",
        "    mode tcp",
        "    timeout connect 2s",
        "    timeout check 2s",
        // A kubelet's limit for a stream on which nobody says anything: streamingConnectionIdleTimeout.
        "    timeout client 4h",
        "    timeout server 4h",
        "    option tcpka",
        "    retries 3",
        "    option redispatch 1",
        "",
        "listen api",
        `    bind ${listen}:${port}`,
        // Connections last for hours: a server that has come back gets the next ones.
        "    balance leastconn",
        "    option httpchk GET /readyz",
        "    http-check expect status 200",
        `    default-server ${check.join(" ")}`,
        ...servers,
        ...(onWorker ? [] : health),
    ];
    return lines.map((line) => `${line}\n`).join("");
}

const health = [
    "",
    "frontend health",
    "    mode http",
    `    bind unix@${apiProxyHealth.socket} mode 600`,
    `    monitor-uri ${apiProxyHealth.path}`,
    "    monitor fail if { nbsrv(api) lt 1 }",
];

/**
 * A changed list of servers restarts it. A reload would leave the connections that are open to a process that looks
 * after no server any more (tried with 2.6): they would outlive their server.
 */
function unit(onWorker: boolean, cluster: ClusterSettings): string {
    const privileged = cluster.api.port < 1024;
    return unitText({
        Unit: {
            Description: "Proxy in front of the Kubernetes API servers",
            Documentation: "man:haproxy(1)",
            // It has the same port: one that is about to leave this address to the proxy has to do so first.
            After: onWorker ? "network.target" : "network.target kube-apiserver.service",
            ...neverGiveUp,
        },
        Service: {
            Type: "notify",
            User: apiProxyUser,
            Group: apiProxyUser,
            RuntimeDirectory: "kube-api-proxy",
            // Root's file of what is no secret.
            ExecStartPre: `+${command("/usr/bin/install", "-m", "0644", paths.ca, `${paths.apiProxyRun}/ca.crt`)}`,
            ExecStart: command("/usr/sbin/haproxy", "-Ws", "-f", paths.apiProxy),
            // Where the name is to mean something else from now on, it does so before nobody answers here.
            ...(onWorker ? { ExecStop: `-+${command("/bin/sh", paths.hostsScript, "refresh")}` } : {}),
            ...respawn,
            KillMode: "mixed",
            // No new connections, and a second (hard-stop-after) for what was asked to be answered: then streams end.
            ...(onWorker ? { KillSignal: "SIGUSR1" } : {}),
            NoNewPrivileges: "yes",
            ...(privileged ? { AmbientCapabilities: "CAP_NET_BIND_SERVICE" } : {}),
            CapabilityBoundingSet: privileged ? "CAP_NET_BIND_SERVICE" : "",
            ProtectSystem: "strict",
            ProtectHome: "yes",
            PrivateTmp: "yes",
            MemoryMax: onWorker ? "64M" : "256M",
            TimeoutStopSec: "5",
        },
    });
}
