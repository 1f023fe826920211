import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../components/inventory";
import { LabConfig } from "./config";
import { LabFacts, LabKeys } from "./facts";
import { httpAddress, mirrorMount, resolvConf } from "./nodes";

export interface LabArgs {
    readonly config: LabConfig;
    readonly facts: LabFacts;
    readonly keys: LabKeys;
    readonly nodes: readonly NodeSpec[];
    /** The mirror's folder on this machine, which every node sees. */
    readonly mirror: string;
}

/** Machines for a cluster on this one: containers with systemd and sshd at fixed addresses. */
export class Lab extends pulumi.ComponentResource {
    /** Never replaced while the lab lives: the target of `deletedWith`. */
    readonly network: docker.Network;
    readonly containers: docker.Container[];

    constructor(name: string, args: LabArgs, opts?: pulumi.ComponentResourceOptions) {
        super("slipway:lab:Lab", name, {}, opts);
        const { config, nodes } = args;
        this.network = new docker.Network(
            `${name}-network`,
            {
                name: `slipway-${config.name}`,
                driver: "bridge",
                ipamConfigs: [{ subnet: config.subnet }],
                labels: labels(config),
            },
            { parent: this },
        );
        const child = { parent: this, deleteBeforeReplace: true };
        const served = config.overHttp.length > 0 ? [this.server(`${name}-mirror`, args, child)] : [];
        const machines = nodes.map(
            (node, index) =>
                new docker.Container(node.name, this.machine(node, index, args), {
                    ...child,
                    // A living node isn't thrown away because its image could be newer.
                    ignoreChanges: ["image"],
                }),
        );
        this.containers = [...served, ...machines];
        this.registerOutputs({});
    }

    private machine(node: NodeSpec, index: number, args: LabArgs): docker.ContainerArgs {
        const { config, facts, keys, mirror } = args;
        const image = config.bare.includes(node.name) ? facts.images.bare : facts.images.node;
        const api = index === 0 ? [{ ip: "127.0.0.1", internal: 6443, external: config.apiPort }] : [];
        return {
            name: node.name,
            hostname: node.name,
            image: image!,
            command: ["/sbin/init"],
            restart: "unless-stopped",
            stopSignal: "SIGRTMIN+3",
            stopTimeout: 30,
            destroyGraceSeconds: 2,
            removeVolumes: true,
            ...confinement(facts),
            cgroupnsMode: "private",
            tmpfs: { "/run": "exec", "/tmp": "exec" },
            // On the container's own file system an inner overlay isn't possible.
            volumes: [
                ...["/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd"].map(
                    (containerPath) => ({ containerPath }),
                ),
                { containerPath: mirrorMount, hostPath: mirror, readOnly: true },
            ],
            networksAdvanced: [{ name: this.network.name, ipv4Address: node.address }],
            ports: [{ ip: "127.0.0.1", internal: 22, external: node.ssh.port }, ...api],
            uploads: [
                { file: "/etc/ssh/lab_authorized_keys", content: `${keys.user.public}\n`, permissions: "0644" },
                {
                    file: "/etc/ssh/ssh_host_ed25519_key",
                    content: pulumi.secret(keys.host.private),
                    permissions: "0600",
                },
                {
                    file: resolvConf,
                    content: facts.nameservers.map((address) => `nameserver ${address}\n`).join(""),
                    permissions: "0644",
                },
            ],
            labels: Object.entries({ "slipway.lab": config.name }).map(([label, value]) => ({ label, value })),
        };
    }

    /** Serves the mirror to those nodes that take their artifacts over HTTP. */
    private server(name: string, args: LabArgs, opts: pulumi.CustomResourceOptions): docker.Container {
        const { config, facts, mirror } = args;
        return new docker.Container(
            name,
            {
                name: `${config.name}-mirror`,
                image: facts.images.node,
                command: ["busybox", "httpd", "-f", "-p", "80", "-h", mirrorMount],
                restart: "unless-stopped",
                stopSignal: "SIGKILL",
                volumes: [{ containerPath: mirrorMount, hostPath: mirror, readOnly: true }],
                networksAdvanced: [{ name: this.network.name, ipv4Address: httpAddress(config) }],
                labels: labels(config),
            },
            { ...opts, ignoreChanges: ["image"] },
        );
    }
}

const labels = (config: LabConfig) => [{ label: "slipway.lab", value: config.name }];

/** Everything that an engine without --privileged can still give: all but SYS_RESOURCE and the newest three. */
const capabilities = `
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
    WAKE_ALARM BLOCK_SUSPEND AUDIT_READ`
    .trim()
    .split(/\s+/)
    .sort();

function confinement(facts: LabFacts): Partial<docker.ContainerArgs> {
    if (facts.privileged) {
        return { privileged: true };
    }
    return {
        capabilities: { adds: capabilities.map((name) => `CAP_${name}`) },
        securityOpts: ["seccomp=unconfined", "apparmor=unconfined"],
        deviceCgroupRules: ["a *:* rwm"],
    };
}
