import type { NodeSpec } from "../../components/inventory/node";
import { portName } from "../../components/inventory/ports";
import { type Asked, type Known, knownOf, type NodeFinding, refuse, warn } from "./finding";
import { type PreflightSettings, virtualPlaceOf, waysFrom } from "./questions";

/** Seconds that clocks may differ. etcd warns from one on; certificates count from this machine's time. */
const clockLimits = { warn: 1, refuse: 30 } as const;

/** What stands between machines. */
export function fleetFindings(
    asked: readonly Asked[],
    nodes: readonly NodeSpec[],
    settings: PreflightSettings,
): NodeFinding[] {
    const known = knownOf(asked);
    return [
        ...twins(known),
        ...clocks(known),
        ...ways(asked, nodes, settings),
        ...virtualAddress(known, nodes, settings),
    ];
}

/** Machines that were copied from one image share what must be their own. */
function twins(known: readonly Known[]): NodeFinding[] {
    return [
        ...shared(known, ({ fitness }) => [fitness.machineId]).map(({ node, others }) => ({
            node,
            ...refuse(
                "machine-id",
                `its machine-id is also that of ${others}, so both get the same address of flannel's tunnel`,
                "on all but one: rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot",
            ),
        })),
        ...shared(known, ({ fitness }) => fitness.macs).map(({ node, others, value }) => ({
            node,
            ...refuse("mac", `its MAC address ${value} is also that of ${others}`, "give one of them another"),
        })),
        ...shared(known, ({ fitness }) => [fitness.hostname]).map(({ node, others, value }) => ({
            node,
            ...warn(
                "hostname",
                `its host name ${value} is also that of ${others}`,
                "hostnamectl set-hostname NAME, so that logs can be told apart",
            ),
        })),
    ];
}

/** Who has what somebody before has already. */
function shared(known: readonly Known[], valuesOf: (one: Known) => readonly string[]) {
    const holders = new Map<string, string[]>();
    for (const one of known) {
        for (const value of valuesOf(one).filter(Boolean)) {
            holders.set(value, [...(holders.get(value) ?? []), one.node.name]);
        }
    }
    return [...holders].flatMap(([value, [node, ...others]]) =>
        others.length === 0 ? [] : [{ node, others: others.join(", "), value }],
    );
}

/** Each clock against this machine's: what the time on the way can't explain. */
function clocks(known: readonly Known[]): NodeFinding[] {
    return known.flatMap(({ node, ahead: [least, most] }) => {
        const off = least > 0 ? least : most < 0 ? most : 0;
        if (Math.abs(off) < clockLimits.warn) return [];
        const way = off > 0 ? "ahead of" : "behind";
        const severity = Math.abs(off) < clockLimits.refuse ? warn : refuse;
        return [
            {
                node: node.name,
                ...severity(
                    "clock",
                    `its clock is ${Math.abs(off).toFixed(1)} s ${way} this machine's`,
                    "timedatectl set-ntp true, there and here, and look at `timedatectl timesync-status`",
                ),
            },
        ];
    });
}

/**
 * Ways that something drops, by the machine that can't be reached. One that doesn't answer at all is said once, elsewhere.
 */
function ways(asked: readonly Asked[], nodes: readonly NodeSpec[], settings: PreflightSettings): NodeFinding[] {
    const blocked = new Map<string, { node: string; port: string; udp: boolean; from: string[] }>();
    const answering = new Map(knownOf(asked).map((one) => [one.node.name, one.fitness]));
    const dead = new Set(asked.filter(({ answer }) => !("fitness" in answer)).map(({ node }) => node.name));
    for (const { node, fitness } of knownOf(asked)) {
        for (const { to, use, place } of waysFrom(node, nodes, settings)) {
            const echo = fitness.reach[place];
            const udp = use.protocol === "udp";
            // A node listens there: what is silent may have been heard.
            const heard = udp && echo === "silent" && answering.get(to.name)?.owner !== undefined;
            const open = echo === undefined || echo === "open" || echo === "refused" || heard;
            // Of a machine that wasn't asked nothing is known but what is heard of it.
            if (open || dead.has(to.name) || (udp && !answering.has(to.name))) continue;
            const key = `${to.name} ${place}`;
            const entry = blocked.get(key) ?? { node: to.name, port: portName(use), udp, from: [] };
            blocked.set(key, { ...entry, from: [...entry.from, node.name] });
        }
    }
    return [...blocked.values()].map(({ node, port, udp, from }) => {
        const text = `${port} is not reached from ${from.join(", ")}: something on the way drops it`;
        const remedy = `open ${port} on ${node} for ${from.join(", ")} (docs/network.md)`;
        // One lost packet looks the same.
        return { node, ...(udp ? warn("way", text, remedy) : refuse("way", text, remedy)) };
    });
}

/** Once there is a control plane, one answers there. */
function virtualAddress(
    known: readonly Known[],
    nodes: readonly NodeSpec[],
    { cluster }: PreflightSettings,
): NodeFinding[] {
    const isPlane = ({ roles }: NodeSpec) => roles.includes("control-plane");
    const fresh = known.filter(({ node, fitness }) => isPlane(node) && fitness.owner === undefined);
    if (fresh.length < nodes.filter(isPlane).length) return [];
    return fresh.flatMap(({ node, fitness }) =>
        virtualPlaceOf(node, cluster)
            .filter((place) => ["open", "refused"].includes(fitness.reach[place]))
            .map(() => ({
                node: node.name,
                ...refuse(
                    "virtual-address",
                    `a machine has the address ${cluster.api.virtualAddress} already, which cluster.api.virtualAddress is to be`,
                    "choose one that nobody has",
                ),
            })),
    );
}
