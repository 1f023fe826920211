import { X509Certificate } from "node:crypto";

import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import type { FileEntry, Fragment } from "./entries";
import { digestOf } from "./manifest";
import { containerdRegistries, dockerRegistries } from "./registries";
import { runtimeOf } from "./runtime";

/**
 * How a node reaches what is outside: through which proxies, trusting whom, which registries. Given to the base, which needs it to fetch
 * anything, and to the activation, where the runtime may restart for it.
 */
export function outside(node: NodeSpec, cluster: ClusterSettings): FileEntry[] {
    const registries = runtimeOf(node).units.includes("docker.service") ? dockerRegistries : containerdRegistries;
    return [...cluster.authorities.flatMap(authorityFiles), ...proxyFiles(node, cluster), ...registries(cluster)];
}

/** A runtime's part of a step, with the unit that pulls images restarting for what `outside` says. */
export function restartedByOutside(fragment: Fragment, node: NodeSpec, cluster: ClusterSettings): Fragment {
    const [puller] = runtimeOf(node).units;
    const causes = outside(node, cluster)
        .map(({ path }) => path)
        .filter((path) => path.startsWith(trusted) || path.startsWith("/etc/systemd/"));
    return causes.length === 0
        ? fragment
        : fragment.map((entry) =>
              entry.kind === "unit" && entry.name === puller
                  ? { ...entry, after: [...(entry.after ?? []), ...causes] }
                  : entry,
          );
}

/** What update-ca-certificates(8) reads; the kit runs it when a file here comes, changes or goes. */
const trusted = "/usr/local/share/ca-certificates/";

/** One file for each certificate: a file of several is read in part only. */
function authorityFiles(pem: string): FileEntry[] {
    return certificatesIn(pem).map((certificate) => {
        const content = new X509Certificate(certificate).toString();
        return { kind: "file", path: `${trusted}slipway-${digestOf(content)}.crt`, content };
    });
}

/** The certificates of a PEM text. */
export function certificatesIn(pem: string): string[] {
    return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function proxyFiles(node: NodeSpec, cluster: ClusterSettings): FileEntry[] {
    const { http, https } = cluster.proxies;
    if (http === undefined && https === undefined) {
        return [];
    }
    const direct = askedDirectly(node, cluster);
    const variables = Object.entries({ HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: direct.join(",") });
    const given = variables.filter(([, value]) => value !== undefined);
    const [puller] = runtimeOf(node).units;
    return [
        { kind: "file", path: "/etc/apt/apt.conf.d/90slipway-proxies", content: aptSettings(cluster, direct) },
        {
            kind: "file",
            path: `/etc/systemd/system/${puller}.d/slipway-proxies.conf`,
            content: `[Service]\n${given.map(([name, value]) => `Environment=${name}=${value}\n`).join("")}`,
        },
        {
            kind: "file",
            path: paths.proxies,
            // curl and wget read them in lower case; in upper case curl leaves HTTP_PROXY out.
            content: given.map(([name, value]) => `${name.toLowerCase()}=${value}\n`).join(""),
        },
    ];
}

/**
 * What no proxy is asked for: this machine, the cluster's networks and names, and a mirror of the operator's own. Other
 * nodes are none of it, since nothing of this talks to them, and a node that comes would restart the runtime of all.
 */
function askedDirectly(node: NodeSpec, { proxies, domain, network }: ClusterSettings): string[] {
    const mirror = /^https?:\/\/([^/:]+)/.exec(node.source)?.[1];
    const { podCidr, serviceCidr } = network;
    const own = ["localhost", "127.0.0.1", node.address, domain, `.${domain}`, ".svc", podCidr, serviceCidr];
    return [...new Set([...own, ...(mirror === undefined ? [] : [mirror]), ...proxies.no])];
}

/** apt knows hosts alone, no domains and no networks. */
function aptSettings({ proxies: { http, https } }: ClusterSettings, direct: readonly string[]): string {
    const hosts = direct.filter((each) => !/^\.|[/*]/.test(each));
    const lines = Object.entries({ http, https }).flatMap(([scheme, url]) =>
        url === undefined
            ? []
            : [
                  `Acquire::${scheme}::Proxy "${url}";`,
                  ...hosts.map((host) => `Acquire::${scheme}::Proxy::${host} "DIRECT";`),
              ],
    );
    return lines.map((line) => `${line}\n`).join("");
}
