/** tls:index/locallySignedCert:LocallySignedCert: a certificate that an authority, whose key we have, signs. */
import * as x509 from "@peculiar/x509";
import type { CheckFailure, ResourceHandler } from "../provider";
import { UNKNOWN, type Values } from "../values";
import { defaults, failures, issue, lifecycle, unknown } from "./certificate";
import { algorithmOf, parseKey, signerOf } from "./keys";

/** The object identifier of the extension for alternative names. */
const subjectAltName = "2.5.29.17";

function parse<Result>(what: string, read: () => Result): Result {
    try {
        return read();
    } catch {
        throw new Error(`${what} is not in PEM format.`);
    }
}

function missing(inputs: Values): CheckFailure[] {
    return ["caCertPem", "caPrivateKeyPem", "certRequestPem"]
        .filter((key) => inputs[key] === undefined)
        .map((property) => ({ property, reason: `'${property}' is required.` }));
}

export const locallySignedCert: ResourceHandler = {
    ...lifecycle,
    check: ({ inputs }) => ({ inputs, failures: [...missing(inputs), ...failures(inputs)] }),
    async create({ inputs }, context) {
        const all: Values = { ...defaults, ...inputs };
        if (context.preview) return { id: "", outputs: { ...all, ...unknown, caKeyAlgorithm: UNKNOWN } };
        const authority = parse("'caCertPem'", () => new x509.X509Certificate(inputs.caCertPem));
        const request = parse(
            "'certRequestPem'",
            () => new x509.Pkcs10CertificateRequest(inputs.certRequestPem as string),
        );
        if (!authority.getExtension(x509.BasicConstraintsExtension)?.ca) {
            context.log("warning", "'caCertPem' is no authority's certificate: what it signs may be refused.");
        }
        const key = parseKey(inputs.caPrivateKeyPem, "'caPrivateKeyPem'");
        const subject = request.subjectName.toJSON();
        const names = request.getExtension(subjectAltName) as x509.SubjectAlternativeNameExtension | null;
        const { id, outputs } = await issue({
            inputs: all,
            subject,
            alternativeNames:
                names === null
                    ? undefined
                    : new x509.SubjectAlternativeNameExtension(names.names.toJSON(), subject.length === 0),
            publicKey: request.publicKey,
            signer: await signerOf(key),
            authority,
        });
        return { id, outputs: { ...all, ...outputs, caKeyAlgorithm: algorithmOf(key) } };
    },
};
