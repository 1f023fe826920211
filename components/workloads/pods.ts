import type * as kubernetes from "@pulumi/kubernetes";

import { restrictedContainer, restrictedPod } from "../addons/podSecurity";

type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Container = kubernetes.types.input.core.v1.Container;

/**
 * What every sample's pod has: an ordinary user without a word to the API, and 30 s of patience with a node that is
 * gone, where Kubernetes' own is 300 s.
 */
export function podOf(user: number, spec: PodSpec): PodSpec {
    return {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
            ...restrictedPod(user),
            // Lets a user without capabilities listen on port 80: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
            sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        },
        tolerations: ["not-ready", "unreachable"].map((condition) => ({
            key: `node.kubernetes.io/${condition}`,
            operator: "Exists",
            effect: "NoExecute",
            tolerationSeconds: 30,
        })),
        ...spec,
    };
}

/** Keeps serving for 5 s after the pod was told to go: by then no node sends it a new connection. */
export const leaveQuietly: Container["lifecycle"] = { preStop: { sleep: { seconds: 5 } } };

/** Ready within a second of its first answer; started anew after three that don't come. */
export function httpProbes(
    paths: { readonly ready: string; readonly alive: string },
    port: string,
    scheme: "HTTP" | "HTTPS" = "HTTP",
): Pick<Container, "readinessProbe" | "livenessProbe"> {
    const get = (path: string) => ({ httpGet: { path, port, scheme } });
    return {
        readinessProbe: { ...get(paths.ready), periodSeconds: 1, failureThreshold: 2 },
        livenessProbe: { ...get(paths.alive), periodSeconds: 5, timeoutSeconds: 5 },
    };
}

export const smallResources: Container["resources"] = {
    requests: { cpu: "10m", memory: "16Mi" },
    limits: { memory: "128Mi" },
};

/** On different nodes while there are any; more pods than nodes is no error. */
export function spread(matchLabels: Record<string, string>): Pick<PodSpec, "topologySpreadConstraints"> {
    return {
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels },
            },
        ],
    };
}

/** Kubernetes' own test server as a web server on port 80: it answers every request for /hostname with its pod's name. */
export function helloPod(image: string, { hostPort, ...spec }: Partial<PodSpec> & { hostPort?: number } = {}): PodSpec {
    return podOf(65534, {
        containers: [
            {
                name: "hello",
                image,
                imagePullPolicy: "IfNotPresent",
                args: ["netexec", "--http-port=80", "--udp-port=-1"],
                ports: [{ name: "http", containerPort: 80, ...(hostPort && { hostPort }) }],
                // /healthz waits for the UDP server, which is off.
                ...httpProbes({ ready: "/hostname", alive: "/hostname" }, "http"),
                lifecycle: leaveQuietly,
                resources: smallResources,
                securityContext: restrictedContainer,
            },
        ],
        ...spec,
    });
}

/** The folders that nginx writes to, as upstream's image and Debian's have them. */
const nginxFolders = { run: "/run", cache: "/var/cache/nginx", state: "/var/lib/nginx" };

export interface NginxArgs {
    readonly image: string;
    /** The port it listens on. */
    readonly port: number;
    /** What asks whether it works. */
    readonly probes: ReturnType<typeof httpProbes>;
    /** More folders for it to read. */
    readonly mounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

/** nginx as an ordinary user on a file system that it can't write to; goes with `nginxVolumes`. */
export function nginxContainer({ image, port, probes, mounts = [] }: NginxArgs): Container {
    const written = Object.entries(nginxFolders).map(([name, mountPath]) => ({ name, mountPath }));
    return {
        name: "nginx",
        image,
        imagePullPolicy: "IfNotPresent",
        ports: [{ name: port === 443 ? "https" : "http", containerPort: port }],
        ...probes,
        lifecycle: leaveQuietly,
        resources: smallResources,
        securityContext: restrictedContainer,
        volumeMounts: [...written, ...mounts.map((mount) => ({ ...mount, readOnly: true }))],
    };
}

export const nginxVolumes = Object.keys(nginxFolders).map((name) => ({
    name,
    emptyDir: {},
}));

/** The user that nginx' images have. */
export const nginxUser = 101;
