/** What another Pulumi program imports: `new Cluster("hex", {…})`. */
export * from "./cluster";
export { Settings, ClusterSettings, NodeSettings } from "./config/schema";
export { validate } from "./config/validate";
export { probeNodes, NodeReport } from "./remote";
export { loadDigests } from "../mirror/digests";
export * from "./inventory";
export * from "./node";
export * from "./controlplane";
export * from "./addons";
export * from "./workloads";
