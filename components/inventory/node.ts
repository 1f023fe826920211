/** What a machine does in the cluster. A control plane without the worker role carries the usual NoSchedule taint. */
export type Role = "control-plane" | "worker";

/** Processor architectures that artifacts are made for, in Debian's and Go's words. */
export type Architecture = "amd64" | "arm64";

/** What runs a node's containers. */
export type RuntimeName = "docker" | "containerd";

/** How to reach a machine over SSH. */
export interface SshTarget {
    /** Name or address to dial; may differ from the node's address inside the cluster. */
    readonly host: string;
    /** TCP port. Default 22. */
    readonly port: number;
    /** An account that may run `sudo -n`, or root. */
    readonly user: string;
    /** Private key in OpenSSH or PEM form. Absent: the SSH agent is asked. */
    readonly privateKey?: string;
    /** The public host key as in known_hosts: "ssh-ed25519 AAAA…". Absent: any key is accepted, which only `cluster.ssh.strictHostKeyChecking: false` allows. */
    readonly hostKey?: string;
    /** A bastion to go through. */
    readonly proxy?: Omit<SshTarget, "proxy">;
}

export interface Taint {
    readonly key: string;
    readonly value?: string;
    readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** One machine of the cluster: plain data, so that previews know all of it. */
export interface NodeSpec {
    /** The Kubernetes node name: a DNS-1123 label, unique in the cluster. */
    readonly name: string;
    /** IPv4 address by which the other nodes reach this one. */
    readonly address: string;
    readonly roles: readonly Role[];
    readonly ssh: SshTarget;
    /** How the operator reaches the API of a control plane. Default: by its address, on the API's port. */
    readonly api?: { readonly host: string; readonly port: number };
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
    /** Where the node fetches artifacts: a prefix for upstream paths ("https://", "http://mirror:8080/", "/mnt/mirror/"). */
    readonly source: string;
    /** Whether writes take long, as on memory cards. Default: normal. */
    readonly disk?: "normal" | "slow";
    /** The machine is gone for good: nothing of it is contacted any more, not even to clean it. */
    readonly lost: boolean;
    /** Kernel settings, laid over the cluster's. */
    readonly sysctls: Readonly<Record<string, string>>;
    /** Pods that the kubelet runs from files, by the file's name; manifests of v1 Pods. Default: none. */
    readonly staticPods?: Readonly<Record<string, object>>;
    readonly runtime: RuntimeName;
    /** Fields laid over docker's daemon.json. */
    readonly docker: Readonly<Record<string, unknown>>;
    /** Fields laid over containerd's config.toml. */
    readonly containerd: Readonly<Record<string, unknown>>;
    /** Fields laid over the KubeletConfiguration. */
    readonly kubelet: Readonly<Record<string, unknown>>;
    /** Fields laid over the KubeProxyConfiguration. */
    readonly kubeProxy: Readonly<Record<string, unknown>>;
}
