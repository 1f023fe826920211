export * from "./nodeLabels";
export * from "./provider";
export * from "./rbac";
