export * from "./agents";
export * from "./preparedNode";
export * from "./steps";
export * from "./turns";
