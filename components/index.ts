/** What another Pulumi program imports: `new Cluster("hex", {…})`. */
export * from "./cluster";
export { Settings, ClusterSettings, NodeSettings } from "./config/schema";
export * from "./inventory";
export * from "./node";
export * from "./controlplane";
export * from "./addons";
export * from "./workloads";
