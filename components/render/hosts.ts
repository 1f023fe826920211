import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, controlPlanes, isControlPlane, NodeSpec, paths } from "../inventory";
import { Fragment } from "./entries";
import { unitText } from "./systemd";

/** Rewrites in place: in a container /etc/hosts is a mount, which nothing can be renamed over. */
const script = `#!/bin/sh
# Keeps the lines of ${paths.hosts} in /etc/hosts, between two marks.  hosts.sh add | remove
set -eu

begin='# begin slipway'
end='# end slipway'

without_ours() {
    awk -v begin="$begin" -v end="$end" '$0 == begin { ours = 1 } !ours { print } $0 == end { ours = 0 }' /etc/hosts
}

wanted=$(without_ours)
if [ "$1" = add ]; then
    wanted=$(printf '%s\\n%s\\n%s\\n%s' "$wanted" "$begin" "$(cat ${paths.hosts})" "$end")
fi
if [ "$wanted" != "$(cat /etc/hosts)" ]; then
    printf '%s\\n' "$wanted" > /etc/hosts
fi
`;

/** The API's name on a node without DNS for it: lines in /etc/hosts that come back after a reboot. */
export function hosts(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment {
    const { host } = clusterEndpoint(cluster);
    // A control plane asks itself, so that it needs no other one.
    const servers = isControlPlane(node) ? [node] : controlPlanes(nodes);
    const content = unitText({
        Unit: {
            Description: "Names of the Kubernetes API in /etc/hosts",
            // cloud-init may write /etc/hosts anew at boot.
            After: "local-fs.target cloud-init.service",
            Before: "kubelet.service kube-proxy.service",
        },
        Service: {
            Type: "oneshot",
            RemainAfterExit: "yes",
            ExecStart: `/bin/sh ${paths.hostsScript} add`,
            ExecStop: `/bin/sh ${paths.hostsScript} remove`,
        },
    });
    return [
        { kind: "file", path: paths.hosts, content: servers.map(({ address }) => `${address} ${host}\n`).join("") },
        { kind: "file", path: paths.hostsScript, mode: "0755", content: script },
        {
            kind: "unit",
            name: "kubernetes-hosts.service",
            state: "oneshot",
            content,
            after: [paths.hosts, paths.hostsScript],
        },
    ];
}
