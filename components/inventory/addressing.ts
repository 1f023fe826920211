/** An IPv4 network: its first address as a number, and the length of its prefix. */
export interface Network {
    readonly base: number;
    readonly prefix: number;
}

/** The prefix length of each node's share of the pods' network. */
export const nodePrefix = 24;

export function parseAddress(address: string): number {
    const octets = address.split(".").map(Number);
    if (octets.length !== 4 || octets.some((octet) => !Number.isInteger(octet) || octet < 0 || octet > 255)) {
        throw new Error(`"${address}" is not an IPv4 address such as "192.168.1.11".`);
    }
    return octets.reduce((number, octet) => number * 256 + octet, 0);
}

export function formatAddress(number: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Reads "10.96.0.0/16"; an address inside the network counts as the network. */
export function parseCidr(cidr: string): Network {
    const [address, length, ...rest] = cidr.split("/");
    const prefix = Number(length);
    if (!length || rest.length > 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > 32) {
        throw new Error(`"${cidr}" is not an IPv4 network such as "10.244.0.0/16".`);
    }
    const size = 2 ** (32 - prefix);
    return { base: Math.floor(parseAddress(address) / size) * size, prefix };
}

export function sizeOf(network: Network): number {
    return 2 ** (32 - network.prefix);
}

export function formatCidr(network: Network): string {
    return `${formatAddress(network.base)}/${network.prefix}`;
}

export function overlaps(left: string, right: string): boolean {
    const [a, b] = [parseCidr(left), parseCidr(right)];
    return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** Addresses from the first to the last one, as numbers. */
export interface AddressRange {
    readonly first: number;
    readonly last: number;
}

/** Reads "10.0.0.8/29" or "10.0.0.8-10.0.0.15". */
export function parseRange(text: string): AddressRange {
    const [first, last] = text.split("-").map((part) => part.trim());
    if (last !== undefined) {
        return { first: parseAddress(first), last: parseAddress(last) };
    }
    const network = parseCidr(first);
    return { first: network.base, last: network.base + sizeOf(network) - 1 };
}

export function rangesOverlap(left: AddressRange, right: AddressRange): boolean {
    return left.first <= right.last && right.first <= left.last;
}

export function contains(cidr: string, address: string): boolean {
    return overlaps(cidr, `${address}/32`);
}

/** The nth address of the services' network. */
export function serviceIp(serviceCidr: string, n: number): string {
    const network = parseCidr(serviceCidr);
    if (n >= sizeOf(network)) {
        throw new Error(`The network ${serviceCidr} has no address number ${n}: choose a larger one.`);
    }
    return formatAddress(network.base + n);
}

/** The first address: the `kubernetes` service. The API server takes it by itself. */
export const apiServiceIp = (serviceCidr: string): string => serviceIp(serviceCidr, 1);

/** The tenth address: DNS, as every installer has it. */
export const dnsServiceIp = (serviceCidr: string): string => serviceIp(serviceCidr, 10);

/** How many nodes the pods' network has room for. */
export function nodeCapacity(podCidr: string): number {
    const { prefix } = parseCidr(podCidr);
    return prefix > nodePrefix ? 0 : 2 ** (nodePrefix - prefix);
}
