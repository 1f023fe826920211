import { z } from "zod";

import { OptionalVersions, optionalVersions, type Versions } from "../../mirror/catalogue";
import { systemNames } from "../../mirror/packages/systems";
import { addonsSchema, removeSchema } from "./addons";
import {
    address,
    cidr,
    count,
    domain,
    folder,
    host,
    imageReference,
    label,
    labelKey,
    labelValue,
    networkInterface,
    noProxy,
    overrides,
    port,
    proxy,
    version,
} from "./scalars";
import { workloadsSchema } from "./workloads";

const bastion = z.strictObject({
    host: z.string().min(1).describe("Name or address to dial."),
    port: port.default(22),
    user: z.string().min(1).describe("The account on the bastion."),
    privateKey: z.string().min(1).optional().describe("Private key text; a secret of the stack's configuration."),
    privateKeyFile: z.string().min(1).optional().describe("File that holds the private key; ~ is the home folder."),
    hostKey: z.string().min(1).optional().describe('Public host key, as in known_hosts: "ssh-ed25519 AAAA…".'),
});

/** How to reach machines over SSH: under `cluster` for all of them, under a node for that one. */
export const sshSchema = bastion
    .extend({ proxy: bastion.optional().describe("A bastion to go through.") })
    .partial({ host: true, port: true, user: true })
    // A default here would win over the cluster's value.
    .extend({ port: port.optional() });

/** Numbers are as good as text: a sysctl's value is written as it stands. */
const sysctls = z.record(
    z.string().regex(/^[a-z0-9_]+(\.[-A-Za-z0-9_]+)+$/, 'must be a sysctl such as "net.core.somaxconn"'),
    z
        .union([z.string().regex(/^\S+( \S+)*$/, "must be one value, or values with one space between"), z.int()])
        .transform(String),
);

const runtime = z.enum(["docker", "containerd"]);

const positive = () => z.int("must be a whole number").min(1, "must be at least 1");
const generation = positive().default(1);
const generations = z.array(positive()).default([]);

const taint = z.strictObject({
    key: labelKey,
    value: labelValue.optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

/** One registry of `cluster.registries`. */
const registrySchema = z.strictObject({
    host: z
        .string()
        .regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'must be a host as in an image\'s name, such as "registry.lan:5000"')
        .describe('As in an image\'s name: "registry.lan:5000"; "docker.io" for names without one.'),
    mirrors: z
        .array(z.string().regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be such as "https://mirror.lan:5000"'))
        .default([])
        .describe("Asked first, in this order. docker knows mirrors of docker.io only."),
    username: z.string().min(1).optional().describe("For the kubelet's pulls."),
    password: z.string().min(1).optional().describe("A secret of the stack's configuration."),
    authority: z
        .string()
        .min(1)
        .optional()
        .describe("Who signed its certificate, trusted for this registry alone: PEM text, or a file of it."),
});

/** One machine of `slipway:nodes`. */
export const nodeSchema = z.strictObject({
    name: label.describe("The Kubernetes node name."),
    address: address.describe("IPv4 address by which the other nodes reach this one."),
    roles: z
        .array(z.enum(["control-plane", "worker"]))
        .min(1, "needs at least one role")
        .default(["worker"])
        .describe("What the machine does. A control plane without the worker role takes no ordinary pods."),
    ssh: sshSchema.default({}).describe("What differs from `cluster.ssh`; the host defaults to the address."),
    labels: z.record(labelKey, labelValue).default({}).describe("Labels of the Node object, kept as they stand here."),
    taints: z.array(taint).default([]).describe("Taints of the Node object, kept as they stand here."),
    disk: z
        .enum(["normal", "slow"])
        .default("normal")
        .describe(
            "slow, for memory cards: the machine's journal stays in memory, and every etcd waits longer for its peers.",
        ),
    lost: z
        .boolean()
        .default(false)
        .describe("The machine is gone for good: one `up` marks it, then it can be taken out; nothing is contacted."),
    source: z.string().min(1).optional().describe("Where this node fetches artifacts; see `cluster.source`."),
    sysctls: sysctls.default({}).describe("Kernel settings, laid over `cluster.sysctls`."),
    runtime: runtime.optional().describe("What runs this node's containers; see `cluster.runtime`."),
    docker: overrides.default({}).describe("Fields laid over docker's daemon.json."),
    containerd: overrides.default({}).describe("Fields laid over containerd's config.toml."),
    kubelet: overrides.default({}).describe("Fields laid over the KubeletConfiguration."),
    kubeProxy: overrides.default({}).describe("Fields laid over the KubeProxyConfiguration."),
});

/** Of every image and file that only some add-on, workload or runtime needs. */
const optionalVersionsShape = Object.fromEntries(
    Object.entries(optionalVersions).map(([name, version]) => [
        name,
        z
            .string()
            .min(1)
            .describe(`Used only where an add-on, a workload or a node needs it. Default: \`${version}\`.`),
    ]),
) as Record<keyof OptionalVersions, z.ZodString>;

/** Keys that stand in a file of one's own on control planes, a line each, and in an HTTP header: no quotes, no spaces. */
const storeKey = z
    .string()
    .regex(
        /^[!#-&(-[\]-~]{1,256}$/,
        "must be 1 to 256 letters, digits and signs, without spaces, quotes and backslashes",
    );

/** `cluster.snapshots.copies.s3`. */
const storeSchema = z.strictObject({
    endpoint: z
        .string()
        .regex(
            /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/,
            'must be such as "https://s3.eu-central-1.amazonaws.com" or "https://minio.lan:9000": a snapshot holds all that ' +
                "the API knows, so it goes over TLS only",
        )
        .describe("Where the store answers. Buckets are asked for below it: ENDPOINT/BUCKET."),
    region: z
        .string()
        .regex(/^[a-z0-9-]+$/, 'must be a region such as "eu-central-1"')
        .default("us-east-1")
        .describe("The store's region, which requests are signed for."),
    bucket: z
        .string()
        .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket\'s name such as "backups"')
        .describe("It must be there."),
    prefix: z
        .string()
        .regex(
            /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
            'must be such as "etcd" or "etcd/hex"',
        )
        .optional()
        .describe("What names in the bucket start with. Default: the cluster's name."),
    accessKey: storeKey.describe("A secret of the stack's configuration."),
    secretKey: storeKey.describe("A secret of the stack's configuration."),
    authority: z
        .string()
        .min(1)
        .optional()
        .describe("Who signed the store's certificate, where the system doesn't know: PEM text, or a file of it."),
});

/** `slipway:cluster`. */
export const clusterSchema = z.strictObject({
    name: label.describe("Name of the cluster, and of the kubeconfig's cluster, context and user."),
    domain: domain.optional().describe("Domain of services and of the API endpoint. Default: <name>.k8s.local."),
    kubernetes: z
        .strictObject({
            version: version.optional().describe("Kubernetes version. Default: the newest one supported."),
            acceptRemovedApis: z
                .boolean()
                .default(false)
                .describe("Goes to a minor version although APIs are in use that it doesn't have."),
        })
        .prefault({}),
    versions: z
        .strictObject({
            etcd: version,
            criDockerd: version,
            cniPlugins: version,
            flannelCni: z.string().min(1),
            flannel: version,
            coredns: version,
            pause: z.string().min(1),
            agnhost: z.string().min(1),
            nginx: z.string().min(1),
            ...optionalVersionsShape,
        })
        .partial()
        .default({})
        .describe("Versions of everything else, where they shall differ from the catalogue's."),
    network: z
        .strictObject({
            podCidr: cidr.default("10.244.0.0/16").describe("The pods' network; each node gets a /24 of it."),
            serviceCidr: cidr.default("10.96.0.0/16").describe("The services' network; .1 is the API, .10 is DNS."),
            backend: z
                .enum(["vxlan", "host-gw", "none"])
                .default("vxlan")
                .describe(
                    "Flannel's way between nodes: vxlan works anywhere, host-gw on one link, none: bring your own.",
                ),
        })
        .prefault({}),
    api: z
        .strictObject({
            port: port.default(6443).describe("Port of the API on each control plane."),
            virtualAddress: address
                .optional()
                .describe(
                    "An address on the control planes' link that nobody has: one of them holds it, and everybody asks there.",
                ),
            virtualInterface: networkInterface
                .optional()
                .describe("Network interface for `virtualAddress`. Default: the one with the node's own address."),
            loadBalancer: host
                .optional()
                .describe(
                    "Name or IPv4 address of a load balancer of yours that passes `port` on to all control planes.",
                ),
            operator: z
                .strictObject({ host: z.string().min(1).optional(), port: port.optional() })
                .default({})
                .describe(
                    "How the operator reaches the API. Default: `virtualAddress` or `loadBalancer`, else the address of the first control plane that answers; and `port`.",
                ),
        })
        .prefault({}),
    ssh: sshSchema
        .extend({
            strictHostKeyChecking: z
                .boolean()
                .default(true)
                .describe(
                    "Refuses machines and bastions whose host key isn't pinned. false believes whoever answers there.",
                ),
        })
        .prefault({})
        .describe("How to reach every node; a node's own `ssh` comes first."),
    architectures: z
        .array(z.enum(["amd64", "arm64"]))
        .min(1, "needs at least one architecture")
        .default(["amd64", "arm64"])
        .describe("What the machines are: the mirror is filled for these. A lab's are this machine's."),
    source: z
        .string()
        .min(1)
        .default("https://")
        .describe("Prefix of upstream paths: https://, a mirror such as http://10.0.0.1:8080/, or a mounted folder."),
    proxies: z
        .strictObject({
            http: proxy.optional().describe("For http:// addresses, as HTTP_PROXY."),
            https: proxy.optional().describe("For https:// addresses, as HTTPS_PROXY. Often the same as `http`."),
            no: z
                .array(noProxy)
                .default([])
                .describe(
                    "Hosts, domains and networks that are asked directly, beside the cluster's own; as NO_PROXY.",
                ),
        })
        .prefault({})
        .describe("What apt, the container runtime and downloads on every machine go through. Default: nothing."),
    authorities: z
        .array(z.string().min(1))
        .default([])
        .describe(
            "Certificate authorities that every machine trusts: PEM text, or a file of it; ~ is the home folder.",
        ),
    registries: z
        .array(registrySchema)
        .default([])
        .describe("Registries that want a login, have mirrors or certificates of an authority of one's own."),
    packages: z
        .enum(["distribution", "mirror"])
        .default("distribution")
        .describe(
            "Where machines take packages such as docker from: the sources that their system has, or the mirror alone.",
        ),
    systems: z
        .array(z.enum(systemNames))
        .default([])
        .describe("What the machines run; with `packages: mirror` the mirror carries the packages of these."),
    certificates: z
        .strictObject({
            authorityHours: z.int().min(1).default(87600).describe("Validity of the certificate authorities."),
            hours: z.int().min(1).default(8760).describe("Validity of every other certificate."),
            renewHours: z
                .int()
                .min(0)
                .optional()
                .describe("`up` renews a certificate this long before it expires. Default: a quarter of `hours`."),
            operatorHours: z
                .int()
                .min(1)
                .optional()
                .describe(
                    "Validity of the certificate in the operator's kubeconfig; an `up` makes a new one. Default: `hours`.",
                ),
            generation: generation.describe("Of the authorities that sign. `npm run rotate-ca` counts it up."),
            trusted: generations.describe(
                "Generations of authorities that everything trusts beside those that sign, while `rotate-ca` is under way.",
            ),
            protect: z.boolean().default(false).describe("Refuse to delete the authorities, even by destroy."),
        })
        .prefault({}),
    serviceAccounts: z
        .strictObject({
            generation: generation.describe(
                "Of the key that signs service accounts' tokens. `npm run rotate-service-accounts` counts it up.",
            ),
            trusted: generations.describe(
                "Generations of keys whose tokens are good beside those that are signed now.",
            ),
        })
        .prefault({}),
    encryption: z
        .strictObject({
            generation: generation.describe(
                "Counted up, by one at a time, to encrypt the secrets in etcd with a new key.",
            ),
            root: generation.describe(
                "What the keys are derived from. Stays as it is: `up` refuses another one, and says which one is right.",
            ),
        })
        .prefault({}),
    podSecurity: z
        .enum(["privileged", "baseline", "restricted"])
        .default("baseline")
        .describe("What pods are held to in namespaces that don't say it by a label of their own."),
    snapshots: z
        .strictObject({
            hours: count.default(6).describe("Hours from one snapshot to the next; 0: none are taken."),
            keep: z
                .int("must be a whole number")
                .min(1, "must be at least 1")
                .default(8)
                .describe("How many are kept; the oldest goes."),
            folder: folder
                .default("/var/backups/etcd")
                .describe("Where they lie on each control plane. It goes with the cluster, when that is destroyed."),
            copies: z
                .strictObject({
                    keep: z
                        .int("must be a whole number")
                        .min(1, "must be at least 1")
                        .optional()
                        .describe(
                            "How many of each control plane's are kept in each place. Default: `snapshots.keep`.",
                        ),
                    folder: folder
                        .optional()
                        .describe("A folder on another disk or a share, mounted on each control plane."),
                    s3: storeSchema.optional().describe("A bucket of a store that speaks S3."),
                })
                .optional()
                .describe("Where each control plane leaves a copy of every snapshot. Default: nowhere."),
        })
        .prefault({})
        .describe("Snapshots of etcd on each control plane; [Backup](backup.md) tells how to put one back."),
    etcd: z
        .strictObject({
            quota: z
                .string()
                .regex(/^[1-9]\d*(Mi|Gi)$/, 'must be a size such as "2Gi"')
                .default("2Gi")
                .describe(
                    "How large etcd's file may become before it takes no more writes: 64Mi to 8Gi, which etcd calls the most.",
                ),
        })
        .prefault({})
        .describe("The cluster's memory; [Backup](backup.md#kept-small-and-sound) tells how it is looked after."),
    minimumReady: z
        .int()
        .min(1)
        .optional()
        .describe("Nodes that must be Ready before add-ons are deployed. Default: half of them, rounded up."),
    maxUnavailable: z
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .default(1)
        .describe("Nodes on which something may restart at the same time; new nodes don't count."),
    drainSeconds: z
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .default(300)
        .describe(
            "How long the pods of a node that is removed, or gets another runtime, may take to leave it, in seconds.",
        ),
    conformance: z
        .enum(["none", "short", "whole"])
        .default("none")
        .describe(
            "Brings the images of Kubernetes' conformance tests to the nodes, for `npm run conformance` where they can't " +
                "pull: all of them, or those of its short run.",
        ),
    sysctls: sysctls
        .default({})
        .describe("Kernel settings of every node, now and at boot, laid over those that Kubernetes needs."),
    runtime: runtime
        .default("docker")
        .describe(
            "What runs containers: docker with cri-dockerd, or containerd. Changing it moves one node after another.",
        ),
    docker: overrides.default({}).describe("Fields laid over docker's daemon.json on every node with docker."),
    containerd: overrides
        .default({})
        .describe("Fields laid over containerd's config.toml on every node with containerd."),
    kubelet: overrides.default({}).describe("Fields laid over the KubeletConfiguration of every node."),
    kubeProxy: z
        .looseObject({ mode: z.enum(["iptables", "ipvs", "nftables"]).default("iptables") })
        .prefault({})
        .describe("Fields laid over the KubeProxyConfiguration of every node."),
});

/** `slipway:images`: images of the operator's own, which the mirror brings to every node. */
export const imageSchema = z.strictObject({
    reference: imageReference.describe("The name that pods use; the archive holds the image under this name."),
    archive: z
        .string()
        .min(1)
        .describe(
            "What `docker save` wrote, seen from the program's folder. One for each architecture: with {arch} in its path.",
        ),
});

/** Everything under `slipway:`. `lab` belongs to the lab, which checks it. */
export const settingsSchema = z.strictObject({
    cluster: clusterSchema,
    nodes: z.array(nodeSchema).default([]).describe("The machines. Empty only where a lab makes them."),
    images: z.array(imageSchema).default([]).describe("Images of your own."),
    addons: addonsSchema.default({}),
    workloads: workloadsSchema.default({}),
    remove: removeSchema.default([]).describe("Add-ons that may be taken out with everything that they hold."),
    lab: z.unknown().optional(),
});

export type SshSettings = z.output<typeof sshSchema>;
export type NodeSettings = z.output<typeof nodeSchema>;
export type ImageSettings = z.output<typeof imageSchema>;
export type AddonSettings = z.output<typeof addonsSchema>;
export type WorkloadSettings = z.output<typeof workloadsSchema>;
type ParsedCluster = z.output<typeof clusterSchema>;
/** The cluster's settings with every default filled in that doesn't depend on the nodes. */
export interface ClusterSettings extends Omit<ParsedCluster, "domain" | "kubernetes" | "versions" | "certificates"> {
    readonly domain: string;
    readonly kubernetes: { readonly version: string; readonly acceptRemovedApis: boolean };
    /** All versions, Kubernetes' too. */
    readonly versions: Versions;
    /** Images of the operator's own, which every node gets beside the catalogue's. */
    readonly images: readonly ImageSettings[];
    readonly certificates: Required<Omit<ParsedCluster["certificates"], "operatorHours">> & {
        /** Absent: as long as every other certificate. */
        readonly operatorHours?: number;
    };
}
export interface Settings {
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSettings[];
    readonly addons: AddonSettings;
    readonly workloads: WorkloadSettings;
    readonly remove: z.output<typeof removeSchema>;
    /** As it stands in the configuration: the lab checks it. */
    readonly lab?: unknown;
}
