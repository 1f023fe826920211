/** The values of `allowedUses` (RFC 5280, 4.2.1.3 and 4.2.1.12). */
import * as x509 from "@peculiar/x509";
import type { CheckFailure } from "../provider";
import { UNKNOWN, type Value } from "../values";

const { KeyUsageFlags: Flags } = x509;

const keyUsages: Record<string, x509.KeyUsageFlags> = {
    digital_signature: Flags.digitalSignature,
    content_commitment: Flags.nonRepudiation,
    key_encipherment: Flags.keyEncipherment,
    data_encipherment: Flags.dataEncipherment,
    key_agreement: Flags.keyAgreement,
    cert_signing: Flags.keyCertSign,
    crl_signing: Flags.cRLSign,
    encipher_only: Flags.encipherOnly,
    decipher_only: Flags.decipherOnly,
};

const extendedUsages: Record<string, string> = {
    any_extended: "2.5.29.37.0",
    server_auth: "1.3.6.1.5.5.7.3.1",
    client_auth: "1.3.6.1.5.5.7.3.2",
    code_signing: "1.3.6.1.5.5.7.3.3",
    email_protection: "1.3.6.1.5.5.7.3.4",
    ipsec_end_system: "1.3.6.1.5.5.7.3.5",
    ipsec_tunnel: "1.3.6.1.5.5.7.3.6",
    ipsec_user: "1.3.6.1.5.5.7.3.7",
    timestamping: "1.3.6.1.5.5.7.3.8",
    ocsp_signing: "1.3.6.1.5.5.7.3.9",
    microsoft_server_gated_crypto: "1.3.6.1.4.1.311.10.3.3",
    netscape_server_gated_crypto: "2.16.840.1.113730.4.1",
    microsoft_commercial_code_signing: "1.3.6.1.4.1.311.2.1.22",
    microsoft_kernel_code_signing: "1.3.6.1.4.1.311.61.1.1",
};

/** The extensions for these uses: key usage is critical, extended key usage isn't. */
export function usageExtensions(uses: string[]): x509.Extension[] {
    const flags = uses.reduce((all, use) => all | (keyUsages[use] ?? 0), 0);
    const extended = uses.map((use) => extendedUsages[use]).filter((type) => type !== undefined);
    return [
        ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
        ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
    ];
}

/** What is wrong with `allowedUses`. */
export function usageFailures(uses: Value): CheckFailure[] {
    if (uses === undefined) return [{ property: "allowedUses", reason: "'allowedUses' is required." }];
    if (!Array.isArray(uses)) return [];
    const known = [...Object.keys(keyUsages), ...Object.keys(extendedUsages)];
    return uses
        .map((use, index) => ({ use, property: `allowedUses[${index}]` }))
        .filter(({ use }) => use !== UNKNOWN && !known.includes(use))
        .map(({ use, property }) => ({
            property,
            reason: `'${String(use)}' is no use of a certificate. There are: ${known.sort().join(", ")}.`,
        }));
}
