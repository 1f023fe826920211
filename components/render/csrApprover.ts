import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { command, neverGiveUp, respawn, unitText } from "./systemd";

/**
 * Approves kubelets' serving certificates for as long as the cluster lives, not only during an `up`.
 *
 * Kubernetes approves none by itself (kubeadm 1223): the kit checks each request against what the
 * membership steps recorded in the API, so that another node restarts nothing.
 *
 * @param kit folder of the node kit, whose `step approve` runs until it is stopped
 */
export function csrApprover(kit: string): Fragment {
    const content = unitText({
        Unit: {
            Description: "Approval of kubelets' serving certificates of the cluster's members",
            After: "network-online.target kube-apiserver.service kubernetes-hosts.service",
            Wants: "network-online.target kube-apiserver.service kubernetes-hosts.service",
            ...neverGiveUp,
        },
        Service: {
            Environment: `KUBECONFIG=${paths.adminKubeconfig}`,
            ExecStart: command("/bin/sh", `${kit}/step`, "approve"),
            ...respawn,
            NoNewPrivileges: "yes",
            TimeoutStopSec: "10",
        },
    });
    return [
        {
            kind: "unit",
            name: "kube-csr-approver.service",
            state: "active",
            content,
            after: [paths.kubernetes, paths.adminKubeconfig, kit],
        },
    ];
}
