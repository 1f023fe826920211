import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { restrictedContainer } from "../podSecurity";
import { onEveryNode } from "./everyNode";

const app = "cadvisor";
const port = 8080;

/**
 * The figures of each container, with its name, from docker itself (https://github.com/google/cadvisor), on every node.
 * The kubelet's own cAdvisor knows pods, but not the names of containers that docker runs.
 */
export function cadvisor(
    name: string,
    { image, namespace }: { readonly image: string; readonly namespace: pulumi.Input<string> },
    opts: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.DaemonSet {
    return onEveryNode(name, { app, namespace, spec: podSpec(image) }, opts);
}

/** Where it looks, by the path at which it expects it. */
const folders: Readonly<Record<string, string>> = {
    "/rootfs": "/",
    "/var/run": "/var/run",
    "/sys": "/sys",
    "/var/lib/docker": "/var/lib/docker",
};

function podSpec(image: string): kubernetes.types.input.core.v1.PodSpec {
    const mounts = Object.entries(folders).map(([mountPath, path], index) => ({
        mount: { name: `folder-${index}`, mountPath, readOnly: true },
        volume: { name: `folder-${index}`, hostPath: { path } },
    }));
    const probe = { httpGet: { path: "/healthz", port: "metrics" } };
    return {
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        containers: [
            {
                name: app,
                image,
                imagePullPolicy: "IfNotPresent",
                args: [`-port=${port}`, "-docker_only", "-housekeeping_interval=15s"],
                ports: [{ name: "metrics", containerPort: port }],
                resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
                readinessProbe: { ...probe, periodSeconds: 2 },
                livenessProbe: { ...probe, initialDelaySeconds: 30 },
                // Root, without a capability but the one to read what is others': docker's socket and folders are root's.
                securityContext: { ...restrictedContainer, capabilities: { drop: ["ALL"], add: ["DAC_READ_SEARCH"] } },
                volumeMounts: mounts.map(({ mount }) => mount),
            },
        ],
        volumes: mounts.map(({ volume }) => volume),
    };
}
