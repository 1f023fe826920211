import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { controlPlanes, isControlPlane, NodeSpec } from "../inventory";
import { NodeReport } from "../remote";
import { skewProblems } from "./skew";
import { canBeAsked } from "./steps";

type Reports = Readonly<Record<string, NodeReport>>;

/** What a cluster is built with once and for all, as each machine remembers it. */
export function fixedSettings({ domain, network, api }: FixedSettings): Record<string, string> {
    const { podCidr, serviceCidr } = network;
    return { domain, podCidr, serviceCidr, apiPort: String(api.port) };
}

type FixedSettings = Pick<ClusterSettings, "domain" | "network" | "api">;

const reasons: Record<string, string> = {
    domain: "it stands in the API server's certificates and in the DNS settings of every running pod",
    podCidr: "every node and every running pod has an address of it",
    serviceCidr: "the services, and the API's own address in its certificates, are in it",
    apiPort: "each kubelet keeps the API's address that it joined by, and couldn't reach it any more",
};

const places: Record<string, string> = {
    domain: "cluster.domain",
    podCidr: "cluster.network.podCidr",
    serviceCidr: "cluster.network.serviceCidr",
    apiPort: "cluster.api.port",
};

/** @throws pulumi.RunError with every problem that `livingProblems` finds and with `others`, before anything is touched */
export function refuseUnchangeable(
    cluster: ClusterSettings,
    nodes: readonly NodeSpec[],
    reports: Reports,
    others: readonly string[] = [],
): void {
    const problems = [...livingProblems(cluster, nodes, reports), ...others];
    if (problems.length > 0) {
        const lines = problems.map((problem) => `  - ${problem}`).join("\n");
        throw new pulumi.RunError(`The configuration asks for what can't be; nothing was touched.\n${lines}`);
    }
}

/**
 * What the configuration asks of machines that are part of a living cluster and that can't be had: every problem at
 * once, each with its reason and the way out. Pure; machines that gave no answer are taken at the configuration's word.
 */
export function livingProblems(
    cluster: FixedSettings & Pick<ClusterSettings, "name" | "versions">,
    nodes: readonly NodeSpec[],
    reports: Reports,
): string[] {
    const living = nodes.flatMap((node) => {
        const report = reports[node.name];
        return report?.known && canBeAsked(report) ? [{ node, report }] : [];
    });
    const members = living.filter(({ report }) => report.joined);
    return [
        ...living.flatMap(({ node, report }) => identityProblems(cluster.name, node, report)),
        ...changedSettings(fixedSettings(cluster), members),
        ...controlPlaneProblems(nodes, reports, members),
        ...skewProblems(
            cluster.versions,
            members.map(({ node: { name }, report }) => ({
                name,
                controlPlane: report.kinds["control-plane"] !== undefined,
                versions: report.versions,
            })),
            controlPlanes(nodes)
                .filter(({ name, lost }) => !lost && !canBeAsked(reports[name]))
                .map(({ name }) => name),
        ),
    ];
}

interface Living {
    readonly node: NodeSpec;
    readonly report: NodeReport;
}

function identityProblems(cluster: string, { name }: NodeSpec, report: NodeReport): string[] {
    const owner = report.owner?.split(":")[0] ?? cluster;
    if (owner !== cluster) {
        return [
            `${name} belongs to the cluster ${owner}, not to ${cluster}. A cluster can't be renamed: give it its old name ` +
                `again. A machine of another cluster is taken out there first, or reset by ` +
                `\`sudo sh /var/lib/slipway/kit/current/step base remove\`, which stops whatever runs on it.`,
        ];
    }
    const built = report.node ?? name;
    return built === name
        ? []
        : [
              `${name} is a machine that was built as the node ${built}. A node can't be renamed, for its certificates and ` +
                  `its Node object carry the name: take ${built} out of the configuration and run \`up\`, which drains ` +
                  `and cleans it; then add it as ${name}.`,
          ];
}

function changedSettings(wanted: Record<string, string>, members: readonly Living[]): string[] {
    return Object.entries(wanted).flatMap(([key, value]) => {
        const other = members.find(({ report }) => (report.fixed?.[key] ?? value) !== value);
        return other
            ? [
                  `${places[key]} can't become ${value} on a living cluster: ${other.node.name} was built with ` +
                      `${other.report.fixed?.[key]}, and ${reasons[key]}. Set it back; or build a new cluster beside this ` +
                      `one and move the workloads; or destroy this one and build it anew.`,
              ]
            : [];
    });
}

/**
 * Control planes come and go one after the other, but one that holds etcd's data has to stay until others have joined it:
 * those that come would found a cluster without data beside it.
 */
function controlPlaneProblems(nodes: readonly NodeSpec[], reports: Reports, members: readonly Living[]): string[] {
    const isBuilt = ({ name }: NodeSpec) => reports[name]?.kinds["control-plane"] !== undefined;
    const wanted = controlPlanes(nodes);
    // Of one that gives no answer its state is known to the others only, and the kit asks them.
    const stays = wanted.some((node) => isBuilt(node) || !canBeAsked(reports[node.name]));
    if (members.length === 0 || stays) {
        return [];
    }
    const names = (some: readonly NodeSpec[]) => some.map(({ name }) => name).join(", ");
    const leaving = nodes.filter((node) => !isControlPlane(node) && isBuilt(node));
    return [
        leaving.length > 0
            ? `${names(leaving)} ${leaving.length === 1 ? "holds" : "hold"} the cluster's etcd, and of ${names(wanted)} none does: ` +
              `give the role to both until they have joined (an odd number of control planes), then take it away in another \`up\`.`
            : `None of the control planes ${names(wanted)} holds the living cluster's etcd. Keep the one that does in the ` +
              `configuration until others have joined it; where its data is gone, docs/recovering.md tells the way back.`,
    ];
}
