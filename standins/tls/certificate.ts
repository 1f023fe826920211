/** What self-signed and locally signed certificates have in common: issuing, and renewing in time. */
import { randomBytes } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { changes } from "../diff";
import type { CheckFailure, DiffResult, ResourceHandler } from "../provider";
import { UNKNOWN, type Values } from "../values";
import type { Signer } from "./keys";
import { usageExtensions, usageFailures } from "./usages";

const hour = 3_600_000;

/** What is to be certified, by whom. */
export interface Issue {
    /** `allowedUses`, `validityPeriodHours`, `isCaCertificate`, `maxPathLength`, `setSubjectKeyId`. */
    inputs: Values;
    subject: x509.JsonName;
    alternativeNames?: x509.Extension;
    publicKey: x509.PublicKeyType;
    signer: Signer;
    /** Absent: it signs itself. */
    authority?: x509.X509Certificate;
}

/** RFC 3339, in seconds: certificates know no fractions. */
const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

const subjectKeyId = (certificate: x509.X509Certificate): string | undefined =>
    certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;

/** Go's crypto/x509 names the authority's key wherever issuer and subject differ and the authority has an identifier. */
async function authorityKeyId({ inputs, authority, publicKey }: Issue): Promise<x509.Extension | undefined> {
    if (!authority) {
        return inputs.setAuthorityKeyId ? x509.AuthorityKeyIdentifierExtension.create(publicKey) : undefined;
    }
    const keyId = subjectKeyId(authority);
    return keyId ? new x509.AuthorityKeyIdentifierExtension(keyId) : undefined;
}

async function extensionsOf(issue: Issue): Promise<x509.Extension[]> {
    const { inputs, alternativeNames, publicKey } = issue;
    const isAuthority = inputs.isCaCertificate === true;
    const pathLength = isAuthority && inputs.maxPathLength > 0 ? inputs.maxPathLength : undefined;
    const withKeyId = isAuthority || inputs.setSubjectKeyId === true;
    const extensions = [
        ...usageExtensions(inputs.allowedUses),
        new x509.BasicConstraintsExtension(isAuthority, pathLength, true),
        withKeyId ? await x509.SubjectKeyIdentifierExtension.create(publicKey) : undefined,
        await authorityKeyId(issue),
        alternativeNames,
    ];
    return extensions.filter((extension) => extension !== undefined);
}

/** Issues a certificate; what comes back are its outputs and its serial number, which is the resource's id. */
export async function issue(issue: Issue): Promise<{ id: string; outputs: Values }> {
    const { inputs, subject, authority, signer } = issue;
    if (inputs.isCaCertificate && subject.length === 0) {
        throw new Error("The certificate of an authority needs a subject with at least one name.");
    }
    const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
    const notAfter = new Date(notBefore.getTime() + inputs.validityPeriodHours * hour);
    const serial = randomBytes(16);
    serial[0]! &= 0x7f;
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString("hex"),
        subject,
        issuer: authority ? authority.subjectName : subject,
        notBefore,
        notAfter,
        publicKey: issue.publicKey,
        signingKey: signer.keys.privateKey,
        signingAlgorithm: signer.algorithm,
        extensions: await extensionsOf(issue),
    });
    return {
        id: BigInt(`0x${serial.toString("hex")}`).toString(),
        outputs: {
            certPem: `${certificate.toString("pem")}\n`,
            validityStartTime: timeOf(notBefore),
            validityEndTime: timeOf(notAfter),
            readyForRenewal: false,
        },
    };
}

/** Output values where the program leaves inputs open. */
export const defaults = { earlyRenewalHours: 0, isCaCertificate: false, setSubjectKeyId: false };

/** Outputs that are only known once the certificate is there. */
export const unknown = {
    certPem: UNKNOWN,
    validityStartTime: UNKNOWN,
    validityEndTime: UNKNOWN,
    readyForRenewal: false,
};

/** What is wrong with the inputs that both kinds have. */
export function failures(inputs: Values): CheckFailure[] {
    const hours = inputs.validityPeriodHours;
    const wrong = hours !== UNKNOWN && (typeof hours !== "number" || hours < 0);
    const reason = "'validityPeriodHours' must be a number of hours.";
    const found = wrong ? [{ property: "validityPeriodHours", reason }] : [];
    // Keys that are never stored need support that only Pulumi's own plugin has.
    const writeOnly = Object.keys(inputs).filter((key) => /PemWo(Version)?$/.test(key));
    const refused = writeOnly.map((property) => ({ property, reason: `The tls stand-in has no '${property}'.` }));
    return [...found, ...refused, ...usageFailures(inputs.allowedUses)];
}

/** Whether a certificate is past its end, or within the hours before it in which it is to be renewed. */
export function isDue({ validityEndTime }: Values, earlyRenewalHours: number): boolean {
    const end = Date.parse(validityEndTime);
    return !Number.isNaN(end) && end - earlyRenewalHours * hour <= Date.now();
}

/** Diff, read and update of a certificate: everything replaces it but `earlyRenewalHours`; so does the time. */
export const lifecycle: Pick<ResourceHandler, "diff" | "update" | "read"> = {
    diff({ oldInputs, oldOutputs, inputs }): DiffResult {
        const found = changes(oldInputs, inputs);
        const replace = Object.keys(found).filter((path) => path !== "earlyRenewalHours");
        const early = typeof inputs.earlyRenewalHours === "number" ? inputs.earlyRenewalHours : 0;
        if (!isDue(oldOutputs, early)) return { changes: found, replace };
        return { changes: { ...found, readyForRenewal: "update" }, replace: [...replace, "readyForRenewal"] };
    },
    async update({ inputs, oldOutputs }) {
        return { outputs: { ...oldOutputs, earlyRenewalHours: 0, ...inputs } };
    },
    async read({ id, inputs, outputs }) {
        const due = isDue(outputs, outputs.earlyRenewalHours ?? 0);
        return { id, inputs, outputs: due ? { ...outputs, readyForRenewal: true } : outputs };
    },
};
