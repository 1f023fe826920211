import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { certificatePaths, paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { neverGiveUp, respawn, unitText } from "./systemd";
import { variables } from "./text";
import { tlsCipherSuites } from "./tls";

/** The account that etcd runs under; the base step makes it. */
export const etcdUser = "etcd";

export const etcdPorts = { client: 2379, peer: 2380, metrics: 2381 } as const;

/**
 * One member of the cluster's memory, under an account and an authority of its own.
 *
 * Whether it founds the cluster or joins the others is decided by the kit (`etcd.sh`) when it has no data yet.
 *
 * @param members all control planes, this one among them
 */
export function etcd(node: NodeSpec, cluster: ClusterSettings, members: readonly NodeSpec[]): Fragment {
    const owner = `${etcdUser}:${etcdUser}`;
    const pki = ["server", "peer"].map((name) => certificatePaths(paths.etcdPki, name));
    return [
        { kind: "directory", path: paths.etcdData, mode: "0700", owner },
        { kind: "link", path: paths.etcd, target: `v${cluster.versions.etcd}` },
        { kind: "file", path: paths.etcdVariables, content: variables({ ...settings(node), ...patience(members) }) },
        {
            kind: "unit",
            name: "etcd.service",
            state: "active",
            content: unit(),
            after: [
                paths.etcd,
                paths.etcdVariables,
                paths.etcdCa,
                ...pki.flatMap(({ certificate, key }) => [certificate, key]),
            ],
        },
    ];
}

const url = (address: string, port: number) => `https://${address}:${port}`;

/** https://etcd.io/docs/v3.6/op-guide/configuration/ */
function settings(node: NodeSpec): Record<string, string> {
    const server = certificatePaths(paths.etcdPki, "server");
    const peer = certificatePaths(paths.etcdPki, "peer");
    return {
        ETCD_NAME: node.name,
        ETCD_DATA_DIR: paths.etcdData,
        ETCD_LISTEN_CLIENT_URLS: `${url("127.0.0.1", etcdPorts.client)},${url(node.address, etcdPorts.client)}`,
        ETCD_ADVERTISE_CLIENT_URLS: url(node.address, etcdPorts.client),
        ETCD_LISTEN_PEER_URLS: url(node.address, etcdPorts.peer),
        ETCD_INITIAL_ADVERTISE_PEER_URLS: url(node.address, etcdPorts.peer),
        // Health and metrics without a certificate, for this machine only.
        ETCD_LISTEN_METRICS_URLS: `http://127.0.0.1:${etcdPorts.metrics}`,
        ETCD_CLIENT_CERT_AUTH: "true",
        ETCD_TRUSTED_CA_FILE: paths.etcdCa,
        ETCD_CERT_FILE: server.certificate,
        ETCD_KEY_FILE: server.key,
        ETCD_PEER_CLIENT_CERT_AUTH: "true",
        ETCD_PEER_TRUSTED_CA_FILE: paths.etcdCa,
        ETCD_PEER_CERT_FILE: peer.certificate,
        ETCD_PEER_KEY_FILE: peer.key,
        ETCD_TLS_MIN_VERSION: "TLS1.2",
        ETCD_CIPHER_SUITES: tlsCipherSuites.join(","),
        ETCD_STRICT_RECONFIG_CHECK: "true",
    };
}

/**
 * Milliseconds, where a disk is slow: a leader that waits for its disk must not be taken for dead. Members must agree, so
 * one slow disk is everybody's. https://etcd.io/docs/v3.6/tuning/#time-parameters
 */
function patience(members: readonly NodeSpec[]): Record<string, string> {
    return members.some(({ disk }) => disk === "slow")
        ? { ETCD_HEARTBEAT_INTERVAL: "500", ETCD_ELECTION_TIMEOUT: "5000" }
        : {};
}

function unit(): string {
    return unitText({
        Unit: {
            Description: "etcd, the memory of the Kubernetes cluster",
            Documentation: "https://etcd.io/docs/",
            After: "network-online.target",
            Wants: "network-online.target",
            ...neverGiveUp,
        },
        Service: {
            Type: "notify",
            User: etcdUser,
            Group: etcdUser,
            EnvironmentFile: [`-${paths.etcdVariables}`, `-${paths.etcdInitialVariables}`],
            ExecStart: `${paths.etcd}/etcd`,
            ...respawn,
            NoNewPrivileges: "yes",
            TimeoutStartSec: "300",
            TimeoutStopSec: "30",
        },
    });
}
