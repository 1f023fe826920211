export * from "./certificates";
export * from "./pki";
