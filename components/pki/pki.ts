import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, controlPlanes, isControlPlane, NodeSpec, operatorEndpoint } from "../inventory";
import { kubeconfig } from "../render/kubeconfig";
import { digestOf, render } from "../render/manifest";
import { AccountKeys } from "./accountKeys";
import {
    adminCertificate,
    AuthorityName,
    authorityNames,
    CertificateSpec,
    controlPlaneCertificates,
    operatorCertificate,
    Served,
    servingCertificate,
} from "./certificates";
import { controlPlaneCredentials, KeyPair, workerCredentials } from "./credentials";
import { trustedBy } from "./generations";
import { Authority, Certificate, makeKey } from "./issue";
import { derivedSecret, encryptionConfig, fingerprintOf } from "./secrets";

/** A secret for one purpose, which stays as it is. */
export type Derive = (purpose: string) => pulumi.Output<string>;

export interface PkiArgs {
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    /** The control plane that kubeconfigs lead to where the configuration names no address. Default: the first. */
    readonly through?: NodeSpec;
}

/** What a server in the cluster shows, and by what others know it. PEM texts. */
export interface ServingCertificate {
    /** Public. */
    readonly certificate: pulumi.Output<string>;
    /** Secret. */
    readonly key: pulumi.Output<string>;
    /** The authority's certificate: whoever calls checks against it. Public. */
    readonly authority: pulumi.Output<string>;
    /** RFC 3339. `up` makes a new certificate before, with the same key. */
    readonly expiry: pulumi.Output<string>;
}

/** Makes the certificate of one server, below the component that runs it. */
export type Serve = (served: Served, parent: pulumi.Resource) => ServingCertificate;

interface Issued {
    readonly spec: CertificateSpec;
    readonly certificate: Certificate;
}

type Authorities = Readonly<Record<AuthorityName, Authority>>;

/**
 * Keys and certificates of a cluster: three authorities, what they sign for each control plane, and the operator's.
 *
 * While the authorities are rotated there are two generations of them: all are trusted, one signs. Kubelets make their
 * own keys on their nodes, so that a worker costs no resource here.
 */
export class Pki extends pulumi.ComponentResource {
    /** SHA-256 of the certificate of the cluster's authority that signs, hexadecimal, public. */
    readonly fingerprint: pulumi.Output<string>;
    /** The same of each that is trusted, the oldest first. */
    readonly fingerprints: pulumi.Output<string[]>;
    /** What the program reaches the API with, a secret. */
    readonly adminKubeconfig: pulumi.Output<string>;
    /** The operator's, a secret: the same, unless the operator's certificate is to end sooner. */
    readonly operatorKubeconfig: pulumi.Output<string>;

    private readonly name: string;
    private readonly args: PkiArgs;
    /** By generation, the oldest first. */
    private readonly generations: ReadonlyMap<number, Authorities>;
    /** Those that sign. */
    private readonly authorities: Authorities;
    private readonly admin: Certificate;
    private readonly operator?: Certificate;
    private readonly accountKeys: AccountKeys;
    private readonly atRest: tls.PrivateKey;
    private readonly encryption: pulumi.Output<string>;
    private readonly issued = new Map<string, readonly Issued[]>();
    private readonly served: Record<string, pulumi.Output<string>> = {};

    constructor(name: string, args: PkiArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("slipway:pki:Pki", name, {}, opts);
        const { cluster, nodes } = args;
        this.name = name;
        this.args = args;
        const { certificates, encryption } = cluster;
        const authorities = trustedBy(certificates).map((each) => [each, this.makeAuthorities(name, each)] as const);
        this.generations = new Map(authorities);
        this.authorities = this.generations.get(certificates.generation)!;
        this.accountKeys = new AccountKeys(name, cluster, this);
        const { protect } = certificates;
        this.atRest = makeKey(`${name}-encryption-g${encryption.root}`, { parent: this, protect });
        this.encryption = pulumi.secret(this.atRest.privateKeyPem.apply((pem) => encryptionConfig(pem, encryption)));
        this.admin = this.issue(name, adminCertificate(cluster));
        const { operatorHours } = certificates;
        if (operatorHours !== undefined) {
            this.operator = this.issue(name, operatorCertificate(cluster, operatorHours));
        }
        for (const node of controlPlanes(nodes)) {
            const specs = controlPlaneCertificates(cluster, node);
            this.issued.set(
                node.name,
                specs.map((spec) => ({ spec, certificate: this.issue(`${name}-${node.name}`, spec) })),
            );
        }
        this.fingerprint = this.authorities.cluster.certificate.apply(fingerprintOf);
        const all = authorities.map(([, { cluster }]) => cluster.certificate.apply(fingerprintOf));
        this.fingerprints = pulumi.all(all);
        this.adminKubeconfig = this.kubeconfigOf(this.admin);
        this.operatorKubeconfig = this.operator ? this.kubeconfigOf(this.operator) : this.adminKubeconfig;
        this.registerOutputs({ fingerprint: this.fingerprint, expiries: this.expiries });
    }

    /**
     * The manifest of a node's credentials step, a secret.
     *
     * @param token a worker's bootstrap token "id.secret"; used until the node has a certificate
     */
    credentialsFor(node: NodeSpec, token?: pulumi.Input<string>): pulumi.Output<string> {
        const { cluster } = this.args;
        if (!isControlPlane(node)) {
            const inputs = pulumi.all([this.bundle("cluster"), pulumi.output(token)]);
            return pulumi.secret(inputs.apply(([ca, text]) => render(workerCredentials(cluster, ca, text))));
        }
        const issued = this.issuedTo(node).map(({ spec, certificate }) =>
            pair(certificate).apply((texts) => ({ spec, ...texts })),
        );
        const manifest = pulumi
            .all([
                pulumi.all(authorityNames.map((name) => this.bundle(name))),
                pair(this.authorities.cluster),
                pair(this.admin),
                pulumi.all([this.accountKeys.checking, this.accountKeys.signing]),
                this.encryption,
                pulumi.all(issued),
            ])
            .apply(([[trusted, etcdTrusted, frontProxyTrusted], signer, admin, account, encryption, all]) =>
                render(
                    controlPlaneCredentials(cluster, {
                        trusted: { cluster: trusted, etcd: etcdTrusted, "front-proxy": frontProxyTrusted },
                        signer,
                        admin,
                        serviceAccount: { publicKeys: account[0], key: account[1] },
                        encryption,
                        issued: all,
                    }),
                ),
            );
        return pulumi.secret(manifest);
    }

    /**
     * A public digest of what `credentialsFor` holds, of certificates and public keys only: as an argument of a step
     * it shows in a preview that credentials change, without a word of them.
     */
    digestFor(node: NodeSpec): pulumi.Output<string> {
        const own = isControlPlane(node)
            ? [
                  ...authorityNames.map((name) => this.bundle(name)),
                  this.admin.certificate,
                  this.accountKeys.checking,
                  ...this.issuedTo(node).map(({ certificate }) => certificate.certificate),
              ]
            : [this.bundle("cluster")];
        return pulumi.all(own).apply((texts) => digestOf(...texts));
    }

    /** A certificate of the cluster's authority for a server that runs in the cluster, below the component that runs it. */
    serve(served: Served, parent: pulumi.Resource): ServingCertificate {
        const spec = servingCertificate(this.args.cluster, served);
        const { certificate, key, expiry } = this.issue(this.name, spec, parent);
        this.served[`${served.namespace}/${served.service}`] = expiry;
        return { certificate, key, expiry, authority: this.bundle("cluster") };
    }

    /**
     * 256 bits in hexadecimal that stay as they are as long as the cluster lives, a secret.
     *
     * @param purpose what they are for: another purpose has other bits
     */
    secret(purpose: string): pulumi.Output<string> {
        return pulumi.secret(this.atRest.privateKeyPem.apply((pem) => derivedSecret(pem, purpose)));
    }

    /** The certificates of all authorities of this name that are trusted, the oldest first. */
    private bundle(name: AuthorityName): pulumi.Output<string> {
        const certificates = [...this.generations.values()].map((authorities) => authorities[name].certificate);
        return certificates.length === 1 ? certificates[0] : pulumi.all(certificates).apply((texts) => texts.join(""));
    }

    /** The digest of whom nodes and pods trust: another one wants pods that know it. Public. */
    get trust(): pulumi.Output<string> {
        return this.bundle("cluster").apply((text) => digestOf(text));
    }

    private makeAuthorities(name: string, generation: number): Authorities {
        const { name: cluster, certificates } = this.args.cluster;
        const { authorityHours } = certificates;
        // One that doesn't sign is on its way in or out.
        const protect = certificates.protect && generation === certificates.generation;
        const make = (authority: AuthorityName) =>
            new Authority(
                `${name}-${authority}-ca-g${generation}`,
                { commonName: `${cluster}-${authority}-ca-g${generation}`, hours: authorityHours, protect },
                { parent: this },
            );
        return { cluster: make("cluster"), etcd: make("etcd"), "front-proxy": make("front-proxy") };
    }

    private issue(prefix: string, spec: CertificateSpec, parent: pulumi.Resource = this): Certificate {
        const { generation, hours, renewHours } = this.args.cluster.certificates;
        return new Certificate(
            `${prefix}-${spec.name}-g${generation}`,
            {
                spec,
                authority: this.authorities[spec.authority],
                // In proportion, for one that lives shorter than the others.
                renewHours: Math.floor((renewHours * spec.hours) / hours),
            },
            { parent },
        );
    }

    private issuedTo(node: NodeSpec): readonly Issued[] {
        const issued = this.issued.get(node.name);
        if (!issued) {
            throw new Error(`The PKI has no certificates for ${node.name}: it is not among the nodes it was made for.`);
        }
        return issued;
    }

    private kubeconfigOf(user: Certificate): pulumi.Output<string> {
        const { cluster, nodes, through } = this.args;
        const inputs = pulumi.all([this.bundle("cluster"), pair(user)]);
        return pulumi.secret(
            inputs.apply(([authority, { certificate, key }]) =>
                kubeconfig({
                    name: cluster.name,
                    server: operatorEndpoint(cluster, nodes, through).url,
                    serverName: clusterEndpoint(cluster).host,
                    authority: { pem: authority },
                    user: { certificate: { pem: certificate }, key: { pem: key } },
                }),
            ),
        );
    }

    /** When each certificate so far ends, RFC 3339, by "cluster-ca", "admin", "<node>/apiserver" or what is served. */
    get expiries(): pulumi.Output<Record<string, string>> {
        const all: Record<string, pulumi.Output<string>> = { admin: this.admin.expiry, ...this.served };
        if (this.operator) {
            all.operator = this.operator.expiry;
        }
        for (const name of authorityNames) {
            all[`${name}-ca`] = this.authorities[name].expiry;
        }
        for (const [node, issued] of this.issued) {
            for (const { spec, certificate } of issued) {
                all[`${node}/${spec.name}`] = certificate.expiry;
            }
        }
        return pulumi.all(all);
    }
}

function pair(source: { certificate: pulumi.Output<string>; key: pulumi.Output<string> }): pulumi.Output<KeyPair> {
    return pulumi.all([source.certificate, source.key]).apply(([certificate, key]) => ({ certificate, key }));
}
