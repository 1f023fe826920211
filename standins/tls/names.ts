/** Subjects and alternative names, in inputs and in certificates. */
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import type { CheckFailure } from "../provider";
import { UNKNOWN, type Values } from "../values";

/** In the order in which Go's crypto/x509, and so the genuine plugin, writes a name. */
const attributes: [input: string, type: string][] = [
    ["country", "2.5.4.6"],
    ["organization", "2.5.4.10"],
    ["organizationalUnit", "2.5.4.11"],
    ["locality", "2.5.4.7"],
    ["province", "2.5.4.8"],
    ["streetAddresses", "2.5.4.9"],
    ["postalCode", "2.5.4.17"],
    ["commonName", "2.5.4.3"],
    ["serialNumber", "2.5.4.5"],
    ["emailAddress", "1.2.840.113549.1.9.1"],
];

/** The distinguished name of a `subject` input. */
export function nameOf(subject: Values = {}): x509.JsonName {
    return attributes
        .map(([input, type]) => ({ [type]: [subject[input] ?? []].flat().map(String) }))
        .filter((entry) => Object.values(entry)[0]!.length > 0);
}

/** The extension for names and addresses; undefined when there are none. It is critical when there is no subject. */
export function alternativeNames(inputs: Values, subject: x509.JsonName): x509.Extension | undefined {
    const names: x509.JsonGeneralName[] = [
        ...(inputs.dnsNames ?? []).map((value: string) => ({ type: "dns", value })),
        ...(inputs.ipAddresses ?? []).map((value: string) => ({ type: "ip", value })),
        ...(inputs.uris ?? []).map((value: string) => ({ type: "url", value })),
    ];
    if (names.length === 0) return undefined;
    return new x509.SubjectAlternativeNameExtension(names, subject.length === 0);
}

/** What is wrong with the names of the inputs. */
export function nameFailures({ ipAddresses, subject }: Values): CheckFailure[] {
    const wrong = (Array.isArray(ipAddresses) ? ipAddresses : [])
        .map((address, index) => ({ address, property: `ipAddresses[${index}]` }))
        .filter(({ address }) => address !== UNKNOWN && isIP(address) === 0)
        .map(({ address, property }) => ({ property, reason: `'${String(address)}' is not an IP address.` }));
    const known = attributes.map(([input]) => input);
    const strange = Object.keys(subject && subject !== UNKNOWN ? subject : {})
        .filter((key) => !known.includes(key) && !key.startsWith("__"))
        .map((key) => ({
            property: `subject.${key}`,
            reason: `A subject has no '${key}'. It has: ${known.join(", ")}.`,
        }));
    return [...wrong, ...strange];
}
