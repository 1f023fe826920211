import { z } from "zod";

import { contains, parseAddress, parseRange } from "../inventory/addressing";
import { addonsSchema } from "./addons";
import type { Machine } from "./claims";
import { pathOf } from "./problems";
import { clusterSchema } from "./schema";

/** What the API's addresses have to fit to, as far as it is in the right form. */
export interface ApiSurroundings {
    readonly network?: { readonly podCidr: string; readonly serviceCidr: string };
    readonly nodes: readonly Machine[];
    /** `slipway:addons`, as it was written. */
    readonly addons: unknown;
}

type Places = z.output<typeof apiPlaces>;

const { virtualAddress, virtualInterface, loadBalancer } = clusterSchema.shape.api.unwrap().shape;
// Each by itself: one that is in the wrong form, which is told elsewhere, doesn't hide what is wrong with another.
const apiPlaces = z.object({
    virtualAddress: virtualAddress.catch(undefined),
    virtualInterface: virtualInterface.catch(undefined),
    loadBalancer: loadBalancer.catch(undefined),
});

/** The well-formed ways to the API in `cluster.api`, as it was written. */
export function apiPlacesOf(api: unknown): Places {
    const parsed = apiPlaces.safeParse(api);
    return parsed.success ? parsed.data : {};
}

/** What doesn't fit together about the ways to the API; each with its path. */
export function apiProblems(api: unknown, around: ApiSurroundings): string[] {
    const { virtualAddress, virtualInterface, loadBalancer } = apiPlacesOf(api);
    return [
        ...(virtualAddress !== undefined && loadBalancer !== undefined
            ? [
                  "cluster.api has both a virtualAddress and a loadBalancer, and clients ask one place: take one of them out.",
              ]
            : []),
        ...(virtualInterface !== undefined && virtualAddress === undefined
            ? [`cluster.api.virtualInterface ${virtualInterface} is for a virtualAddress, and there is none.`]
            : []),
        ...(virtualAddress === undefined ? [] : virtualProblems(virtualAddress, around)),
        ...(loadBalancer === undefined ? [] : balancerProblems(loadBalancer, around)),
    ];
}

function virtualProblems(address: string, around: ApiSurroundings): string[] {
    const at = `cluster.api.virtualAddress ${address}`;
    const holder = around.nodes.findIndex((node) => node.address === address);
    const first = Math.floor(parseAddress(address) / 2 ** 24);
    return [
        ...(first === 0 || first === 127 || first >= 224
            ? [`${at} is no address that a machine can have on its link.`]
            : []),
        ...(holder < 0
            ? []
            : [`${at} is the address of ${pathOf(["nodes", holder])}: it must be one that nobody has.`]),
        ...elsewhere(at, address, around),
    ];
}

function balancerProblems(host: string, around: ApiSurroundings): string[] {
    const at = `cluster.api.loadBalancer ${host}`;
    const node = around.nodes.findIndex(({ address, roles }) => address === host && roles?.includes("control-plane"));
    return [
        ...(node < 0
            ? []
            : [`${at} is the control plane ${pathOf(["nodes", node])} itself, and would be lost with it.`]),
        ...(/^[\d.]+$/.test(host) ? elsewhere(at, host, around) : []),
    ];
}

/** Networks and ranges whose addresses the cluster gives to others. */
function elsewhere(at: string, address: string, { network, addons }: ApiSurroundings): string[] {
    const metallb = z.object({ metallb: addonsSchema.shape.metallb }).safeParse(addons);
    const number = parseAddress(address);
    return [
        ...Object.entries(network ?? {})
            .filter(([, cidr]) => contains(cidr, address))
            .map(([name, cidr]) => `${at} lies in cluster.network.${name} ${cidr}.`),
        ...((metallb.success && metallb.data.metallb?.addresses) || [])
            .map((text, index) => ({ text, index, range: parseRange(text) }))
            .filter(({ range }) => range.first <= number && number <= range.last)
            .map(
                ({ text, index }) =>
                    `${at} lies in ${pathOf(["addons", "metallb", "addresses", index])} ${text}, which services get addresses of.`,
            ),
    ];
}
