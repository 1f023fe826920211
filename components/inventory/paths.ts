/** Where things live on a node. Kits, manifests and units all take them from here. */

const kubernetesFolder = "/opt/k8s";

export const paths = {
    /** The active Kubernetes version: a link to `v<version>` beside it. */
    kubernetes: `${kubernetesFolder}/kubernetes`,
    kubernetesVersion: (version: string) => `${kubernetesFolder}/v${version}`,
    etcd: "/opt/etcd/current",
    etcdVersion: (version: string) => `/opt/etcd/v${version}`,
    criDockerd: "/opt/cri-dockerd/current",
    criDockerdVersion: (version: string) => `/opt/cri-dockerd/v${version}`,
    containerd: "/opt/containerd/current",
    containerdVersion: (version: string) => `/opt/containerd/v${version}`,
    cniBinaries: "/opt/cni/bin",
    kubectl: "/usr/local/bin/kubectl",

    config: "/etc/kubernetes",
    /** Variables of all Kubernetes services. */
    kubeVariables: "/etc/kubernetes/kube.conf",
    kubeletVariables: "/etc/kubernetes/kubelet.conf",
    kubeProxyVariables: "/etc/kubernetes/kube-proxy.conf",
    etcdVariables: "/etc/kubernetes/etcd.conf",
    /** Read by a member's first start only; the kit writes it, for only the other members know who they are. */
    etcdInitialVariables: "/var/lib/slipway/etcd-initial.conf",
    authentication: "/etc/kubernetes/authentication.yaml",
    admission: "/etc/kubernetes/admission.yaml",
    auditPolicy: "/etc/kubernetes/audit-policy.yaml",
    auditLogs: "/var/log/kubernetes/audit",
    staticPods: "/etc/kubernetes/manifests",
    hosts: "/etc/kubernetes/hosts",
    hostsScript: "/etc/kubernetes/hosts.sh",
    apiProxy: "/etc/kubernetes/api-proxy.cfg",
    /** Memory, and the proxy's own account's. */
    apiProxyRun: "/run/kube-api-proxy",
    apiAddress: "/etc/kubernetes/api-address.conf",
    apiAddressScript: "/etc/kubernetes/api-address.sh",
    apiAddressRun: "/run/kube-api-address",

    pki: "/etc/kubernetes/pki",
    /** All of the cluster's authorities that are trusted. */
    ca: "/etc/kubernetes/pki/ca.crt",
    /** The one of them that signs, and its key: the controller-manager takes no file with more than one. */
    signer: "/etc/kubernetes/pki/signer.crt",
    caKey: "/etc/kubernetes/pki/ca.key",
    frontProxyCa: "/etc/kubernetes/pki/front-proxy-ca.crt",
    serviceAccountKey: "/etc/kubernetes/pki/service-account.key",
    serviceAccountPublicKey: "/etc/kubernetes/pki/service-account.pub",
    encryptionConfig: "/etc/kubernetes/pki/encryption-config.yaml",
    etcdPki: "/etc/etcd/pki",
    etcdCa: "/etc/etcd/pki/ca.crt",
    /** Who this machine is at the store that gets copies of snapshots: two lines, the access key's and the secret one's. */
    storeKeys: "/etc/etcd/store-keys",
    storeCa: "/etc/etcd/store-ca.crt",
    adminKubeconfig: "/etc/kubernetes/admin.conf",
    controllerManagerKubeconfig: "/etc/kubernetes/controller-manager.kubeconfig",
    schedulerKubeconfig: "/etc/kubernetes/scheduler.kubeconfig",

    docker: "/etc/docker/daemon.json",
    /** The kubelet's own name for it. */
    logindDelay: "/etc/systemd/logind.conf.d/99-kubelet.conf",
    journal: "/etc/systemd/journald.conf.d/slipway.conf",
    criSocket: "/run/cri-dockerd.sock",
    /** Apart from the folders and the socket of a containerd that the distribution or docker brings. */
    containerdConfig: "/etc/cri-containerd/config.toml",
    containerdData: "/var/lib/cri-containerd",
    containerdState: "/run/cri-containerd",
    containerdSocket: "/run/cri-containerd/containerd.sock",
    /** How to reach registries, a folder for each: containerd's certs.d. */
    containerdRegistries: "/etc/containerd/certs.d",
    cniConfig: "/etc/cni/net.d",
    etcdData: "/var/lib/etcd",
    kubelet: "/var/lib/kubelet",
    kubeletConfig: "/var/lib/kubelet/config.yaml",
    kubeletKubeconfig: "/var/lib/kubelet/kubeconfig",
    bootstrapKubeconfig: "/var/lib/kubelet/bootstrap-kubeconfig",
    /** Certificate and key in one file; the kubelet rotates it. */
    kubeletClientCertificate: "/var/lib/kubelet/pki/kubelet-client-current.pem",
    kubeProxy: "/var/lib/kube-proxy",
    kubeProxyConfig: "/var/lib/kube-proxy/config.yaml",
    kubeProxyKubeconfig: "/var/lib/kube-proxy/kubeconfig",
    /** Proxies of the kit's own downloads, as variables of the shell. */
    proxies: "/var/lib/slipway/proxies",
    /** Owner, manifests, stamps and kits. */
    slipway: "/var/lib/slipway",
} as const;

/** A certificate and its key: "apiserver" → /etc/kubernetes/pki/apiserver.{crt,key}. */
export function certificatePaths(folder: string, name: string): { certificate: string; key: string } {
    return { certificate: `${folder}/${name}.crt`, key: `${folder}/${name}.key` };
}
