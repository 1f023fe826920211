import { createHash } from "node:crypto";

import { ClusterSettings } from "../components/config/schema";
import { validate } from "../components/config/validate";
import { NodeSpec, nodesOf } from "../components/inventory";
import { Digests } from "../components/render/artifacts";
import { artifacts, images } from "../mirror/catalogue";

/** A cluster of boards as a configuration would describe it: node 1 is a control plane and takes pods. */
export function boards(
    cluster: object = {},
    roles: readonly (readonly string[])[] = [["control-plane", "worker"], ["worker"]],
) {
    const nodes = roles.map((own, index) => ({
        name: `hex-n${index + 1}`,
        address: `192.168.10.${11 + index}`,
        roles: own,
    }));
    const result = validate({ cluster: { name: "hex", ssh: { user: "bb" }, ...cluster }, nodes });
    if ("problems" in result) {
        throw new Error(result.problems.join("\n"));
    }
    return { cluster: result.settings.cluster, nodes: nodesOf(result.settings.cluster, result.settings.nodes) };
}

export interface Example {
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
}

/** Digests of a mirror that holds everything for both architectures: made of the paths, so that they never change. */
export function exampleDigests({ cluster }: Example): Digests {
    const items = [...Object.values(artifacts(cluster.versions)), ...Object.values(images(cluster.versions))];
    const paths = items.flatMap((item) => [item.path("amd64"), item.path("arm64")]);
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    return { files: Object.fromEntries(paths.map((path) => [path, { sha256: digest(path) }])) };
}
