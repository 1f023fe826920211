import { z } from "zod";

import { addressRange, cidr, folder, quantity, duration } from "./scalars";

const metricsServer = z.strictObject({
    resolution: z
        .int("must be a whole number")
        .min(10, "must be at least 10")
        .default(15)
        .describe("Seconds between two looks at each kubelet."),
});

const localPath = z.strictObject({
    path: folder.default("/opt/local-path-provisioner").describe("Folder on each node in which volumes are made."),
    reclaimPolicy: z
        .enum(["Delete", "Retain"])
        .default("Delete")
        .describe("What happens to a volume whose claim is deleted: its data goes with it, or stays on the node."),
    default: z.boolean().default(true).describe("Whether claims that name no StorageClass get this one."),
});

const metallb = z.strictObject({
    addresses: z
        .array(addressRange)
        .min(1, "needs at least one range")
        .describe(
            'Addresses to hand out: ranges "192.168.1.200-192.168.1.219" or networks, on the nodes\' own link and used by nobody.',
        ),
    network: cidr
        .optional()
        .describe("The nodes' link. Default: the smallest network that holds every node's address, a /24 at least."),
    interfaces: z
        .array(z.string().min(1))
        .default([])
        .describe("Network interfaces of the nodes that answer for these addresses. Default: all of them."),
});

const monitoring = z.strictObject({
    interval: z
        .int("must be a whole number")
        .min(5, "must be at least 5")
        .default(15)
        .describe("Seconds between two looks at each target."),
    retention: duration.default("2d").describe('How long figures are kept: "36h", "15d".'),
    cadvisor: z
        .boolean()
        .default(false)
        .describe("cAdvisor on each node: figures of containers by name, where docker's kubelets know pods only."),
    memory: quantity.default("512Mi").describe("Most memory that Prometheus may use."),
    storage: quantity
        .optional()
        .describe('Size of a volume for the figures: "8Gi". It needs `local-path`. Default: they end with the pod.'),
});

/** `slipway:addons`: services of the cluster beyond network and names; one that isn't named isn't there. */
export const addonsSchema = z.strictObject({
    "metrics-server": metricsServer.optional().describe("What pods and nodes use now: `kubectl top`, and autoscalers."),
    "local-path": localPath.optional().describe("Volumes that are folders of the nodes, as a StorageClass."),
    metallb: metallb
        .optional()
        .describe("Addresses for services of type LoadBalancer, answered for on the nodes' link."),
    monitoring: monitoring
        .optional()
        .describe("Prometheus with the figures of nodes, kubelets, pods, the API server and DNS."),
    headlamp: z
        .strictObject({})
        .optional()
        .describe(
            "A web interface to the whole cluster, where ghcr.io can be reached: `npm run dashboard -- --headlamp`.",
        ),
});

export type AddonName = keyof z.output<typeof addonsSchema>;
/** Add-ons that hold data or kinds of their own: they go only after an explicit word. */
export const addonsWithData = ["local-path", "metallb", "monitoring"] as const satisfies readonly AddonName[];

/** `slipway:remove`: add-ons that may be taken out with everything that they hold. */
export const removeSchema = z.array(z.enum(addonsWithData));
