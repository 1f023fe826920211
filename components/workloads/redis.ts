import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { restrictedContainer } from "../addons/podSecurity";
import { podOf } from "./pods";
import { Workload } from "./workload";

export interface RedisArgs {
    readonly image: string;
    /** The node whose address it answers on. */
    readonly node: { readonly name: string; readonly address: string };
    /** Port of that address. Default 6379. */
    readonly port: number;
    /** What clients must say first. Absent: nothing. */
    readonly password?: pulumi.Input<string>;
    /** Size of the volume that keeps the data, such as "1Gi". Absent: the data ends with the pod. */
    readonly storage?: string;
    /** Absent: the cluster's default class. */
    readonly storageClass?: string;
}

/** The user that redis' images have. */
const redisUser = 999;

/**
 * redis on a port of a node's address, usable with any redis client.
 *
 * One pod, on a node that is known: its port can't be taken twice, so that an update stops the old one first.
 */
export class Redis extends Workload {
    /** redis://ADDRESS:PORT, without the password. */
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: RedisArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:Redis", name, opts);
        // A host port is more than the baseline level allows; everything else of the pod is as restricted asks.
        const namespace = this.makeNamespace("privileged");
        const password = args.password === undefined ? undefined : pulumi.secret(args.password);
        const settings = pulumi.output(password).apply((text) => redisConf(text, args.storage !== undefined));
        // Without a name of its own: other settings are another Secret, and start the pod anew.
        const conf = new kubernetes.core.v1.Secret(
            `${name}-conf`,
            { metadata: { namespace, labels: this.labelsOf(name) }, stringData: { "redis.conf": settings } },
            { parent: this },
        );
        const claim = args.storage === undefined ? undefined : this.claim(namespace, args);
        this.deploy(namespace, {
            name,
            replicas: 1,
            strategy: { type: "Recreate" },
            spec: podOf(redisUser, {
                nodeSelector: { "kubernetes.io/hostname": args.node.name },
                containers: [container(args)],
                volumes: [
                    { name: "conf", secret: { secretName: conf.metadata.name, defaultMode: 0o440 } },
                    {
                        name: "data",
                        ...(claim
                            ? { persistentVolumeClaim: { claimName: claim.metadata.name } }
                            : { emptyDir: { sizeLimit: "512Mi" } }),
                    },
                ],
            }),
        });
        this.expose(namespace, name, { ports: [{ name: "redis", port: 6379, targetPort: "redis" }] });
        this.url = pulumi.output(`redis://${args.node.address}:${args.port}`);
        this.registerOutputs({ url: this.url });
    }

    private claim(namespace: pulumi.Input<string>, { storage, storageClass }: RedisArgs) {
        const name = `${this.workload}-data`;
        return new kubernetes.core.v1.PersistentVolumeClaim(
            name,
            {
                metadata: { ...this.metadataOf(this.workload, namespace), name },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    ...(storageClass && { storageClassName: storageClass }),
                    resources: { requests: { storage: storage! } },
                },
            },
            { parent: this },
        );
    }
}

/** The password is a word of a file that only the pod reads: neither an argument nor a variable. */
function redisConf(password: string | undefined, keep: boolean): string {
    const lines = [
        "bind * -::*",
        "port 6379",
        // Without a password anybody who reaches the port may use it, which is what a sample is for.
        "protected-mode no",
        "dir /data",
        ...(keep ? ["appendonly yes"] : ['save ""']),
        ...(password === undefined ? [] : [`requirepass "${password.replace(/["\\]/g, "\\$&")}"`]),
    ];
    return lines.map((line) => `${line}\n`).join("");
}

function container({ image, port }: RedisArgs): kubernetes.types.input.core.v1.Container {
    return {
        name: "redis",
        image,
        imagePullPolicy: "IfNotPresent",
        args: ["redis-server", "/etc/redis/redis.conf"],
        ports: [{ name: "redis", containerPort: 6379, hostPort: port }],
        readinessProbe: { tcpSocket: { port: "redis" }, periodSeconds: 1 },
        livenessProbe: { tcpSocket: { port: "redis" }, periodSeconds: 5 },
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "256Mi" } },
        securityContext: restrictedContainer,
        volumeMounts: [
            { name: "conf", mountPath: "/etc/redis", readOnly: true },
            { name: "data", mountPath: "/data" },
        ],
    };
}
