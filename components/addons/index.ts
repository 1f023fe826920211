export * from "./addons";
export * from "./coredns";
export * from "./flannel";
