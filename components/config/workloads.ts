import { z } from "zod";

import { address, count, label, nodePort, port, printable, quantity } from "./scalars";

const onePod = (defaultPort: number) =>
    z.strictObject({
        node: label.optional().describe("The node it runs on. Default: the first worker."),
        port: port.default(defaultPort).describe("Port of that node's address."),
    });

const somePods = (number: number) => z.strictObject({ replicas: count.default(number).describe("Number of pods.") });

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
    redis: onePod(6379)
        .extend({
            password: printable
                .optional()
                .describe("What clients must say first; keep it as a secret of the stack. Default: nothing."),
            storage: quantity
                .optional()
                .describe("Size of a volume that keeps the data, such as 1Gi. Default: the data ends with the pod."),
            storageClass: label
                .optional()
                .describe("Class of that volume. Default: the cluster's default class, from `addons.local-path`."),
        })
        .optional()
        .describe("redis on a port of a node's address."),
    microservices: z
        .strictObject({
            replicas: count.default(2).describe("Pods of each of the three services."),
            port: port.default(443).describe("Port of the frontend."),
            externalAddress: address.optional().describe("Its external IP. Default: the first worker's address."),
            next: z.boolean().default(false).describe("Whether hello runs its next version, `versions.helloNext`."),
        })
        .optional()
        .describe("auth, hello and an nginx frontend with TLS from the cluster's own authority."),
    monolith: somePods(2).optional().describe("auth and hello in one program, behind a cluster address."),
    "healthy-monolith": somePods(3).optional().describe("The same with probes on port 81 that a person may flip."),
    "secure-monolith": somePods(2)
        .extend({ nodePort: nodePort.default(31000).describe("Port of every node's address, for https.") })
        .optional()
        .describe("The same behind an nginx side-car that ends TLS."),
    "blue-green": somePods(2)
        .extend({
            active: z.enum(["blue", "green"]).default("blue").describe("Which one answers."),
            nodePort: nodePort.default(30081).describe("Port of every node's address."),
        })
        .optional()
        .describe("hello in its current version (blue) and its next one (green); one of them answers."),
    canary: somePods(4)
        .extend({
            percent: z
                .int("must be a whole number")
                .min(0, "must be 0 to 100")
                .max(100, "must be 0 to 100")
                .default(25)
                .describe("Share of the next version among the pods, and so among the answers."),
            nodePort: nodePort.default(30082).describe("Port of every node's address."),
        })
        .optional()
        .describe("hello in its current version and, for a share of the requests, its next one."),
    classics: z
        .strictObject({
            replicas: count.default(2).describe("Pods of the ReplicationController."),
            nodePort: nodePort.default(30080).describe("Port of every node's address for the service `hello-svc`."),
            schedule: z
                .string()
                .regex(
                    /^(@(hourly|daily|weekly|monthly|yearly)|\S+( \S+){4})$/,
                    'must be five fields such as "*/5 * * * *"',
                )
                .default("*/5 * * * *")
                .describe("When the CronJob runs, in cron's words."),
        })
        .optional()
        .describe("A ReplicationController with a NodePort service, a DaemonSet, a Job and a CronJob."),
    "static-pod": onePod(8380).optional().describe("A pod that one node's kubelet runs from a file."),
});

export type WorkloadsConfig = z.output<typeof workloadsSchema>;
