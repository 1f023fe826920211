import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, controlPlanes, isControlPlane, NodeSpec, paths, wayToApi } from "../inventory";
import { apiProxyUnit } from "./apiProxy";
import { Fragment } from "./entries";
import { neverGiveUp, respawn, unitText } from "./systemd";

const unit = "kubernetes-hosts.service";

/** A name that nobody knows at the moment keeps the addresses that it had. */
const lookUp = `
lines() {
    while read -r place name; do
        found=$(getent ahostsv4 "$place" | awk -v name="$name" '{ print $1, name }' | sort -u)
        if [ -n "$found" ]; then
            echo "$found"
        else
            awk -v begin="$begin" -v end="$end" '$0 == end { ours = 0 } ours { print } $0 == begin { ours = 1 }' /etc/hosts
        fi
    done <${paths.hosts}
}
`;

/** Rewrites in place: in a container /etc/hosts is a mount, which nothing can be renamed over. */
const script = (names: boolean) => `#!/bin/sh
# Keeps the lines of ${paths.hosts} in /etc/hosts, between two marks.  hosts.sh add | ${names ? "keep | " : ""}refresh | remove
set -eu

begin='# begin slipway'
end='# end slipway'

without_ours() {
    awk -v begin="$begin" -v end="$end" '$0 == begin { ours = 1 } !ours { print } $0 == end { ours = 0 }' /etc/hosts
}
${
    names
        ? lookUp
        : `
lines() {
    cat ${paths.hosts}
}
`
}
write() {
    if [ "$1" != "$(cat /etc/hosts)" ]; then
        printf '%s\\n' "$1" >/etc/hosts
    fi
}

add() {
    write "$(printf '%s\\n%s\\n%s\\n%s' "$(without_ours)" "$begin" "$(lines)" "$end")"
}

# A restart stops the unit first, and whoever asks in between would be told that there is no such name.
is_restarted() {
    systemctl list-jobs --no-legend | awk '$2 == "${unit}" && $3 == "restart" { found = 1 } END { exit !found }'
}

case $1 in
    add) add ;;${
        names
            ? `
    keep)
        while :; do
            add
            sleep 10
        done
        ;;`
            : ""
    }
    refresh) ! grep -qxF "$begin" /etc/hosts || add ;;
    remove) is_restarted || write "$(without_ours)" ;;
esac
`;

/**
 * Whom the API's name means on a node, in the order in which clients try them (Go takes the next one when a connection is
 * refused): a control plane asks itself first, so that it needs no other one. A balancer that has a name may change its
 * address at any time, so the name is looked up again and again; where the name is the API's own, DNS knows it anyway.
 */
function placesOfApi(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): string[] {
    const all = controlPlanes(nodes);
    if (isControlPlane(node)) {
        return [node, ...all.filter(({ name }) => name !== node.name)].map(({ address }) => address);
    }
    const { virtualAddress, loadBalancer } = cluster.api;
    switch (wayToApi(cluster, nodes)) {
        case "direct":
            return all.map(({ address }) => address);
        case "local":
            return ["127.0.0.1"];
        case "virtual":
            return [virtualAddress!];
        case "balancer":
            return loadBalancer === clusterEndpoint(cluster).host ? [] : [loadBalancer!];
    }
}

/** The API's name on a node without DNS for it: lines in /etc/hosts that come back after a reboot. */
export function hosts(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment {
    const { host } = clusterEndpoint(cluster);
    const places = placesOfApi(node, cluster, nodes);
    if (places.length === 0) {
        return [];
    }
    const isName = places.some((place) => /[^\d.]/.test(place));
    // The name means the proxy when the proxy is there, and no longer before the proxy goes.
    const proxy = !isControlPlane(node) && wayToApi(cluster, nodes) === "local" ? apiProxyUnit : undefined;
    const content = unitText({
        Unit: {
            Description: "Names of the Kubernetes API in /etc/hosts",
            // cloud-init may write /etc/hosts anew at boot.
            After: ["local-fs.target", "cloud-init.service", ...(proxy ? [proxy] : [])].join(" "),
            ...(proxy ? { Wants: proxy } : {}),
            Before: "kubelet.service kube-proxy.service",
            ...(isName ? neverGiveUp : {}),
        },
        Service: {
            ...(isName ? {} : { Type: "oneshot", RemainAfterExit: "yes" }),
            ExecStart: `/bin/sh ${paths.hostsScript} ${isName ? "keep" : "add"}`,
            ExecStop: `/bin/sh ${paths.hostsScript} remove`,
            ...(isName ? respawn : {}),
        },
    });
    return [
        { kind: "file", path: paths.hosts, content: places.map((place) => `${place} ${host}\n`).join("") },
        { kind: "file", path: paths.hostsScript, mode: "0755", content: script(isName) },
        {
            kind: "unit",
            name: unit,
            state: isName ? "active" : "oneshot",
            content,
            after: [paths.hosts, paths.hostsScript],
        },
    ];
}
