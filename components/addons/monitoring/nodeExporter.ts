import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { restrictedContainer } from "../podSecurity";
import { onEveryNode } from "./everyNode";

const app = "node-exporter";
/** On each node's address. */
const port = 9100;

/** The figures of each node itself (https://github.com/prometheus/node_exporter), on every node. */
export function nodeExporter(
    name: string,
    { image, namespace }: { readonly image: string; readonly namespace: pulumi.Input<string> },
    opts: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.DaemonSet {
    return onEveryNode(name, { app, namespace, spec: podSpec(image) }, opts);
}

function podSpec(image: string): kubernetes.types.input.core.v1.PodSpec {
    const probe = { httpGet: { path: "/", port: "metrics" } };
    return {
        // The node's own network and processes are what it tells of.
        hostNetwork: true,
        hostPID: true,
        securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
            {
                name: app,
                image,
                imagePullPolicy: "IfNotPresent",
                args: [
                    "--path.rootfs=/host",
                    `--web.listen-address=$(HOST_ADDRESS):${port}`,
                    "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/(docker|kubelet)/.+)($|/)",
                    "--collector.netclass.ignored-devices=^(veth|cni|docker).*$",
                    "--collector.netdev.device-exclude=^(veth|cni|docker).*$",
                ],
                env: [{ name: "HOST_ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } }],
                ports: [{ name: "metrics", containerPort: port }],
                resources: { requests: { cpu: "10m", memory: "24Mi" }, limits: { memory: "96Mi" } },
                readinessProbe: { ...probe, periodSeconds: 2 },
                livenessProbe: probe,
                securityContext: restrictedContainer,
                volumeMounts: [{ name: "host", mountPath: "/host", readOnly: true }],
            },
        ],
        volumes: [{ name: "host", hostPath: { path: "/" } }],
    };
}
