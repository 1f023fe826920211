export * from "./load";
export * from "./schema";
export * from "./validate";
export * from "./versions";
