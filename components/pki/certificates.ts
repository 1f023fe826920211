import type { ClusterSettings } from "../config/schema";
import { apiServiceIp, clusterEndpoint, NodeSpec, sharedHost } from "../inventory";
import { serviceAccountIssuer } from "../render/apiserver";
import { placeOf } from "./places";

/** Who signs: the cluster's authority, etcd's, or the one of the API server's front proxy. */
export type AuthorityName = "cluster" | "etcd" | "front-proxy";
export const authorityNames: readonly AuthorityName[] = ["cluster", "etcd", "front-proxy"];

export type Usage = "client_auth" | "server_auth";

/** A certificate that exists, in plain words. Its key is ECDSA P-256. */
export interface CertificateSpec {
    /** Name of the files, and last part of the resources' names. */
    readonly name: string;
    readonly authority: AuthorityName;
    /** For a client: its user name. */
    readonly commonName: string;
    /** For a client: its group. */
    readonly organization?: string;
    readonly usages: readonly Usage[];
    readonly dnsNames?: readonly string[];
    readonly ipAddresses?: readonly string[];
    readonly hours: number;
    /** Where it lives on a control plane. Absent: in the state only. */
    readonly files?: { readonly certificate: string; readonly key: string; readonly owner: string };
}

const client = (name: string, commonName: string, organization?: string, authority: AuthorityName = "cluster") => ({
    name,
    authority,
    commonName,
    ...(organization && { organization }),
    usages: ["client_auth"] as const,
    files: placeOf(name),
});

/**
 * The certificates of one control plane; names and groups are Kubernetes' own.
 * https://kubernetes.io/docs/setup/best-practices/certificates/
 */
export function controlPlaneCertificates(cluster: ClusterSettings, node: NodeSpec): CertificateSpec[] {
    const etcdNames = { dnsNames: [node.name, "localhost"], ipAddresses: unique([node.address, "127.0.0.1"]) };
    const specs: Omit<CertificateSpec, "hours">[] = [
        {
            name: "apiserver",
            authority: "cluster",
            commonName: "kube-apiserver",
            usages: ["server_auth"],
            ...apiNames(cluster, node),
            files: placeOf("apiserver"),
        },
        client("apiserver-etcd-client", "kube-apiserver-etcd-client", undefined, "etcd"),
        // Gets its rights on kubelets from a ClusterRoleBinding of components/access.
        client("apiserver-kubelet-client", "kube-apiserver-kubelet-client"),
        client("front-proxy-client", "front-proxy-client", undefined, "front-proxy"),
        client("controller-manager", "system:kube-controller-manager"),
        client("scheduler", "system:kube-scheduler"),
        {
            name: "etcd-server",
            authority: "etcd",
            commonName: node.name,
            usages: ["server_auth", "client_auth"],
            ...etcdNames,
            files: placeOf("etcd-server"),
        },
        {
            name: "etcd-peer",
            authority: "etcd",
            commonName: node.name,
            usages: ["server_auth", "client_auth"],
            ...etcdNames,
            files: placeOf("etcd-peer"),
        },
    ];
    return specs.map((spec) => ({ ...spec, hours: cluster.certificates.hours }));
}

/**
 * The administrator's certificate, of the control planes, of the program and of the operator. Its group is Kubernetes'
 * built-in one that may do everything, because somebody has to bind the first role; give people short-lived certificates
 * of other groups.
 */
export function adminCertificate(cluster: ClusterSettings): CertificateSpec {
    return {
        name: "admin",
        authority: "cluster",
        commonName: `${cluster.name}-admin`,
        organization: "system:masters",
        usages: ["client_auth"],
        hours: cluster.certificates.hours,
    };
}

/** The operator's own, where it shall end sooner than the program's. */
export function operatorCertificate(cluster: ClusterSettings, hours: number): CertificateSpec {
    return { ...adminCertificate(cluster), name: "operator", commonName: `${cluster.name}-operator`, hours };
}

/** What runs in the cluster and shows a certificate of the cluster's own authority to those who call it. */
export interface Served {
    /** The Service that they call, and its namespace. */
    readonly service: string;
    readonly namespace: string;
    /** Addresses by which it is called, too. */
    readonly ipAddresses?: readonly string[];
}

/** For a server that runs in a pod. It is no client: its name gives no rights. */
export function servingCertificate(cluster: ClusterSettings, served: Served): CertificateSpec {
    const { service, namespace, ipAddresses } = served;
    const name = `${service}.${namespace}`;
    return {
        name: `${namespace}-${service}`,
        authority: "cluster",
        commonName: `${name}.svc`,
        usages: ["server_auth"],
        dnsNames: [service, name, `${name}.svc`, `${name}.svc.${cluster.domain}`],
        ...(ipAddresses && { ipAddresses }),
        hours: cluster.certificates.hours,
    };
}

/** Every name and address by which somebody may call the API on this machine. */
function apiNames(cluster: ClusterSettings, node: NodeSpec) {
    const { api, domain, network } = cluster;
    const called = [api.operator.host, sharedHost(api)].filter((host) => host !== undefined);
    const isAddress = (host: string) => /^[\d.]+$/.test(host);
    return {
        dnsNames: unique([
            clusterEndpoint(cluster).host,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            new URL(serviceAccountIssuer(domain)).hostname,
            "localhost",
            node.name,
            ...called.filter((host) => !isAddress(host)),
        ]),
        ipAddresses: unique([
            apiServiceIp(network.serviceCidr),
            "127.0.0.1",
            node.address,
            ...called.filter(isAddress),
        ]),
    };
}

function unique(values: readonly string[]): string[] {
    return [...new Set(values)];
}
