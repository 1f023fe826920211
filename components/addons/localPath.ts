import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { digestOf } from "../render/manifest";
import { serviceAccount } from "./account";
import { recommendedLabels } from "./labels";
import { addonNamespace } from "./namespace";
import { restrictedContainer, restrictedPod } from "./podSecurity";
import { localPathClass } from "./removal";

export interface LocalPathArgs {
    /** Image reference with tag; it has a shell, too. Nodes have it already. */
    readonly image: string;
    /** Folder on each node in which volumes are made. */
    readonly path: string;
    /** What happens to a volume whose claim is deleted. */
    readonly reclaimPolicy: "Delete" | "Retain";
    /** Whether claims that name no class get this one. */
    readonly default: boolean;
}

const app = "local-path";
const provisioner = "rancher.io/local-path";
const labels = recommendedLabels(app, "storage");
const selector = { "app.kubernetes.io/name": app };

/**
 * Volumes that are folders of the node on which a pod first starts (https://github.com/rancher/local-path-provisioner).
 *
 * A volume stays on its node, and so does the pod that uses it; its size is not enforced.
 */
export class LocalPath extends pulumi.ComponentResource {
    readonly storageClass: kubernetes.storage.v1.StorageClass;

    constructor(name: string, args: LocalPathArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:addons:LocalPath", name, {}, opts);
        const child = { parent: this };
        // The pods that make and delete folders mount a folder of the host, which no stricter level allows.
        const namespace = addonNamespace(name, { name: "local-path-storage", labels, level: "privileged" }, child);
        const metadata = { name: app, namespace: namespace.metadata.name, labels };
        const account = serviceAccount(name, { metadata, clusterRole, rules }, child);
        const data = configuration(args);
        const config = new kubernetes.core.v1.ConfigMap(name, { metadata, data }, child);
        const deployment = new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata,
                spec: {
                    selector: { matchLabels: selector },
                    // Two of them would make the same volume.
                    strategy: { type: "Recreate" },
                    template: {
                        metadata: {
                            labels,
                            annotations: { "slipway.build/configuration": digestOf(...Object.values(data)) },
                        },
                        spec: podSpec(args.image, config.metadata.name, account.name),
                    },
                },
            },
            { ...child, dependsOn: [...account.access] },
        );
        this.storageClass = new kubernetes.storage.v1.StorageClass(
            name,
            {
                metadata: {
                    name: localPathClass,
                    labels,
                    annotations: { "storageclass.kubernetes.io/is-default-class": String(args.default) },
                },
                provisioner,
                // The node is chosen by the pod, and the volume made there.
                volumeBindingMode: "WaitForFirstConsumer",
                reclaimPolicy: args.reclaimPolicy,
            },
            { ...child, dependsOn: deployment, replaceOnChanges: ["reclaimPolicy"], deleteBeforeReplace: true },
        );
        this.registerOutputs({});
    }
}

/** https://github.com/rancher/local-path-provisioner#configuration */
function configuration({ image, path }: LocalPathArgs): Record<string, string> {
    const helper: kubernetes.types.input.core.v1.Pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "local-path-helper" },
        spec: {
            priorityClassName: "system-node-critical",
            automountServiceAccountToken: false,
            securityContext: { seccompProfile: { type: "RuntimeDefault" } },
            containers: [
                {
                    name: "helper",
                    image,
                    imagePullPolicy: "IfNotPresent",
                    resources: { requests: { cpu: "10m", memory: "8Mi" }, limits: { memory: "64Mi" } },
                },
            ],
        },
    };
    const everywhere = [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [path] }];
    return {
        "config.json": JSON.stringify({ nodePathMap: everywhere }),
        "helperPod.yaml": JSON.stringify(helper),
        // Whoever the pod runs as may write: the kubelet doesn't change the owner of a folder of the host.
        setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
    };
}

const clusterRole = {
    name: "slipway:local-path",
    rules: [
        {
            apiGroups: [""],
            resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods"],
            verbs: ["get", "list", "watch"],
        },
        {
            apiGroups: [""],
            resources: ["persistentvolumes"],
            verbs: ["get", "list", "watch", "create", "patch", "update", "delete"],
        },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
        { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
    ],
};

/** Its helpers run in its own namespace. */
const rules = [
    { apiGroups: [""], resources: ["pods"], verbs: ["create", "delete"] },
    { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
];

function podSpec(
    image: string,
    configMap: pulumi.Input<string>,
    serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
    return {
        priorityClassName: "system-cluster-critical",
        serviceAccountName,
        securityContext: restrictedPod(65534),
        containers: [
            {
                name: "provisioner",
                image,
                imagePullPolicy: "IfNotPresent",
                command: [
                    "local-path-provisioner",
                    "start",
                    "--config=/etc/local-path/config.json",
                    `--configmap-name=${app}`,
                    `--service-account-name=${app}`,
                    `--helper-image=${image}`,
                ],
                env: [
                    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                    { name: "CONFIG_MOUNT_PATH", value: "/etc/local-path/" },
                ],
                resources: { requests: { cpu: "10m", memory: "24Mi" }, limits: { memory: "128Mi" } },
                securityContext: restrictedContainer,
                // Claims that go with the add-on: their volumes are deleted a moment after them, by this.
                lifecycle: { preStop: { sleep: { seconds: 15 } } },
                volumeMounts: [{ name: "config", mountPath: "/etc/local-path", readOnly: true }],
            },
        ],
        volumes: [{ name: "config", configMap: { name: configMap } }],
    };
}
