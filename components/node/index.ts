export * from "./agents";
export * from "./preparedNode";
export * from "./steps";
