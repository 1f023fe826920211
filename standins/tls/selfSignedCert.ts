/** tls:index/selfSignedCert:SelfSignedCert: a certificate that its own key signs; an authority's, mostly. */
import type { ResourceHandler } from "../provider";
import { UNKNOWN, type Values } from "../values";
import { defaults, failures, issue, lifecycle, unknown } from "./certificate";
import { algorithmOf, parseKey, signerOf } from "./keys";
import { alternativeNames, nameFailures, nameOf } from "./names";

const missingKey = ({ privateKeyPem }: Values) =>
    privateKeyPem === undefined ? [{ property: "privateKeyPem", reason: "'privateKeyPem' is required." }] : [];

export const selfSignedCert: ResourceHandler = {
    ...lifecycle,
    check: ({ inputs }) => ({
        inputs,
        failures: [...missingKey(inputs), ...failures(inputs), ...nameFailures(inputs)],
    }),
    async create({ inputs }, { preview }) {
        const all: Values = { ...defaults, setAuthorityKeyId: false, ...inputs };
        if (preview) return { id: "", outputs: { ...all, ...unknown, keyAlgorithm: UNKNOWN } };
        const key = parseKey(inputs.privateKeyPem, "'privateKeyPem'");
        const signer = await signerOf(key);
        const subject = nameOf(inputs.subject);
        const { id, outputs } = await issue({
            inputs: all,
            subject,
            alternativeNames: alternativeNames(inputs, subject),
            publicKey: signer.keys.publicKey,
            signer,
        });
        return { id, outputs: { ...all, ...outputs, keyAlgorithm: algorithmOf(key) } };
    },
};
