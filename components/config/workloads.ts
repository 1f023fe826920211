import { z } from "zod";

import { address, count, port } from "./scalars";

/** `slipway:workloads`: the sample applications; one that isn't named isn't deployed. */
export const workloadsSchema = z.strictObject({
    "my-nginx": z
        .strictObject({
            replicas: count.default(3).describe("Number of pods."),
            port: port.default(80).describe("Port of the service; the pods listen on 80."),
        })
        .optional()
        .describe("nginx behind a cluster address."),
    "hello-kube": z
        .strictObject({
            replicas: count.default(2).describe("Number of pods."),
            port: port.default(8300).describe("Port of the service; the pods listen on 80."),
            externalAddress: address.optional().describe("External IP. Default: the first worker's address."),
        })
        .optional()
        .describe("A service of type LoadBalancer whose external IP is a node's address."),
});
