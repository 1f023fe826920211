import type { Settings } from "../components/config/schema";
import { nodeProblems } from "../components/config/validate";
import { formatAddress, overlaps, parseCidr } from "../components/inventory/addressing";
import type { NodeSpec, RuntimeName } from "../components/inventory/node";
import { addressNumber, nodeNames, type LabConfig } from "./config";
import type { EngineFacts, LabKeys } from "./facts";

/** Where every lab node sees the folder that mirrors are in. */
export const mirrorMount = "/mnt/mirror";

/** Where every lab node finds a nameserver that pods can ask; written by lab-boot. */
const resolvConf = "/etc/lab-resolv.conf";

/** What runc is called through where the engine gives no --privileged. */
const labRunc = "/usr/local/sbin/lab-runc";

/** The nth address of the lab's network. */
export function labAddress(lab: LabConfig, n: number): string {
    return formatAddress(parseCidr(lab.subnet).base + n);
}

/** Address of the lab's own HTTP server of artifacts. */
export const httpAddress = (lab: LabConfig): string => labAddress(lab, 2);

export interface LabNodesArgs {
    readonly engine: EngineFacts;
    readonly keys: LabKeys;
    /** Path of the stack's mirror below the mounted folder, with a slash at its end; "" where it is that folder. */
    readonly mirrorPath: string;
    /** Of those nodes that the lab doesn't name for containerd. Default: docker. */
    readonly runtime?: RuntimeName;
}

/** The machines that a lab has, before anything is prepared for them. Pure. */
function labMachines(lab: LabConfig): Pick<NodeSpec, "name" | "address" | "roles">[] {
    return nodeNames(lab).map((name, index) => ({
        name,
        address: labAddress(lab, addressNumber(index)),
        roles: index < lab.controlPlanes ? ["control-plane", "worker"] : ["worker"],
    }));
}

/** Everything in which a lab doesn't fit the cluster that is built on it, and what runs there. Pure. */
export function misfits(settings: Pick<Settings, "cluster" | "workloads" | "addons">, lab: LabConfig): string[] {
    const { podCidr, serviceCidr } = settings.cluster.network;
    const overlapping = Object.entries({ podCidr, serviceCidr })
        .filter(([, cidr]) => overlaps(cidr, lab.subnet))
        .map(([name, cidr]) => `lab.subnet ${lab.subnet} overlaps cluster.network.${name} ${cidr}.`);
    if (overlapping.length > 0) return overlapping;
    return [
        ...nodeProblems(settings, labMachines(lab)).map((problem) => problem.replace(/^nodes has /, "lab has ")),
        ...virtualAddressProblems(settings.cluster.api, lab),
    ];
}

/** Its machines have the addresses from the eleventh on; the engine and the lab's HTTP server the first two. */
function virtualAddressProblems({ virtualAddress }: Settings["cluster"]["api"], lab: LabConfig): string[] {
    const free = Array.from({ length: 8 }, (_, index) => labAddress(lab, index + 3));
    return virtualAddress === undefined || free.includes(virtualAddress)
        ? []
        : [
              `cluster.api.virtualAddress ${virtualAddress} must be one of ${free[0]} to ${free[7]}, which a lab leaves free.`,
          ];
}

/** The lab's machines as any other inventory: the cluster's components can't tell them from real ones. Pure. */
export function labNodes(lab: LabConfig, { engine, keys, mirrorPath, runtime = "docker" }: LabNodesArgs): NodeSpec[] {
    return labMachines(lab).map((machine, index) => ({
        ...machine,
        ssh: {
            host: "127.0.0.1",
            port: lab.sshPort + index,
            user: lab.user,
            privateKey: keys.user.private,
            hostKey: keys.host.public,
        },
        // Also where containers' addresses don't answer.
        ...(machine.roles.includes("control-plane") && { api: { host: "127.0.0.1", port: lab.apiPort + index } }),
        labels: {},
        taints: [],
        lost: false,
        sysctls: {},
        source: `${lab.overHttp.includes(machine.name) ? `http://${httpAddress(lab)}` : mirrorMount}/${mirrorPath}`,
        runtime: lab.containerd.includes(machine.name) ? "containerd" : runtime,
        docker: dockerOverrides(engine),
        containerd: containerdOverrides(engine),
        kubelet: kubeletOverrides(engine),
        kubeProxy: kubeProxyOverrides,
    }));
}

function dockerOverrides(engine: EngineFacts): Record<string, unknown> {
    return {
        ...cgroupfs(engine, { "exec-opts": ["native.cgroupdriver=cgroupfs"] }),
        ...(engine.privileged ? {} : { "default-runtime": "lab-runc", runtimes: { "lab-runc": { path: labRunc } } }),
    };
}

function containerdOverrides(engine: EngineFacts): Record<string, unknown> {
    const options = {
        ...cgroupfs(engine, { SystemdCgroup: false }),
        ...(engine.privileged ? {} : { BinaryName: labRunc }),
    };
    return { plugins: { "io.containerd.cri.v1.runtime": { containerd: { runtimes: { runc: { options } } } } } };
}

function kubeletOverrides(engine: EngineFacts): Record<string, unknown> {
    return {
        // From 1.35 on the kubelet refuses cgroup v1, which some engines' hosts still have.
        ...cgroupfs(engine, { cgroupDriver: "cgroupfs", failCgroupV1: false }),
        resolvConf,
        // All nodes share the host's kernel, whose settings are not theirs to change.
        protectKernelDefaults: false,
        // Nobody waits for a lab's machines to stop, and kubelets see no logind's delay in containers.
        shutdownGracePeriod: "0s",
        shutdownGracePeriodCriticalPods: "0s",
        // The defaults are percentages, of a disk that all nodes share with everything else on the host.
        evictionHard: {
            "imagefs.available": "1Gi",
            "imagefs.inodesFree": "1%",
            "memory.available": "100Mi",
            "nodefs.available": "1Gi",
            "nodefs.inodesFree": "1%",
        },
        // For the same reason: 100 switches the removal of unused images off.
        imageGCHighThresholdPercent: 100,
        imageGCLowThresholdPercent: 99,
    };
}

/** In a container systemd has no say in the controllers of cgroup v1, so nothing there can be asked of it. */
function cgroupfs(engine: EngineFacts, settings: Record<string, unknown>): Record<string, unknown> {
    return engine.cgroupVersion === "1" ? settings : {};
}

/** conntrack's sysctls belong to the host: a container can't write them. */
const kubeProxyOverrides = {
    conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" },
};
