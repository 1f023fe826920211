import { formatAddress, NodeSpec, parseCidr } from "../components/inventory";
import { addressNumber, LabConfig, nodeNames } from "./config";
import { LabFacts, LabKeys } from "./facts";

/** Where every lab node sees the mirror. */
export const mirrorMount = "/mnt/mirror";

/** Where every lab node finds nameservers that pods can ask. */
export const resolvConf = "/etc/lab-resolv.conf";

/** The nth address of the lab's network. */
export function labAddress(lab: LabConfig, n: number): string {
    return formatAddress(parseCidr(lab.subnet).base + n);
}

/** Address of the lab's own HTTP server of artifacts. */
export const httpAddress = (lab: LabConfig): string => labAddress(lab, 2);

/** The lab's machines as any other inventory: the cluster's components can't tell them from real ones. */
export function labNodes(lab: LabConfig, facts: LabFacts, keys: LabKeys): NodeSpec[] {
    return nodeNames(lab).map((name, index) => ({
        name,
        address: labAddress(lab, addressNumber(index)),
        roles: index < lab.controlPlanes ? ["control-plane", "worker"] : ["worker"],
        ssh: {
            host: "127.0.0.1",
            port: lab.sshPort + index,
            user: lab.user,
            privateKey: keys.user.private,
            hostKey: keys.host.public,
        },
        labels: {},
        taints: [],
        source: lab.overHttp.includes(name) ? `http://${httpAddress(lab)}/` : `${mirrorMount}/`,
        docker: dockerOverrides(facts),
        kubelet: kubeletOverrides(facts),
        kubeProxy: kubeProxyOverrides,
    }));
}

function dockerOverrides(facts: LabFacts): Record<string, unknown> {
    return {
        // A container has no systemd slice of its own that the inner docker could use.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        // See lab/image/usr/local/sbin/lab-runc.
        ...(facts.privileged
            ? {}
            : { "default-runtime": "lab-runc", runtimes: { "lab-runc": { path: "/usr/local/sbin/lab-runc" } } }),
    };
}

function kubeletOverrides(facts: LabFacts): Record<string, unknown> {
    return {
        cgroupDriver: "cgroupfs",
        // From 1.35 on the kubelet refuses cgroup v1, which some engines' hosts still have.
        ...(facts.cgroupVersion === "1" ? { failCgroupV1: false } : {}),
        resolvConf,
        // The defaults are percentages, of a disk that all nodes share with everything else on the host.
        evictionHard: {
            "imagefs.available": "1Gi",
            "memory.available": "100Mi",
            "nodefs.available": "1Gi",
            "nodefs.inodesFree": "1%",
        },
        imageGCHighThresholdPercent: 100,
        imageGCLowThresholdPercent: 99,
    };
}

/** conntrack's sysctls belong to the host: a container can't write them. */
const kubeProxyOverrides = {
    conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" },
};
