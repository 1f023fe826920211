import { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { findRoot } from "./root";
import { run } from "./ssh";

/** An API that somebody asked for since an API server started, and that a later release doesn't have. */
export interface RemovedApi {
    /** "flowschemas.v1beta3.flowcontrol.apiserver.k8s.io" */
    readonly name: string;
    /** The minor version without it: "1.32". */
    readonly release: string;
}

const metric = "apiserver_requested_deprecated_apis";
const command =
    `${findRoot}; $root ${paths.kubernetes}/kubectl --kubeconfig ${paths.adminKubeconfig} ` +
    `--request-timeout=5s get --raw /metrics | grep '^${metric}{' || true`;

/**
 * Asks control planes which APIs are in use that some later release doesn't have: each API server counts what it was asked
 * for since it started. Never throws; one that gives no answer knows nothing.
 * https://kubernetes.io/docs/reference/instrumentation/metrics/
 */
export async function askRemovedApis(controlPlanes: readonly NodeSpec[], timeout = 8000): Promise<RemovedApi[]> {
    const answers = await Promise.all(
        controlPlanes.map(({ ssh }) => run(ssh, command, { timeout }).catch(() => undefined)),
    );
    const all = answers.flatMap((answer) => parseRemovedApis(answer?.stdout ?? ""));
    return [...new Map(all.map((api) => [api.name, api])).values()];
}

/** Reads lines of the API server's metrics. */
export function parseRemovedApis(text: string): RemovedApi[] {
    return text.split("\n").flatMap((line) => {
        const labels = Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
        const { group, version, resource, subresource, removed_release: release } = labels;
        if (!line.startsWith(`${metric}{`) || !release || !resource) return [];
        const name = [subresource ? `${resource}/${subresource}` : resource, version, group].filter(Boolean).join(".");
        return [{ name, release }];
    });
}
