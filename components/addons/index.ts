export * from "./coredns";
export * from "./flannel";
