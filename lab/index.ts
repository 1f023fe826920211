import { ClusterSettings } from "../components/config/schema";
import { NodeSpec } from "../components/inventory";
import { parseLab } from "./config";
import { labFolder, loadFacts } from "./facts";
import { LabArgs } from "./lab";
import { labNodes } from "./nodes";

export { Lab, LabArgs } from "./lab";

/** Reads `slipway:lab` and what was prepared for it. Nothing is made here. */
export function loadLab(raw: unknown, places: { readonly dataFolder: string; readonly mirror: string }): LabArgs {
    const config = parseLab(raw);
    const { facts, keys } = loadFacts(labFolder(places.dataFolder, config.name));
    const nodes: NodeSpec[] = labNodes(config, facts, keys);
    return { config, facts, keys, nodes, mirror: places.mirror };
}

/** The operator reaches a lab's API on a port of the loopback address, also where containers' addresses don't answer. */
export function labCluster(cluster: ClusterSettings, lab: LabArgs): ClusterSettings {
    return { ...cluster, api: { ...cluster.api, operator: { host: "127.0.0.1", port: lab.config.apiPort } } };
}
