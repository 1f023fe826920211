import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { CertificateSpec } from "./certificates";

/** P-256: what every client here knows, with the shortest keys and the quickest signatures. */
const keyType = { algorithm: "ECDSA", ecdsaCurve: "P256" } as const;

export function makeKey(name: string, opts: pulumi.CustomResourceOptions): tls.PrivateKey {
    return new tls.PrivateKey(name, keyType, opts);
}

export interface AuthorityArgs {
    readonly commonName: string;
    readonly hours: number;
    /** Refuse to delete it: what it signed would have to be made anew everywhere. */
    readonly protect: boolean;
}

/** A certificate authority of the cluster's own. */
export class Authority extends pulumi.ComponentResource {
    /** PEM, public. */
    readonly certificate: pulumi.Output<string>;
    /** PEM, secret. */
    readonly key: pulumi.Output<string>;
    /** RFC 3339. */
    readonly expiry: pulumi.Output<string>;

    constructor(name: string, args: AuthorityArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:pki:Authority", name, {}, opts);
        const child = { parent: this, protect: args.protect };
        const key = makeKey(`${name}-key`, child);
        this.key = pulumi.secret(key.privateKeyPem);
        const certificate = new tls.SelfSignedCert(
            `${name}-certificate`,
            {
                privateKeyPem: this.key,
                subject: { commonName: args.commonName },
                isCaCertificate: true,
                setSubjectKeyId: true,
                setAuthorityKeyId: true,
                allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
                validityPeriodHours: args.hours,
            },
            child,
        );
        this.certificate = pulumi.unsecret(certificate.certPem);
        this.expiry = pulumi.unsecret(certificate.validityEndTime);
        this.registerOutputs({});
    }
}

export interface CertificateArgs {
    readonly spec: CertificateSpec;
    readonly authority: Authority;
    /** `up` makes a new certificate this long before the old one ends. */
    readonly renewHours: number;
}

/** A key and its certificate. A renewal keeps the key. */
export class Certificate extends pulumi.ComponentResource {
    /** PEM, public. */
    readonly certificate: pulumi.Output<string>;
    /** PEM, secret. */
    readonly key: pulumi.Output<string>;
    /** RFC 3339. */
    readonly expiry: pulumi.Output<string>;

    constructor(name: string, args: CertificateArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:pki:Certificate", name, {}, opts);
        const { spec, authority, renewHours } = args;
        const child = { parent: this };
        const key = makeKey(`${name}-key`, child);
        this.key = pulumi.secret(key.privateKeyPem);
        const request = new tls.CertRequest(
            `${name}-request`,
            {
                privateKeyPem: this.key,
                subject: {
                    commonName: spec.commonName,
                    ...(spec.organization && { organization: spec.organization }),
                },
                ...(spec.dnsNames && { dnsNames: [...spec.dnsNames] }),
                ...(spec.ipAddresses && { ipAddresses: [...spec.ipAddresses] }),
            },
            child,
        );
        const certificate = new tls.LocallySignedCert(
            `${name}-certificate`,
            {
                certRequestPem: request.certRequestPem,
                caCertPem: authority.certificate,
                caPrivateKeyPem: authority.key,
                allowedUses: ["digital_signature", ...spec.usages],
                validityPeriodHours: spec.hours,
                earlyRenewalHours: renewHours,
                setSubjectKeyId: true,
            },
            child,
        );
        this.certificate = pulumi.unsecret(certificate.certPem);
        this.expiry = pulumi.unsecret(certificate.validityEndTime);
        this.registerOutputs({});
    }
}
