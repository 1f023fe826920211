import type { EngineFacts, LabKeys } from "./facts";
import { mirrorMount } from "./nodes";

export interface MachineArgs {
    readonly name: string;
    readonly image: string;
    readonly engine: EngineFacts;
    readonly keys: LabKeys;
    /** The account that SSH logs in as. */
    readonly user: string;
    /** The folder that mirrors are in, on the engine's host. */
    readonly mirrorRoot?: string;
}

/** A file that is in the container before it first starts. */
export interface Upload {
    readonly file: string;
    readonly content: string;
    readonly permissions: string;
}

/** What makes a machine of a container, in the docker plugin's words. Pure; network, ports and labels come on top. */
export function machine({ name, image, engine, keys, user, mirrorRoot }: MachineArgs) {
    return {
        name,
        hostname: name,
        image,
        ...confinement(engine),
        cgroupnsMode: "private",
        // Comes back with the engine, after a restart of the host, too.
        restart: "unless-stopped",
        stopSignal: "SIGRTMIN+3",
        stopTimeout: 30,
        removeVolumes: true,
        tmpfs: { "/run": "exec,mode=755", "/tmp": "exec" },
        volumes: [
            // docker, containerd, kubelet and etcd want a real file system below them: no overlay lies on an overlay.
            { containerPath: "/var" },
            ...(mirrorRoot ? [{ containerPath: mirrorMount, hostPath: mirrorRoot, readOnly: true }] : []),
            ...(engine.kernelModules
                ? [{ containerPath: "/lib/modules", hostPath: "/lib/modules", readOnly: true }]
                : []),
        ],
        uploads: [
            { file: `/etc/ssh/authorized_keys/${user}`, content: `${keys.user.public}\n`, permissions: "0644" },
            { file: "/etc/ssh/ssh_host_ed25519_key", content: keys.host.private, permissions: "0600" },
        ] as readonly Upload[],
    };
}

/**
 * What of these changes with a release of Slipway, not with the lab's configuration. None of it can change in a living
 * container, and a node with a cluster on it isn't thrown away for it.
 */
export const settled = [
    "capabilities",
    "cgroupnsMode",
    "deviceCgroupRules",
    "image",
    "privileged",
    "restart",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "tmpfs",
    "volumes",
];

/** Everything that an engine without --privileged can still give: all but SYS_RESOURCE and the newest three. */
const capabilities = `
    AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK
    IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW
    SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE
    SYS_RAWIO SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`
    .trim()
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/** --privileged, or what comes next to it. What it leaves read-only, lab-boot opens. */
export function confinement({ privileged }: Pick<EngineFacts, "privileged">) {
    return privileged
        ? { privileged: true }
        : {
              capabilities: { adds: capabilities },
              securityOpts: ["seccomp=unconfined", "apparmor=unconfined"],
              deviceCgroupRules: ["a *:* rwm"],
          };
}
