/** tls:index/certRequest:CertRequest: a certificate signing request (PKCS #10). */
import { createHash } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { ResourceHandler } from "../provider";
import { UNKNOWN } from "../values";
import { algorithmOf, parseKey, signerOf } from "./keys";
import { alternativeNames, nameFailures, nameOf } from "./names";

export const certRequest: ResourceHandler = {
    replaceOn: "*",
    check: ({ inputs }) => ({
        inputs,
        failures: [
            ...(inputs.privateKeyPem === undefined
                ? [{ property: "privateKeyPem", reason: "'privateKeyPem' is required." }]
                : []),
            ...nameFailures(inputs),
        ],
    }),
    async create({ inputs }, { preview }) {
        if (preview) return { id: "", outputs: { ...inputs, certRequestPem: UNKNOWN, keyAlgorithm: UNKNOWN } };
        const key = parseKey(inputs.privateKeyPem, "'privateKeyPem'");
        const { keys, algorithm } = await signerOf(key);
        const name = nameOf(inputs.subject);
        const names = alternativeNames(inputs, name);
        const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name,
            keys,
            signingAlgorithm: algorithm,
            extensions: names ? [names] : [],
        });
        const id = createHash("sha1").update(Buffer.from(request.rawData)).digest("hex");
        const certRequestPem = `${request.toString("pem")}\n`;
        return { id, outputs: { ...inputs, certRequestPem, keyAlgorithm: algorithmOf(key) } };
    },
};
