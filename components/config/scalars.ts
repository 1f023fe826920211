import { z } from "zod";

import { nodePortRange } from "../inventory/ports";

// The forms that settings take, each with the words for one that doesn't fit.

/** A DNS-1123 label: what Kubernetes allows as a node's or a namespace's name. */
export const label = z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be lower-case letters, digits and dashes, at most 63 (DNS-1123)");

export const domain = z
    .string()
    .max(200)
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/,
        'must be a domain such as "hex.k8s.local": lower-case labels joined by dots',
    );

export const port = z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535");

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
export const address = z
    .string()
    .regex(new RegExp(`^${octet}(\\.${octet}){3}$`), 'must be an IPv4 address such as "192.168.1.11"');
export const cidr = z
    .string()
    .regex(
        new RegExp(`^${octet}(\\.${octet}){3}/([89]|[12]\\d|30)$`),
        'must be an IPv4 network such as "10.244.0.0/16"',
    );

/** Digits and dots alone are meant as an address. */
export const host = z
    .string()
    .max(200)
    .regex(
        new RegExp(
            `^(${octet}(\\.${octet}){3}|(?![\\d.]+$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$`,
        ),
        'must be an IPv4 address or a name such as "k8s.example.org", in lower case',
    );

/** What Linux allows, without what would have to be quoted somewhere. */
export const networkInterface = z
    .string()
    .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]{0,14}$/, 'must be a network interface such as "eth0"');

/** https://github.com/distribution/reference: a name and a tag; a digest is what the mirror finds. */
const pathPart = "[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*";
export const imageReference = z
    .string()
    .regex(
        new RegExp(`^([A-Za-z0-9.-]+(:\\d+)?/)?${pathPart}(/${pathPart})*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`),
        'must be an image\'s name with a tag, such as "example.org/shop:1.4"',
    );

/** A network, or a first and a last address: that the last isn't before the first is checked elsewhere. */
export const addressRange = z
    .string()
    .regex(
        new RegExp(`^${octet}(\\.${octet}){3}(/(2[0-9]|3[0-2])| *- *${octet}(\\.${octet}){3})$`),
        'must be a range such as "192.168.1.200-192.168.1.219", or a network such as "192.168.1.208/28"',
    );

export const version = z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a version without "v", such as "1.36.3"');

/** Fields laid over a configuration file; what they may be is that file's business. */
export const overrides = z.record(z.string(), z.unknown());

export const count = z.int("must be a whole number").min(0, "must not be negative");

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const word = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
export const labelKey = z
    .string()
    .regex(
        new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${word}$`),
        'must be a label\'s key such as "disk" or "example.org/disk"',
    );
export const labelValue = z
    .string()
    .regex(new RegExp(`^(${word})?$`), "must be at most 63 letters, digits, dashes, dots and underscores");

/** What kube-proxy may publish on every node: https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport */
const inRange = `must be ${nodePortRange.first} to ${nodePortRange.last}, the range of node ports`;
export const nodePort = z
    .int("must be a whole number")
    .min(nodePortRange.first, inRange)
    .max(nodePortRange.last, inRange);

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const quantity = z.string().regex(/^[1-9]\d*(Mi|Gi|Ti|M|G|T)$/, 'must be a size such as "1Gi"');

export const printable = z
    .string()
    .regex(/^[!-~]{1,256}$/, "must be 1 to 256 letters, digits and signs, without spaces");

/** An absolute path of some depth: not `/`, and nothing that climbs. */
export const folder = z
    .string()
    .regex(/^(\/[A-Za-z0-9_][-A-Za-z0-9_.]*)+$/, 'must be an absolute path such as "/opt/local-path-provisioner"');

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file */
export const duration = z.string().regex(/^[1-9]\d*[hdwy]$/, 'must be a time such as "36h" or "15d"');

/** Without a user: it stands in files that everybody on a machine may read, and in its services' environment. */
export const proxy = z
    .string()
    .regex(
        /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?\/?$/,
        'must be a proxy such as "http://proxy.example.com:3128"; a user and a password can\'t be in it, since everybody ' +
            "on a machine may read it: let the proxy know the machines by their addresses",
    );

export const noProxy = z
    .string()
    .regex(
        /^[A-Za-z0-9.*/-]+$/,
        'must be a host, a domain or a network, such as "registry.lan", ".lan" or "10.0.0.0/8"',
    );
