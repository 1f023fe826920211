export * from "./agents";
export * from "./living";
export * from "./member";
export * from "./preparedNode";
export * from "./removedApis";
export * from "./steps";
export * from "./turns";
