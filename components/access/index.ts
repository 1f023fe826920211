export * from "./provider";
export * from "./rbac";
