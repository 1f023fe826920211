import { z } from "zod";

import {
    AddressRange,
    contains,
    formatAddress,
    formatCidr,
    parseAddress,
    parseCidr,
    parseRange,
    rangesOverlap,
} from "../inventory/addressing";
import { addonsSchema, removeSchema } from "./addons";
import { pathOf } from "./problems";

/** What the add-ons have to fit to, as far as it is in the right form. */
export interface Surroundings {
    readonly network?: { readonly podCidr: string; readonly serviceCidr: string };
    /** cluster.kubeProxy, as it was written. */
    readonly kubeProxy?: unknown;
    /** The nodes' addresses. Empty where a lab makes the nodes. */
    readonly addresses: readonly string[];
}

/** What doesn't fit together about `slipway:addons` and `slipway:remove`, as they were written; each with its path. */
export function addonProblems(addons: unknown, remove: unknown, around: Surroundings): string[] {
    const on = record(addons);
    const pool = addonsSchema.shape.metallb.safeParse(on.metallb);
    return [
        ...(pool.success && pool.data && around.network
            ? poolProblems(pool.data, around.network, around.addresses)
            : []),
        ...(on.metallb === undefined ? [] : proxyProblems(around.kubeProxy)),
        ...storageProblems(on),
        ...removeProblems(on, remove),
    ];
}

/** Problems of MetalLB's pool. Without addresses of nodes, only what can be said without. */
export function poolProblems(
    { addresses, network }: { readonly addresses: readonly string[]; readonly network?: string },
    { podCidr, serviceCidr }: { readonly podCidr: string; readonly serviceCidr: string },
    nodes: readonly string[],
): string[] {
    const ranges = addresses.map((text, index) => ({ text, at: pathOf(["addons", "metallb", "addresses", index]) }));
    const parsed = ranges.map((one) => ({ ...one, range: parseRange(one.text) }));
    const link = network ?? linkOf(nodes);
    return parsed.flatMap(({ text, at, range }, index) => {
        if (range.last < range.first) {
            const turned = `${formatAddress(range.last)}-${formatAddress(range.first)}`;
            return [`${at} ${text} ends before it begins: write ${turned}.`];
        }
        const other = parsed.slice(0, index).find((one) => rangesOverlap(one.range, range));
        const taken = nodes.find((node) => isIn(range, node));
        return [
            ...Object.entries({ podCidr, serviceCidr })
                .filter(([, cidr]) => rangesOverlap(range, parseRange(cidr)))
                .map(([name, cidr]) => `${at} ${text} overlaps cluster.network.${name} ${cidr}.`),
            ...(other ? [`${at} ${text} overlaps ${other.at} ${other.text}.`] : []),
            ...(taken ? [`${at} ${text} holds the address ${taken} of a node.`] : []),
            ...(link && !isWithin(range, link)
                ? [
                      `${at} ${text} lies outside of the nodes' network ${link}, where nobody would ask for it. ` +
                          `If the network is larger, say so: addons.metallb.network.`,
                  ]
                : []),
        ];
    });
}

/** The smallest network with every node's address, a /24 at least: nobody says how large theirs is. */
function linkOf(nodes: readonly string[]): string | undefined {
    if (nodes.length === 0) {
        return undefined;
    }
    for (let prefix = 24; ; prefix--) {
        const network = formatCidr(parseCidr(`${nodes[0]}/${prefix}`));
        if (nodes.every((node) => contains(network, node))) {
            return network;
        }
    }
}

const isIn = ({ first, last }: AddressRange, address: string) =>
    first <= parseAddress(address) && parseAddress(address) <= last;

function isWithin({ first, last }: AddressRange, cidr: string): boolean {
    const outer = parseRange(cidr);
    return outer.first <= first && last <= outer.last;
}

/** https://metallb.io/installation/#preparation */
function proxyProblems(kubeProxy: unknown): string[] {
    const { mode, ipvs } = record(kubeProxy);
    return mode === "ipvs" && record(ipvs).strictARP !== true
        ? [
              "addons.metallb and cluster.kubeProxy.mode ipvs exclude each other unless cluster.kubeProxy.ipvs.strictARP is " +
                  "true: every node would answer for every address.",
          ]
        : [];
}

function storageProblems({ monitoring, ...others }: Record<string, unknown>): string[] {
    return record(monitoring).storage !== undefined && others["local-path"] === undefined
        ? ["addons.monitoring.storage needs a volume, and addons.local-path, which makes them, is off."]
        : [];
}

function removeProblems(on: Record<string, unknown>, remove: unknown): string[] {
    const parsed = removeSchema.safeParse(remove ?? []);
    return (parsed.success ? parsed.data : [])
        .filter((name) => on[name] !== undefined)
        .map((name) => `remove names ${name}, but addons.${name} is on: take it out of one of the two.`);
}

const record = (value: unknown): Record<string, unknown> => {
    const parsed = z.record(z.string(), z.unknown()).safeParse(value);
    return parsed.success ? parsed.data : {};
};
