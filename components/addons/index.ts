export * from "./addons";
export * from "./coredns";
export * from "./flannel";
export * from "./localPath";
export * from "./metallb/metallb";
export * from "./metricsServer";
export * from "./monitoring/monitoring";
export { removalProblems } from "./removal";
