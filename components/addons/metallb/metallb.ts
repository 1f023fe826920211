import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { serviceAccount } from "../account";
import { recommendedLabels } from "../labels";
import { addonNamespace } from "../namespace";
import { restrictedContainer, restrictedPod } from "../podSecurity";
import { holds } from "../removal";
import { definitions, definitionSpec, metallbGroup } from "./definitions";
import { controllerRights, speakerRights } from "./rights";

export interface MetalLbArgs {
    /** Image references with tag. Nodes have them already. */
    readonly images: { readonly controller: string; readonly speaker: string };
    /** Ranges "192.168.1.200-192.168.1.219" or networks of addresses that nobody else uses. */
    readonly addresses: readonly string[];
    /** Interfaces of the nodes that answer. Empty: all. */
    readonly interfaces: readonly string[];
}

/** Of MetalLB's pool and its announcement. */
const poolName = "default";
/** Secret by which the speakers know each other. The controller makes it, so that it is in no state. */
const memberlist = "memberlist";
const metricsPort = 7472;

/**
 * Addresses for services of type LoadBalancer, by layer 2 (https://metallb.io/concepts/layer2/): the controller gives
 * each service an address of the pool, and one node's speaker answers ARP requests for it.
 */
export class MetalLb extends pulumi.ComponentResource {
    /** Services get addresses when this is there. */
    readonly advertised: pulumi.Resource;

    constructor(name: string, args: MetalLbArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:MetalLb", name, {}, opts);
        const child = { parent: this };
        const labels = recommendedLabels("metallb", "load-balancer");
        const namespace = addonNamespace(
            name,
            // The speakers answer ARP on the nodes' own network, which no stricter level allows.
            { name: "metallb-system", labels, level: "privileged" },
            child,
        );
        const kinds = definitions.map(
            (definition) =>
                new kubernetes.apiextensions.v1.CustomResourceDefinition(
                    `${name}-${definition.plural}`,
                    {
                        metadata: {
                            name: `${definition.plural}.${metallbGroup}`,
                            labels: { ...labels, ...holds("metallb") },
                        },
                        spec: definitionSpec(definition),
                    },
                    child,
                ),
        );
        const controller = this.controller(name, { args, namespace, kinds });
        const speaker = this.speaker(name, { args, namespace, controller });
        this.advertised = this.pool(name, { args, namespace, after: [...kinds, controller, speaker] });
        this.registerOutputs({});
    }

    private controller(name: string, { args, namespace, kinds }: ControllerArgs): kubernetes.apps.v1.Deployment {
        const labels = recommendedLabels("metallb-controller", "load-balancer");
        const metadata = { name: "controller", namespace: namespace.metadata.name, labels };
        const account = serviceAccount(`${name}-controller`, { metadata, ...controllerRights }, { parent: this });
        const spec: kubernetes.types.input.core.v1.PodSpec = {
            priorityClassName: "system-cluster-critical",
            serviceAccountName: account.name,
            securityContext: restrictedPod(65534),
            terminationGracePeriodSeconds: 0,
            containers: [
                {
                    name: "controller",
                    image: args.images.controller,
                    imagePullPolicy: "IfNotPresent",
                    args: [`--port=${metricsPort}`, "--webhook-mode=disabled"],
                    env: [
                        { name: "METALLB_ML_SECRET_NAME", value: memberlist },
                        { name: "METALLB_DEPLOYMENT", value: metadata.name },
                    ],
                    ports: [{ name: "metrics", containerPort: metricsPort }],
                    resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
                    ...probes,
                    securityContext: restrictedContainer,
                },
            ],
        };
        return new kubernetes.apps.v1.Deployment(
            `${name}-controller`,
            {
                metadata,
                spec: {
                    selector: { matchLabels: { "app.kubernetes.io/name": "metallb-controller" } },
                    strategy: { type: "Recreate" },
                    template: { metadata: { labels }, spec },
                },
            },
            { parent: this, dependsOn: [...kinds, ...account.access] },
        );
    }

    private speaker(name: string, { args, namespace, controller }: SpeakerArgs): kubernetes.apps.v1.DaemonSet {
        const labels = recommendedLabels("metallb-speaker", "load-balancer");
        const matchLabels = { "app.kubernetes.io/name": "metallb-speaker" };
        const metadata = { name: "speaker", namespace: namespace.metadata.name, labels };
        const account = serviceAccount(`${name}-speaker`, { metadata, ...speakerRights }, { parent: this });
        const excluded = JSON.stringify({ announcedInterfacesToExclude: ownInterfaces });
        const config = new kubernetes.core.v1.ConfigMap(
            `${name}-speaker`,
            { metadata, data: { "excludel2.yaml": excluded } },
            { parent: this },
        );
        const fieldEnv = (variable: string, fieldPath: string) => ({
            name: variable,
            valueFrom: { fieldRef: { fieldPath } },
        });
        const selectorText = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
        const spec: kubernetes.types.input.core.v1.PodSpec = {
            hostNetwork: true,
            priorityClassName: "system-node-critical",
            serviceAccountName: account.name,
            terminationGracePeriodSeconds: 2,
            securityContext: { seccompProfile: { type: "RuntimeDefault" } },
            tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
            containers: [
                {
                    name: "speaker",
                    image: args.images.speaker,
                    imagePullPolicy: "IfNotPresent",
                    args: [`--port=${metricsPort}`],
                    env: [
                        fieldEnv("METALLB_NODE_NAME", "spec.nodeName"),
                        fieldEnv("METALLB_POD_NAME", "metadata.name"),
                        fieldEnv("METALLB_HOST", "status.hostIP"),
                        fieldEnv("METALLB_ML_BIND_ADDR", "status.podIP"),
                        { name: "METALLB_ML_LABELS", value: selectorText.join(",") },
                        { name: "METALLB_ML_SECRET_KEY_PATH", value: "/etc/ml_secret_key" },
                    ],
                    ports: [{ name: "metrics", containerPort: metricsPort }],
                    resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
                    ...probes,
                    securityContext: {
                        ...restrictedContainer,
                        capabilities: { drop: ["ALL"], add: ["NET_RAW"] },
                    },
                    volumeMounts: [
                        { name: "memberlist", mountPath: "/etc/ml_secret_key", readOnly: true },
                        { name: "excluded", mountPath: "/etc/metallb", readOnly: true },
                    ],
                },
            ],
            volumes: [
                { name: "memberlist", secret: { secretName: memberlist } },
                { name: "excluded", configMap: { name: config.metadata.name } },
            ],
        };
        return new kubernetes.apps.v1.DaemonSet(
            `${name}-speaker`,
            { metadata, spec: { selector: { matchLabels }, template: { metadata: { labels }, spec } } },
            { parent: this, dependsOn: [controller, ...account.access] },
        );
    }

    private pool(name: string, { args, namespace, after }: PoolArgs): pulumi.Resource {
        const metadata = { name: poolName, namespace: namespace.metadata.name };
        const apiVersion = `${metallbGroup}/v1beta1`;
        const pool = new kubernetes.apiextensions.CustomResource(
            `${name}-pool`,
            { apiVersion, kind: "IPAddressPool", metadata, spec: { addresses: [...args.addresses] } },
            { parent: this, dependsOn: [...after] },
        );
        const interfaces = args.interfaces.length > 0 ? { interfaces: [...args.interfaces] } : {};
        return new kubernetes.apiextensions.CustomResource(
            `${name}-advertisement`,
            { apiVersion, kind: "L2Advertisement", metadata, spec: { ipAddressPools: [poolName], ...interfaces } },
            { parent: this, dependsOn: pool },
        );
    }
}

interface ControllerArgs {
    readonly args: MetalLbArgs;
    readonly namespace: kubernetes.core.v1.Namespace;
    readonly kinds: readonly pulumi.Resource[];
}

interface SpeakerArgs extends Omit<ControllerArgs, "kinds"> {
    readonly controller: pulumi.Resource;
}

interface PoolArgs extends Omit<ControllerArgs, "kinds"> {
    readonly after: readonly pulumi.Resource[];
}

const metrics = { httpGet: { path: "/metrics", port: "metrics" } };
const probes = {
    readinessProbe: { ...metrics, periodSeconds: 2 },
    livenessProbe: { ...metrics, initialDelaySeconds: 10 },
};

/** Interfaces that pods, docker and the overlay have on a node: nobody outside asks there. */
const ownInterfaces = ["docker.*", "br-.*", "veth.*", "lo", "flannel.*", "cni.*", "kube-ipvs.*", "dummy.*"].map(
    (name) => `^${name}$`,
);
