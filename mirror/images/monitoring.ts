import type { Architecture } from "../../components/inventory/node";
import { goImage } from "./goImage";
import type { Recipe } from "./recipe";

/** The user that upstream's images run as: nobody. */
const nobody = "65534:65534";

/** Where the programs of the Prometheus project keep their version. */
const versionVariable = "github.com/prometheus/common/version.Version";

/**
 * The Prometheus server. Its web page is made of npm packages that don't come with the Go module: the image has the
 * server with its API, and no page of its own; promtool is left out. Of service discovery it has Kubernetes, DNS, HTTP
 * and files, not the clouds.
 */
export function prometheus(version: string, arch: Architecture): Recipe {
    const module = "github.com/prometheus/prometheus";
    const config = "global:\n  scrape_interval: 15s\n";
    return goImage(
        {
            source: `https://github.com/prometheus/prometheus/tree/v${version}`,
            build: {
                require: { [module]: `v${moduleVersion(version)}` },
                packages: [`${module}/cmd/prometheus`],
                // The libraries of two dozen clouds would be most of the build.
                tags: ["remove_all_sd", "enable_kubernetes_sd", "enable_dns_sd"],
                variables: { [versionVariable]: version },
            },
            commands: { prometheus: "usr/bin/prometheus" },
            config: {
                Entrypoint: ["/bin/prometheus"],
                Cmd: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
                User: nobody,
                WorkingDir: "/prometheus",
                ExposedPorts: { "9090/tcp": {} },
            },
            shell: true,
            entries: [
                { path: "etc/prometheus/prometheus.yml", type: "file", content: Buffer.from(config) },
                { path: "prometheus", type: "directory", mode: 0o775, uid: 65534, gid: 65534 },
            ],
        },
        arch,
    );
}

/** Prometheus 3.15.0 is published as module v0.315.0: https://github.com/prometheus/prometheus#prometheus-code-base */
function moduleVersion(version: string): string {
    const [major, minor, patch] = version.split(".").map(Number);
    return `0.${major * 100 + minor}.${patch}`;
}

/** node_exporter, for the figures of a node. */
export function nodeExporter(version: string, arch: Architecture): Recipe {
    const module = "github.com/prometheus/node_exporter";
    return goImage(
        {
            source: `https://github.com/prometheus/node_exporter/tree/v${version}`,
            build: {
                require: { [module]: `v${version}` },
                packages: [module],
                variables: { [versionVariable]: version },
            },
            commands: { node_exporter: "usr/bin/node_exporter" },
            config: { Entrypoint: ["/bin/node_exporter"], User: nobody, ExposedPorts: { "9100/tcp": {} } },
            shell: true,
        },
        arch,
    );
}
