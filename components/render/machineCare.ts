import { isControlPlane } from "../inventory";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";

// What keeps a machine alive whatever its pods do: memory and processes of its own, room on its disk, an orderly end.

/**
 * Kernel settings that a kubelet with `protectKernelDefaults` finds or doesn't start.
 * https://github.com/kubernetes/component-helpers/blob/v0.36.1/node/util/sysctl/sysctl.go
 */
export const protectedSysctls: Readonly<Record<string, string>> = {
    "kernel.keys.root_maxbytes": "25000000",
    "kernel.keys.root_maxkeys": "1000000",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "vm.overcommit_memory": "1",
    "vm.panic_on_oom": "0",
};

/** Limits of a kubelet. A board of 1 GiB has some 570 MiB left for pods, as a control plane 270. */
export function limits(node: NodeSpec): Record<string, unknown> {
    return {
        protectKernelDefaults: true,
        // Of one pod, so that none takes all of the machine's 32,768.
        podPidsLimit: 4096,
        // Resident on a lab's nodes: kubelet, kube-proxy and runtime 330 MiB, of a control plane 490 more; a third of that
        // are pages of executables, which the kernel drops when memory is short.
        kubeReserved: isControlPlane(node) ? { cpu: "200m", memory: "500Mi" } : { cpu: "50m", memory: "200Mi" },
        systemReserved: { cpu: "50m", memory: "50Mi" },
        // Kubernetes' own, said aloud: where one of them is set, the others have no default any more.
        evictionHard: {
            "imagefs.available": "15%",
            "imagefs.inodesFree": "5%",
            "memory.available": "100Mi",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
        },
        // Of each container. Docker has the same limits in its own configuration.
        containerLogMaxSize: "10Mi",
        containerLogMaxFiles: 3,
        // Events in a second; the API server limits them, too.
        eventRecordQPS: 50,
        eventBurst: 100,
        makeIPTablesUtilChains: true,
        streamingConnectionIdleTimeout: "4h",
        // When the machine shuts down pods are told to go first; the last third is for those that others need.
        shutdownGracePeriod: "30s",
        shutdownGracePeriodCriticalPods: "10s",
    };
}

/**
 * logind waits this long for the kubelet before it shuts down; its own limit is 5 s. Where that is shorter than
 * `shutdownGracePeriod` a kubelet writes this very file and has logind read it. It stands here so that it goes in the end.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/kubelet/nodeshutdown/systemd/inhibit_linux.go
 */
export function shutdownDelay(gracePeriod: unknown): Fragment {
    const seconds = secondsOf(String(gracePeriod ?? "0s"));
    if (seconds === 0) {
        return [];
    }
    const content = `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds.toFixed(0)}\n`;
    return [{ kind: "file", path: paths.logindDelay, content }];
}

/** A duration as Go writes it: "1m30s" is 90. */
function secondsOf(text: string): number {
    const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit], 0);
}
