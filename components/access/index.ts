export * from "./provider";
export * from "./rbac";
export * from "./viewer";
