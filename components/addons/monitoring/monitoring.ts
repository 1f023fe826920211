import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { serviceAccount } from "../account";
import { recommendedLabels } from "../labels";
import { addonNamespace } from "../namespace";
import { restrictedContainer, restrictedPod } from "../podSecurity";
import { holds, localPathClass } from "../removal";
import { cadvisor } from "./cadvisor";
import { nodeExporter } from "./nodeExporter";
import { prometheusService } from "./queries";
import { prometheusConfig, scrapeRights } from "./scrape";

export interface MonitoringArgs {
    /** Image references with tag. Nodes have them already. */
    readonly images: { readonly prometheus: string; readonly nodeExporter: string; readonly cadvisor: string };
    /** Seconds between two looks at each target. */
    readonly interval: number;
    /** How long figures are kept: "36h", "15d". */
    readonly retention: string;
    /** Most that Prometheus may use: "512Mi". */
    readonly memory: string;
    /** Whether cAdvisor runs on each node, beside the kubelets' own. */
    readonly cadvisor: boolean;
    /** Size of a volume of local-path for the figures. Absent: they end with the pod. */
    readonly storage?: string;
}

const { namespace: space, name: app, port } = prometheusService;
const labels = recommendedLabels(app, "monitoring");
const selector = { "app.kubernetes.io/name": app };

/**
 * Prometheus with the figures of nodes, kubelets, pods, the API server and DNS (https://prometheus.io/docs).
 *
 * It answers inside the cluster only; from outside through the API server, for whoever may use `services/proxy`.
 */
export class Monitoring extends pulumi.ComponentResource {
    readonly deployment: kubernetes.apps.v1.Deployment;

    constructor(name: string, args: MonitoringArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:Monitoring", name, {}, opts);
        const child = { parent: this };
        // node_exporter looks at the node's own processes, network and files, which no stricter level allows.
        const namespace = addonNamespace(name, { name: space, labels, level: "privileged" }, child);
        const metadata = { name: app, namespace: namespace.metadata.name, labels };
        const clusterRole = { name: "slipway:prometheus", rules: scrapeRights };
        const account = serviceAccount(name, { metadata, clusterRole }, child);
        const config = new kubernetes.core.v1.ConfigMap(
            name,
            { metadata, data: { "prometheus.yml": prometheusConfig(args.interval) } },
            child,
        );
        const claim = args.storage === undefined ? undefined : this.claim(name, metadata, args.storage);
        this.deployment = new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata,
                spec: {
                    selector: { matchLabels: selector },
                    // Two of them can't write into one folder.
                    strategy: { type: "Recreate" },
                    template: {
                        metadata: { labels },
                        spec: podSpec(args, {
                            account: account.name,
                            configMap: config.metadata.name,
                            claim: claim?.metadata.name,
                        }),
                    },
                },
            },
            { ...child, dependsOn: [...account.access] },
        );
        new kubernetes.core.v1.Service(
            name,
            { metadata, spec: { selector, ports: [{ name: "http", port, targetPort: "http" }] } },
            child,
        );
        nodeExporter(
            `${name}-node-exporter`,
            { image: args.images.nodeExporter, namespace: metadata.namespace },
            child,
        );
        if (args.cadvisor) {
            cadvisor(`${name}-cadvisor`, { image: args.images.cadvisor, namespace: metadata.namespace }, child);
        }
        this.registerOutputs({});
    }

    private claim(
        name: string,
        metadata: {
            readonly name: string;
            readonly namespace: pulumi.Output<string>;
            readonly labels: Record<string, string>;
        },
        storage: string,
    ): kubernetes.core.v1.PersistentVolumeClaim {
        return new kubernetes.core.v1.PersistentVolumeClaim(
            name,
            {
                metadata: { ...metadata, labels: { ...metadata.labels, ...holds("monitoring") } },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    storageClassName: localPathClass,
                    resources: { requests: { storage } },
                },
            },
            { parent: this },
        );
    }
}

/** Four fifths of a volume, in MiB: what Prometheus is writing comes on top of what it counts. */
function retentionSize(storage: string): string {
    const [, number, unit] = /^(\d+)(\w+)$/.exec(storage)!;
    const bytes = { Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, M: 1e6, G: 1e9, T: 1e12 }[unit]!;
    return `${Math.floor((Number(number) * bytes * 0.8) / 2 ** 20)}MB`;
}

function podSpec(
    { images, retention, memory, storage }: MonitoringArgs,
    names: {
        readonly account: pulumi.Input<string>;
        readonly configMap: pulumi.Input<string>;
        readonly claim?: pulumi.Input<string>;
    },
): kubernetes.types.input.core.v1.PodSpec {
    const probe = (path: string) => ({ httpGet: { path, port: "http" } });
    return {
        serviceAccountName: names.account,
        securityContext: restrictedPod(65534),
        containers: [
            {
                name: app,
                image: images.prometheus,
                imagePullPolicy: "IfNotPresent",
                args: [
                    "--config.file=/etc/prometheus/prometheus.yml",
                    // Another configuration costs no figures: they end with the pod where there is no volume.
                    "--enable-feature=auto-reload-config",
                    "--storage.tsdb.path=/prometheus",
                    `--storage.tsdb.retention.time=${retention}`,
                    ...(storage === undefined ? [] : [`--storage.tsdb.retention.size=${retentionSize(storage)}`]),
                    `--web.listen-address=:${port}`,
                ],
                ports: [{ name: "http", containerPort: port }],
                resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory } },
                readinessProbe: { ...probe("/-/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/-/healthy"), initialDelaySeconds: 10 },
                securityContext: restrictedContainer,
                volumeMounts: [
                    { name: "config", mountPath: "/etc/prometheus", readOnly: true },
                    { name: "figures", mountPath: "/prometheus" },
                ],
            },
        ],
        volumes: [
            { name: "config", configMap: { name: names.configMap } },
            names.claim === undefined
                ? { name: "figures", emptyDir: {} }
                : { name: "figures", persistentVolumeClaim: { claimName: names.claim } },
        ],
    };
}
